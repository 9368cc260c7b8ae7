"""Whether an MP4 (ISO/IEC 14496-12) is whole, and how long it lasts, by the heads of its boxes and nothing else."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from shared.adapters.media_bytes import read_at
from shared.domain.job import Verdict
from shared.errors import Refused
from shared.ports import MediaFacts

MOST_BOXES = 400_000  # a day in fragments of a second has less than half of it
WITHOUT_ITS_FIRST_BOX = (b"moov", b"mdat", b"moof", b"styp")


def is_mp4(head: bytes) -> bool:
    """Whether bytes that begin so are, or were, an MP4."""
    return head[4:8] == b"ftyp" or head[4:8] in WITHOUT_ITS_FIRST_BOX


def mp4(stream: BinaryIO, size: int) -> MediaFacts:
    """What an MP4 is. COMPLETE only when its end is marked."""
    boxes = _Boxes(stream)
    movies: list[_Box] = []
    media, fragments, last = 0, 0, None
    if read_at(stream, 4, 4) != b"ftyp":
        raise Refused("damaged", "an MP4 that does not begin with its ftyp box")
    for last in boxes.within(0, size):
        if last.kind == b"moov":
            movies.append(last)
        media += last.end - last.start if last.kind == b"mdat" else 0
        fragments += last.kind == b"moof"
    if not movies or not media or last is None:
        raise Refused("truncated", "an MP4 without its " + ("media" if movies else "index"))
    if len(movies) > 1:
        raise Refused("damaged", "an MP4 with more than one index")
    duration = _duration(boxes, movies)
    # Fragments, and a last box of no stated size, may end anywhere; only an index of the fragments marks the end.
    closed = last.kind == b"mfra" if fragments else not last.open_end
    return MediaFacts("video/mp4", "mp4", Verdict.COMPLETE if closed else Verdict.UNVERIFIED, duration)


@dataclass(frozen=True, slots=True)
class _Box:
    """A box; [start, end) is what lies in it. `open_end`: its head says "to the end of the file"."""

    kind: bytes
    start: int
    end: int
    open_end: bool


class _Boxes:
    """Walks boxes, and counts them all, so that hostile ones come to an end."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._left = MOST_BOXES

    def within(self, start: int, end: int) -> Iterator[_Box]:
        """The boxes that fill [start, end) exactly. Refused when they do not."""
        while start < end:
            box = self._box(start, end)
            yield box
            start = box.end

    def inside(self, parents: Iterable[_Box], kind: bytes) -> Iterator[_Box]:
        """The boxes of a kind that lie directly in any of these."""
        return (
            box for parent in parents for box in self.within(parent.start, parent.end) if box.kind == kind
        )

    def payload(self, box: _Box, length: int) -> bytes:
        """The first bytes of what lies in a box."""
        return read_at(self._stream, box.start, min(length, box.end - box.start))

    def _box(self, start: int, end: int) -> _Box:
        self._left -= 1
        if self._left < 0:
            raise Refused("damaged", "an MP4 of too many boxes")
        head = read_at(self._stream, start, min(16, end - start))
        size, kind, length = int.from_bytes(head[:4]), head[4:8], 8
        if size == 1:
            size, length = int.from_bytes(head[8:16]), 16
        if len(head) < length or start + size > end:
            raise Refused("truncated", f"an MP4 that ends inside a box, at byte {end}")
        if 0 < size < length or b"\0" in kind:
            raise Refused("damaged", f"an MP4 with an impossible box, at byte {start}")
        return _Box(kind, start + length, start + size if size else end, open_end=size == 0)


def _duration(boxes: _Boxes, movies: list[_Box]) -> float | None:
    """Seconds: what the movie says, else the fragments' head, else the longest track; None when nobody says."""
    movie = next(boxes.inside(movies, b"mvhd"), None)
    tracks = [*boxes.inside(movies, b"trak")]
    if movie is None or not tracks:
        raise Refused("damaged", "an MP4 whose index names no tracks")
    scale, length = _header(boxes.payload(movie, 32))
    extended = boxes.inside(boxes.inside(movies, b"mvex"), b"mehd")
    length = length or max((_extended(boxes.payload(box, 12)) for box in extended), default=0)
    if scale and length:
        return length / scale
    headers = boxes.inside(boxes.inside(tracks, b"mdia"), b"mdhd")
    known = [
        length / scale for scale, length in (_header(boxes.payload(box, 32)) for box in headers) if scale
    ]
    return max(known, default=0) or None


def _header(payload: bytes) -> tuple[int, int]:
    """The timescale and the duration of an mvhd or mdhd, version 0 or 1; 0 for what is unknown."""
    wide = payload[:1] == b"\x01"
    scale, length = (payload[20:24], payload[24:32]) if wide else (payload[12:16], payload[16:20])
    if len(length) != (8 if wide else 4):
        raise Refused("damaged", "an MP4 with too short a header")
    return int.from_bytes(scale), _known(length)


def _extended(payload: bytes) -> int:
    """The duration of an mehd, in the movie's timescale; 0 for unknown."""
    return _known(payload[4:12] if payload[:1] == b"\x01" else payload[4:8])


def _known(length: bytes) -> int:
    """All ones is how a header says that it does not know."""
    return 0 if length.strip(b"\xff") == b"" else int.from_bytes(length)
