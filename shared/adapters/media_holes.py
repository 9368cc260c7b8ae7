"""Whether there is a hole in the pictures: a stretch of nothing but zeros, as a download leaves it that reserves the whole file
first and fills it in no order.

In H.264 and H.265 three zero bytes never follow one another inside a frame (ITU-T H.264, 7.4.1; H.265, 7.4.2), so there a hole
is certain. Other codecs promise nothing of the kind.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from shared.adapters.media_bytes import read_at

LEAST_HOLE = 1024  # bytes; the smallest block of any file system that leaves holes has more
LEAST_PLACE = 16  # bytes; a frame of fewer says nothing
PIECE = 1 << 20
MOST = 4 << 30  # bytes; of longer footage so much is looked at, evenly spread
CERTAIN = frozenset({b"avc1", b"avc2", b"avc3", b"avc4", b"hvc1", b"hev1", b"hvc2", b"hev2"})


def hole(stream: BinaryIO, places: Sequence[tuple[int, int]], most: int = MOST) -> int | None:
    """Where the first hole in these places begins, about; None when there is none. Reads all of them, up to `most` bytes."""
    every = max(1, -(-sum(end - start for start, end in places) // most))
    for number, (start, end) in enumerate(_pieces(places)):
        if number % every == 0 and end - start >= LEAST_PLACE:
            zeros = bytes(min(LEAST_HOLE, end - start))
            if (at := read_at(stream, start, end - start).find(zeros)) >= 0:
                return start + at
    return None


def _pieces(places: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The places in pieces that overlap by a hole, so that none lies across their edges unseen."""
    for start, end in places:
        for at in range(start, end, PIECE):
            yield at, min(at + PIECE + LEAST_HOLE, end)
