"""Playable footage of any length, made without an encoder.

A scene is a few seconds of H.264 that was drawn once (`footage/draw.sh`). Footage repeats the samples of one scene as
often as its length asks for and writes the MP4 tables that say so: exact duration, every key frame, one chunk per turn.
The title names camera and window, so that no two pieces of footage are the same bytes, and whoever holds one can tell
whose it is. The same arguments make the same file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

TIMESCALE = 1000
MOST_BYTES = 4_000_000_000
"""Of pictures: with their index they stay within the 32 bits of the tables."""

_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_NO_LANGUAGE = 0x55C4


@dataclass(frozen=True)
class Scene:
    """One closed group of pictures, first sample a key frame: what there is to repeat."""

    description: bytes
    samples: tuple[bytes, ...]
    tick: int
    width: int
    height: int

    @cached_property
    def turn(self) -> bytes:
        return b"".join(self.samples)


def scenes() -> tuple[Scene, ...]:
    """Every scene that is shipped, in a fixed order."""
    folder = resources.files(__package__) / "footage"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".mp4"))
    return tuple(read_scene((folder / name).read_bytes()) for name in names)


def read_scene(data: bytes) -> Scene:
    """The scene inside a one-track MP4 whose samples lie in `mdat` in order."""
    media = _find(data, b"moov", b"trak", b"mdia")
    table = _find(media, b"minf", b"stbl")
    description = _find(table, b"stsd")
    width, height = struct.unpack_from(">HH", description, 8 + 8 + 24)
    (timescale,) = struct.unpack_from(">I", _find(media, b"mdhd"), 12)
    (delta,) = struct.unpack_from(">I", _find(table, b"stts"), 12)
    samples = tuple(_cut(_find(data, b"mdat"), _find(table, b"stsz")))
    return Scene(description, samples, delta * TIMESCALE // timescale, width, height)


@dataclass(frozen=True)
class Footage:
    """`seconds` of a scene as one MP4; `index_last` puts the index (`moov`) behind the pictures.

    ValueError when there is nothing to show, or more than 4 GB of it.
    """

    scene: Scene
    seconds: float
    title: str
    index_last: bool = False

    def __post_init__(self) -> None:
        if self._milliseconds < 1 or self._picture_bytes > MOST_BYTES:
            raise ValueError(f"no footage of {self.seconds} s: it must be above 0 s and below 4 GB")

    @cached_property
    def size(self) -> int:
        """Bytes of the file that `write` makes."""
        return self.unindexed + len(self._index(0))

    @property
    def unindexed(self) -> int:
        """Bytes of the file before its index, when that stands last."""
        return len(_FTYP) + 8 + self._picture_bytes

    def write(self, path: Path) -> None:
        """Write the file, a turn of the scene at a time: memory does not grow with the length."""
        index = self._index(len(_FTYP) + 8 + (0 if self.index_last else len(self._index(0))))
        with path.open("wb") as out:
            out.write(_FTYP + (b"" if self.index_last else index))
            out.write(struct.pack(">I4s", 8 + self._picture_bytes, b"mdat"))
            for _ in range(self._turns):
                out.write(self.scene.turn)
            out.write(b"".join(self.scene.samples[: self._rest]))
            out.write(index if self.index_last else b"")

    @property
    def _milliseconds(self) -> int:
        return round(self.seconds * TIMESCALE)

    @property
    def _samples(self) -> int:
        return -(-self._milliseconds // self.scene.tick)

    @property
    def _turns(self) -> int:
        return self._samples // len(self.scene.samples)

    @property
    def _rest(self) -> int:
        return self._samples % len(self.scene.samples)

    @property
    def _picture_bytes(self) -> int:
        return self._turns * len(self.scene.turn) + sum(map(len, self.scene.samples[: self._rest]))

    def _index(self, first_chunk: int) -> bytes:
        lasts = self._milliseconds
        track = _box(
            b"trak",
            _full(
                b"tkhd", 3, struct.pack(">5I", 0, 0, 1, 0, lasts), bytes(16), _MATRIX, self._picture_size()
            ),
            _box(
                b"mdia", _media_header(lasts), _handler(b"vide", b"VideoHandler\0"), self._media(first_chunk)
            ),
        )
        return _box(b"moov", _movie_header(lasts), track, _title(self.title))

    def _picture_size(self) -> bytes:
        return struct.pack(">2I", self.scene.width << 16, self.scene.height << 16)

    def _media(self, first_chunk: int) -> bytes:
        here = _box(b"dinf", _full(b"dref", 0, struct.pack(">I", 1), _full(b"url ", 1)))
        return _box(b"minf", _full(b"vmhd", 1, bytes(8)), here, _box(b"stbl", *self._tables(first_chunk)))

    def _tables(self, first_chunk: int) -> Iterator[bytes]:
        per_turn, turn = len(self.scene.samples), len(self.scene.turn)
        sizes = [len(sample) for sample in self.scene.samples]
        chunks = self._turns + bool(self._rest)
        yield _box(b"stsd", self.scene.description)
        yield _table(b"stts", list(self._lengths()))
        yield _table(b"stss", [(1 + turns * per_turn,) for turns in range(chunks)])
        yield _table(b"stsc", list(self._chunks()))
        every = sizes * self._turns + sizes[: self._rest]
        yield _full(b"stsz", 0, struct.pack(f">2I{len(every)}I", 0, len(every), *every))
        yield _table(b"stco", [(first_chunk + turns * turn,) for turns in range(chunks)])

    def _lengths(self) -> Iterator[tuple[int, int]]:
        before = self._samples - 1
        if before:
            yield before, self.scene.tick
        yield 1, self._milliseconds - before * self.scene.tick

    def _chunks(self) -> Iterator[tuple[int, int, int]]:
        if self._turns:
            yield 1, len(self.scene.samples), 1
        if self._rest:
            yield self._turns + 1, self._rest, 1


def _find(data: bytes, *path: bytes) -> bytes:
    for wanted in path:
        data = next(body for kind, body in _boxes(data) if kind == wanted)
    return data


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8 : at + size]
        at += size


def _cut(pictures: bytes, sizes: bytes) -> Iterator[bytes]:
    at = 0
    (count,) = struct.unpack_from(">I", sizes, 8)
    for size in struct.unpack_from(f">{count}I", sizes, 12):
        yield pictures[at : at + size]
        at += size


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _full(kind: bytes, flags: int, *parts: bytes) -> bytes:
    return _box(kind, struct.pack(">I", flags), *parts)


def _table(kind: bytes, rows: list[tuple[int, ...]]) -> bytes:
    flat = [number for row in rows for number in row]
    return _full(kind, 0, struct.pack(f">{1 + len(flat)}I", len(rows), *flat))


def _movie_header(lasts: int) -> bytes:
    numbers = struct.pack(">4IIH", 0, 0, TIMESCALE, lasts, 0x10000, 0x100)
    return _full(b"mvhd", 0, numbers, bytes(10), _MATRIX, bytes(24), struct.pack(">I", 2))


def _media_header(lasts: int) -> bytes:
    return _full(b"mdhd", 0, struct.pack(">4I2H", 0, 0, TIMESCALE, lasts, _NO_LANGUAGE, 0))


def _handler(kind: bytes, name: bytes, maker: bytes = bytes(4)) -> bytes:
    return _full(b"hdlr", 0, bytes(4), kind, maker, bytes(8), name)


def _title(text: str) -> bytes:
    value = _box(b"data", struct.pack(">2I", 1, 0), text.encode())
    item = _box(b"ilst", _box(b"\xa9nam", value))
    return _box(b"udta", _full(b"meta", 0, _handler(b"mdir", b"\0", b"appl"), item))


_FTYP = _box(b"ftyp", b"isom", struct.pack(">I", 0x200), b"isomiso2avc1mp41")
