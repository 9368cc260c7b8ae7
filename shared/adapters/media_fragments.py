"""What the fragments of an MP4 add to its tracks (ISO/IEC 14496-12, 8.8): frames that no index at the front knows of."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.adapters.media_boxes import Box, Boxes
from shared.adapters.media_tables import Track, known, numbers
from shared.errors import Refused

BASE, DESCRIPTION, LASTS, SIZE = 0x1, 0x2, 0x8, 0x10  # what a tfhd may hold, in this order
BASE_IS_MOOF = 0x20000
OFFSET, FIRST_FLAGS = 0x1, 0x4  # what a trun may hold before its rows
ROW = (0x100, 0x200, 0x400, 0x800)  # and in each row: how long, how large, flags, a shift in time


@dataclass(frozen=True, slots=True)
class Defaults:
    """How long a frame lasts, in ticks, and how large it is, where its own row does not say."""

    lasts: int = 0
    size: int = 0


def defaults(boxes: Boxes, movies: list[Box]) -> dict[int, Defaults]:
    """What a `moov` says about the fragments of each track, by the track's id."""
    found = {}
    for box in boxes.inside(boxes.inside(movies, b"mvex"), b"trex"):
        payload = boxes.payload(box, 20)
        lasts, size = int.from_bytes(payload[12:16]), int.from_bytes(payload[16:20])
        found[int.from_bytes(payload[4:8])] = Defaults(lasts, size)
    return found


def announced(boxes: Boxes, movies: list[Box]) -> int:
    """How long all fragments together are said to last, in the movie's ticks; 0 when nobody says."""
    for box in boxes.inside(boxes.inside(movies, b"mvex"), b"mehd"):
        payload = boxes.payload(box, 12)
        return known(payload[4:12] if payload[:1] == b"\x01" else payload[4:8])
    return 0


def end_of_index(boxes: Boxes, sidx: Box) -> int:
    """Where the last byte of what a `sidx` lists ends (8.16.3)."""
    payload = boxes.payload(sidx)
    wide = payload[:1] == b"\x01"
    first, rows = (payload[20:28], payload[32:]) if wide else (payload[16:20], payload[24:])
    sizes = numbers(rows[: len(rows) // 12 * 12])[::3]
    return sidx.end + int.from_bytes(first) + sum(size & 0x7FFF_FFFF for size in sizes)


def add(boxes: Boxes, moof: Box, found: Mapping[int, Track], given: Mapping[int, Defaults]) -> None:
    """Add what one fragment holds to its tracks. Refused `damaged` when it is of a track that is not there."""
    follows = moof.head
    for traf in boxes.inside([moof], b"traf"):
        parts = [*boxes.within(traf.start, traf.end)]
        head = next((boxes.payload(part, 40) for part in parts if part.kind == b"tfhd"), b"")
        number = int.from_bytes(head[4:8])
        if number not in found:
            raise Refused("damaged", f"an MP4 whose fragment at byte {moof.head} is of no track")
        header = _Header.of(head, moof.head, follows, given.get(number, Defaults()))
        follows, before = header.base, found[number].ticks
        for trun in (part for part in parts if part.kind == b"trun"):
            follows = _run(boxes.payload(trun), header, follows, found[number])
        for tfdt in (boxes.payload(part, 12) for part in parts if part.kind == b"tfdt"):
            began = int.from_bytes(tfdt[4:12] if tfdt[:1] == b"\x01" else tfdt[4:8])
            found[number].reaches(began, before)


@dataclass(frozen=True, slots=True)
class _Header:
    """A `tfhd`: from where its runs are counted, and what their frames are unless their rows say otherwise."""

    base: int
    given: Defaults

    @classmethod
    def of(cls, head: bytes, moof: int, follows: int, given: Defaults) -> "_Header":
        """Without a word about it, a fragment's first track counts from the `moof`, the next from where that ended."""
        flags, at = int.from_bytes(head[1:4]), 8
        base = moof if flags & BASE_IS_MOOF else follows
        if flags & BASE:
            base, at = int.from_bytes(head[at : at + 8]), at + 8
        at += 4 if flags & DESCRIPTION else 0
        lasts, size = given.lasts, given.size
        if flags & LASTS:
            lasts, at = int.from_bytes(head[at : at + 4]), at + 4
        if flags & SIZE:
            size = int.from_bytes(head[at : at + 4])
        return cls(base, Defaults(lasts, size))


def _run(payload: bytes, header: _Header, follows: int, track: Track) -> int:
    """Add the frames of a `trun` to a track; where their bytes end."""
    flags, count, at = int.from_bytes(payload[1:4]), int.from_bytes(payload[4:8]), 8
    if flags & OFFSET:
        follows, at = header.base + int.from_bytes(payload[at : at + 4], signed=True), at + 4
    at += 4 if flags & FIRST_FLAGS else 0
    columns = [column for column in ROW if flags & column]
    rows = payload[at : at + 4 * len(columns) * count]
    if len(rows) < 4 * len(columns) * count:
        raise Refused("damaged", f"an MP4 with {count} rows in a trun that has no room for them")

    def total(column: int, otherwise: int) -> int:
        if column not in columns:
            return otherwise * count
        return sum(numbers(rows)[columns.index(column) :: len(columns)])

    size = total(ROW[1], header.given.size)
    track.frames += count
    track.ticks += total(ROW[0], header.given.lasts)
    track.at(follows, size)
    return follows + size
