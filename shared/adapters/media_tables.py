"""What the index of an MP4 says about the frames of a track (ISO/IEC 14496-12, 8.5 to 8.7): how many, how long, and where.

The tables are counted against one another. Nothing of the media is read.
"""

import sys
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from shared.adapters.media_boxes import MOST_TABLE, Box, Boxes
from shared.errors import Refused


@dataclass(slots=True)
class Track:
    """A track: its handler (`vide`, `soun`), the codes of its codecs, ticks a second, and what its tables sum up to.

    `places`: the stretches of the file in which its frames lie, as [start, end). `began`: where its fragments count from.
    """

    handler: bytes
    codecs: frozenset[bytes]
    scale: int
    frames: int = 0
    ticks: int = 0
    began: int | None = None
    places: list[tuple[int, int]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """How long the frames that are listed last; 0 when nobody can say."""
        return self.ticks / self.scale if self.scale else 0.0

    @property
    def video(self) -> bool:
        """Whether it is pictures that move."""
        return self.handler == b"vide"

    def reaches(self, ticks: int, before: int) -> None:
        """A fragment, whose frames are counted, says that it begins at this time; `before`: the ticks of all before it.

        Its rows may not say how long they last, so that only where the next one begins tells.
        """
        added = self.ticks - before
        self.began = ticks - before if self.began is None else self.began
        self.ticks = max(self.ticks, ticks + added - self.began)

    def at(self, start: int, length: int) -> None:
        """Some of its frames lie there. What follows at once is the same place, so that there are few of them."""
        if self.places and self.places[-1][1] == start:
            self.places[-1] = self.places[-1][0], start + length
        elif length:
            self.places.append((start, start + length))


def tracks(boxes: Boxes, movies: list[Box]) -> dict[int, Track]:
    """The tracks of a `moov`, by their id. Refused `damaged` when its tables contradict one another."""
    found: dict[int, Track] = {}
    for trak in boxes.inside(movies, b"trak"):
        parts = boxes.children(trak)
        media = boxes.children(_needed(parts, b"mdia"))
        header = boxes.payload(_needed(parts, b"tkhd"), 24)
        number = int.from_bytes(header[20:24] if header[:1] == b"\x01" else header[12:16])
        found[number] = _track(boxes, media)
    if not found:
        raise Refused("damaged", "an MP4 whose index names no tracks")
    return found


def lasting(header: bytes) -> tuple[int, int]:
    """The timescale and the duration of an mvhd or mdhd, version 0 or 1; 0 for what is unknown."""
    wide = header[:1] == b"\x01"
    scale, length = (header[20:24], header[24:32]) if wide else (header[12:16], header[16:20])
    if len(length) != (8 if wide else 4):
        raise Refused("damaged", "an MP4 with too short a header")
    return int.from_bytes(scale), known(length)


def known(length: bytes) -> int:
    """A duration of 4 or 8 bytes; 0 for an unknown one, which a header says by all ones."""
    return 0 if length.strip(b"\xff") == b"" else int.from_bytes(length)


def numbers(table: bytes, kind: str = "I") -> "array[int]":
    """A table's big-endian numbers, of 4 bytes (`I`) or 8 (`Q`)."""
    found = array(kind, table)
    if sys.byteorder == "little":
        found.byteswap()
    return found


def _track(boxes: Boxes, media: Mapping[bytes, Box]) -> Track:
    scale, _ = lasting(boxes.payload(_needed(media, b"mdhd"), 32))
    handler = boxes.payload(_needed(media, b"hdlr"), 12)[8:]
    table = boxes.children(_needed(boxes.children(_needed(media, b"minf")), b"stbl"))
    described = _needed(table, b"stsd")
    codecs = frozenset(box.kind for box in boxes.within(described.start + 8, described.end))
    track = Track(handler, codecs, scale)
    _fill(track, _Tables(boxes, table))
    return track


def _fill(track: Track, tables: "_Tables") -> None:
    fixed, count, sizes = tables.sizes()
    times = tables.rows(b"stts", 2)
    track.ticks = sum(map(int.__mul__, times[::2], times[1::2]))
    placed = 0
    for offset, frames in tables.chunks():
        track.at(offset, fixed * frames if fixed else sum(sizes[placed : placed + frames]))
        placed += frames
    if not placed == count == sum(times[::2]):
        counted = f"{count}, {placed} with a place, {sum(times[::2])} with a time"
        raise Refused("damaged", f"an MP4 whose index counts its frames in several ways: {counted}")
    track.frames = count


def _needed(parts: Mapping[bytes, Box], kind: bytes) -> Box:
    if kind not in parts:
        raise Refused("damaged", f"an MP4 whose index lacks its {kind.decode()}")
    return parts[kind]


class _Tables:
    """The tables of an `stbl`. Refused when one is not as long as it says, or longer than anybody needs."""

    def __init__(self, boxes: Boxes, table: Mapping[bytes, Box]) -> None:
        self._boxes = boxes
        self._table = table

    def rows(self, kind: bytes, columns: int) -> "array[int]":
        """The numbers of a table of so many columns, row by row."""
        return numbers(self._entries(kind, 4, 4 * columns))

    def sizes(self) -> tuple[int, int, "array[int]"]:
        """The one size of all frames, or 0; how many there are; the size of each, if they differ."""
        if b"stsz" not in self._table and b"stz2" in self._table:
            return 0, *self._compact()
        fixed = int.from_bytes(self._head(b"stsz")[4:8])
        if fixed:
            return fixed, int.from_bytes(self._head(b"stsz")[8:12]), array("I")
        sizes = numbers(self._entries(b"stsz", 8, 4))
        return 0, len(sizes), sizes

    def chunks(self) -> Iterator[tuple[int, int]]:
        """Where each chunk begins, and how many frames it has."""
        wide = b"co64" in self._table
        entries = self._entries(b"co64", 4, 8) if wide else self._entries(b"stco", 4, 4)
        offsets = numbers(entries, "Q" if wide else "I")
        runs = self.rows(b"stsc", 3)
        firsts = [*runs[::3], len(offsets) + 1]
        if offsets and (firsts[0] != 1 or firsts != sorted(set(firsts))):
            raise Refused("damaged", "an MP4 whose index has its chunks in no order")
        for first, after, frames in zip(firsts, firsts[1:], runs[1::3], strict=False):
            yield from ((offset, frames) for offset in offsets[first - 1 : after - 1])

    def _compact(self) -> tuple[int, "array[int]"]:
        """The sizes of an `stz2`, of 16 or 8 bits each; nobody has been seen to write those of 4."""
        bits = self._head(b"stz2")[7]
        if bits not in (8, 16):
            raise Refused("damaged", f"an MP4 whose frames have sizes of {bits} bits")
        table = self._entries(b"stz2", 8, bits // 8)
        width = bits // 8
        sizes = [int.from_bytes(table[at : at + width]) for at in range(0, len(table), width)]
        return len(sizes), array("I", sizes)

    def _head(self, kind: bytes) -> bytes:
        return self._boxes.payload(_needed(self._table, kind), 12).ljust(12, b"\0")

    def _entries(self, kind: bytes, count_at: int, width: int) -> bytes:
        """A table's rows, behind their count."""
        box = _needed(self._table, kind)
        start = count_at + 4
        count = int.from_bytes(self._head(kind)[count_at:start])
        if count * width > min(MOST_TABLE, box.end - box.start - start):
            raise Refused(
                "damaged", f"an MP4 with {count} rows in a {kind.decode()} that has no room for them"
            )
        return self._boxes.payload(box, start + count * width)[start:]
