"""The boxes of an MP4 (ISO/IEC 14496-12, 4.2): one after the other, none entered unasked, so that nesting costs nothing."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

from shared.adapters.media_bytes import read_at
from shared.errors import Refused

MOST_BOXES = 500_000  # half an hour in fragments of a single frame has less
IN_KINDS = bytes([*range(0x20, 0x7F), 0xA9])  # what kinds are spelled with; the last one is an old ©
MOST_TABLE = 16_000_000  # bytes; 44 hours of 25 frames a second


class Box(NamedTuple):
    """A box that begins at `head`; [start, end) is what lies in it. `open_end`: it says "to the end of the file"."""

    kind: bytes
    head: int
    start: int
    end: int
    open_end: bool


class NoBox(Refused):
    """What stands there is no box and never was one; a box that was cut off is a plain Refused `truncated`."""


class Boxes:
    """Walks boxes, and counts them all, so that hostile ones come to an end."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._left = MOST_BOXES

    def within(self, start: int, end: int) -> Iterator[Box]:
        """The boxes that fill [start, end) exactly. Refused when they do not."""
        while start < end:
            box = self._box(start, end)
            yield box
            start = box.end

    def inside(self, parents: Iterable[Box], kind: bytes) -> Iterator[Box]:
        """The boxes of a kind that lie directly in any of these."""
        return (
            box for parent in parents for box in self.within(parent.start, parent.end) if box.kind == kind
        )

    def children(self, parent: Box) -> dict[bytes, Box]:
        """What lies directly in a box, by its kind; the first of each."""
        found: dict[bytes, Box] = {}
        for box in self.within(parent.start, parent.end):
            found.setdefault(box.kind, box)
        return found

    def payload(self, box: Box, length: int = MOST_TABLE) -> bytes:
        """The first bytes of what lies in a box."""
        return read_at(self._stream, box.start, min(length, box.end - box.start))

    def _box(self, start: int, end: int) -> Box:
        self._left -= 1
        if self._left < 0:
            raise Refused("damaged", "an MP4 of too many boxes")
        head = read_at(self._stream, start, min(16, end - start))
        size, kind, length = int.from_bytes(head[:4]), head[4:8], 8
        if len(head) >= 8 and (1 < size < 8 or kind.strip(IN_KINDS)):
            raise NoBox("damaged", f"an MP4 with something that is no box, at byte {start}")
        if size == 1:
            size, length = int.from_bytes(head[8:16]), 16
        if len(head) < length or start + size > end:
            raise Refused("truncated", f"an MP4 that ends inside a box, at byte {end}")
        if 0 < size < length:
            raise NoBox("damaged", f"an MP4 with an impossible box, at byte {start}")
        return Box(kind, start, start + length, start + size if size else end, open_end=size == 0)
