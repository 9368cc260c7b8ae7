"""Whether bytes are whole media, judged by the container alone and never by a name or by what a web server said.

`check` reads box heads, marks and sync bytes, a few at a time, whatever the size of the file. It finds what was cut off
and what never was media; it does not decode, so damage inside a frame stays unseen. What carries no mark of its end is
UNVERIFIED rather than COMPLETE.
"""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from shared.domain.job import Verdict
from shared.errors import Refused
from shared.ports import MediaFacts

HEAD = 512  # bytes; nothing that we do not know by its first ones is believed to be media below this size
TAIL = 4096  # bytes; how far before the end of a JPEG its end mark is looked for, as some cameras pad
MOST_BOXES = 400_000  # a day in fragments of a second has less than half of it
MOST_SEGMENTS = 10_000  # before the first scan of a JPEG
PACKET = 188  # bytes of an MPEG transport stream packet (ISO/IEC 13818-1)
SYNC = 0x47
NOT_IN_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
MP4_WITHOUT_ITS_FIRST_BOX = (b"moov", b"mdat", b"moof", b"styp")


def check(stream: BinaryIO) -> MediaFacts:
    """What these bytes are; `stream` must be seekable.

    Refused `not-media` (empty, a page, text), `truncated` (the end is missing) or `damaged` (the container contradicts
    itself).
    """
    size = stream.seek(0, os.SEEK_END)
    head = _read_at(stream, 0, HEAD)
    if head[4:8] == b"ftyp":
        return _mp4(stream, size)
    if head[4:8] in MP4_WITHOUT_ITS_FIRST_BOX:
        raise Refused("damaged", "an MP4 that does not begin with its ftyp box")
    if head.startswith(b"\xff\xd8\xff"):
        return _jpeg(stream, size)
    if not head.strip(b"\0"):
        raise Refused("not-media", "empty, or begins with nothing but zeros")
    if NOT_IN_TEXT.search(head) is None:
        raise Refused("not-media", "a page or a text")
    if [*head[::PACKET]] == [SYNC] * 3:
        return _transport_stream(stream, size)
    return _unknown(size)


def _read_at(stream: BinaryIO, offset: int, length: int) -> bytes:
    stream.seek(offset)
    return stream.read(length)


def _unknown(size: int) -> MediaFacts:
    if size < HEAD:
        raise Refused("not-media", f"{size} bytes of no known kind")
    return MediaFacts("application/octet-stream", "bin", Verdict.UNVERIFIED, None)


# -- JPEG --------------------------------------------------------------------------------------------------------------


def _jpeg(stream: BinaryIO, size: int) -> MediaFacts:
    scan = _first_scan(stream, size)
    tail = _read_at(stream, max(scan, size - TAIL), TAIL).rstrip(b"\0\r\n")
    if not tail.endswith(b"\xff\xd9"):
        raise Refused("truncated", "a JPEG without its end mark")
    return MediaFacts("image/jpeg", "jpg", Verdict.COMPLETE, None)


def _first_scan(stream: BinaryIO, size: int) -> int:
    """Where the first scan begins. The segments before it may hold a thumbnail, whose end mark is not the picture's."""
    offset = 2
    for _ in range(MOST_SEGMENTS):
        segment = _read_at(stream, offset, 4)
        length = int.from_bytes(segment[2:])
        if len(segment) == 4 and (segment[0] != 0xFF or length < 2):
            raise Refused("damaged", "a JPEG whose segments do not follow one another")
        if len(segment) < 4 or offset + 2 + length > size:
            raise Refused("truncated", "a JPEG that ends before its picture begins")
        offset += 2 + length
        if segment[1] == 0xDA:
            return offset
    raise Refused("damaged", "a JPEG of nothing but segments")


# -- MPEG transport stream ---------------------------------------------------------------------------------------------


def _transport_stream(stream: BinaryIO, size: int) -> MediaFacts:
    """Whole packets from first to last; the stream has no end mark, so more is not to be known."""
    if size % PACKET:
        raise Refused("truncated", "a transport stream that ends inside a packet")
    stream.seek(0)
    while packets := stream.read(PACKET * 1024):
        if packets[::PACKET].count(SYNC) * PACKET != len(packets):
            raise Refused("damaged", "a transport stream that loses its sync")
    return MediaFacts("video/mp2t", "ts", Verdict.UNVERIFIED, None)


# -- MP4 (ISO/IEC 14496-12) --------------------------------------------------------------------------------------------


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
        return _read_at(self._stream, box.start, min(length, box.end - box.start))

    def _box(self, start: int, end: int) -> _Box:
        self._left -= 1
        if self._left < 0:
            raise Refused("damaged", "an MP4 of too many boxes")
        head = _read_at(self._stream, start, min(16, end - start))
        size, kind, length = int.from_bytes(head[:4]), head[4:8], 8
        if size == 1:
            size, length = int.from_bytes(head[8:16]), 16
        if len(head) < length or start + size > end:
            raise Refused("truncated", f"an MP4 that ends inside a box, at byte {end}")
        if 0 < size < length or b"\0" in kind:
            raise Refused("damaged", f"an MP4 with an impossible box, at byte {start}")
        return _Box(kind, start + length, start + size if size else end, open_end=size == 0)


def _mp4(stream: BinaryIO, size: int) -> MediaFacts:
    boxes = _Boxes(stream)
    movies: list[_Box] = []
    media, fragments, last = 0, 0, None
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
