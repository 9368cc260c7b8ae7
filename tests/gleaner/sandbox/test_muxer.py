"""Footage: any length, exact tables, and every key frame where the index says it is."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gleaner.sandbox.muxer import Footage, scenes

CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl"}
KEY_FRAME, OTHER_FRAME = 5, 1


def boxes(data: bytes, at: int = 0, end: int | None = None) -> Iterator[tuple[bytes, bytes]]:
    end = len(data) if end is None else end
    while at < end:
        size, kind = struct.unpack_from(">I4s", data, at)
        assert 8 <= size <= end - at, "a box ends past its parent"
        yield kind, data[at + 8 : at + size]
        if kind in CONTAINERS:
            yield from boxes(data, at + 8, at + size)
        at += size


def column(table: bytes) -> tuple[int, ...]:
    return struct.unpack_from(f">{(len(table) - 8) // 4}I", table, 8)


def made(path: Path, seconds: float, *, index_last: bool = False, scene: int = 0) -> dict[bytes, bytes]:
    footage = Footage(scenes()[scene], seconds, "front-door", index_last)
    footage.write(path)
    assert path.stat().st_size == footage.size
    return dict(boxes(path.read_bytes()))


def samples(data: bytes, found: dict[bytes, bytes]) -> Iterator[bytes]:
    """Every sample, found as a player finds it: chunk by chunk."""
    sizes = iter(column(found[b"stsz"])[1:])
    runs = list(zip(*[iter(column(found[b"stsc"]))] * 3, strict=True))
    offsets = column(found[b"stco"])
    for number, offset in enumerate(offsets, 1):
        (count,) = [run[1] for run in runs if run[0] <= number][-1:]
        at = offset
        for _ in range(count):
            size = next(sizes)
            yield data[at : at + size]
            at += size
    assert next(sizes, None) is None


@pytest.mark.parametrize("index_last", [False, True])
@pytest.mark.parametrize("seconds", [0.05, 3, 3.37, 4, 60, 61.2])
def test_footage_lasts_exactly_as_long_as_it_was_asked_to(
    tmp_path: Path, seconds: float, index_last: bool
) -> None:
    found = made(tmp_path / "a.mp4", seconds, index_last=index_last)
    milliseconds = round(seconds * 1000)
    assert struct.unpack_from(">II", found[b"mvhd"], 12) == (1000, milliseconds)
    assert struct.unpack_from(">II", found[b"mdhd"], 12) == (1000, milliseconds)
    assert struct.unpack_from(">I", found[b"tkhd"], 20) == (milliseconds,)
    lengths = column(found[b"stts"])
    assert sum(n * each for n, each in zip(lengths[::2], lengths[1::2], strict=True)) == milliseconds


@pytest.mark.parametrize("index_last", [False, True])
@pytest.mark.parametrize("seconds", [0.05, 3, 3.37, 4, 61.2])
def test_the_index_leads_to_every_picture_and_names_every_key_frame(
    tmp_path: Path, seconds: float, index_last: bool
) -> None:
    found = made(tmp_path / "a.mp4", seconds, index_last=index_last)
    kinds = []
    for sample in samples((tmp_path / "a.mp4").read_bytes(), found):
        unit = sample
        while unit:
            (size,) = struct.unpack_from(">I", unit)
            kind, unit = unit[4] & 31, unit[4 + size :]
        kinds.append(kind)
    keys = tuple(number for number, kind in enumerate(kinds, 1) if kind == KEY_FRAME)
    assert set(kinds) <= {KEY_FRAME, OTHER_FRAME}
    assert keys == column(found[b"stss"])


def test_the_index_stands_in_front_or_behind(tmp_path: Path) -> None:
    assert list(made(tmp_path / "a.mp4", 3))[-1] == b"mdat"
    assert list(made(tmp_path / "b.mp4", 3, index_last=True))[:2] == [b"ftyp", b"mdat"]


def test_half_an_hour_takes_well_under_a_second_and_little_room(tmp_path: Path) -> None:
    before = time.perf_counter()
    made(tmp_path / "a.mp4", 1800)
    assert time.perf_counter() - before < 1
    assert (tmp_path / "a.mp4").stat().st_size < 1800 * 15_000


def test_every_scene_is_another_picture_of_browsers_taste() -> None:
    assert len({scene.turn for scene in scenes()}) == len(scenes()) >= 6
    for scene in scenes():
        assert b"avc1" in scene.description
        assert (scene.width, scene.height) == (640, 360)


def test_the_same_footage_is_the_same_bytes_and_a_title_makes_it_another(tmp_path: Path) -> None:
    for name, title in (("a", "front-door"), ("b", "front-door"), ("c", "后门")):
        Footage(scenes()[0], 3, title).write(tmp_path / name)
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b != c
    assert "后门".encode() in c


@pytest.mark.parametrize("seconds", [0, 0.0001, -1, 1e8])
def test_nothing_and_far_too_much_are_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="no footage"):
        Footage(scenes()[0], seconds, "")
