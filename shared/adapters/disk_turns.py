"""Whose turn it is at the unfinished bytes of an asset: each owner's spool has a name that no other living owner has.

An owner that has died leaves its spool to the next, as it is. One that is stopped, and was given up meanwhile, still holds its
own; the owner of a later claim begins another one (`ID~1`, `ID~2` …) with a copy of what was kept there, and takes the old
one's name away. So whatever a late riser does, it does to bytes that nobody will ever look at.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from shared.adapters.disk import busy, locked, writing
from shared.adapters.disk_spool import data_path, forget, note_path
from shared.errors import Transient

MARK = "~"  # no asset's id has one, so that no spool of one asset is ever taken for another's


@dataclass(frozen=True, slots=True)
class Turn:
    """What is ours: the name of a spool, and that of the one which was kept from a stopped owner, if any."""

    name: str
    left: str | None = None


def asset_of(spool: str) -> str:
    """Whose unfinished bytes a spool holds."""
    return spool.partition(MARK)[0]


@contextmanager
def turn(home: Path, asset_id: str, claim: int = 0) -> Iterator[Turn]:
    """A spool that is ours alone until the end. Transient `spool-busy` when the owner of as late a claim lives."""
    with ExitStack() as held:
        newest = _newest(home, asset_id)
        name, left = _name(asset_id, newest), None
        try:
            _hold(held, home, name, claim)
        except Transient:
            if not 0 < _claim(home, name) < claim:
                raise
            name, left = _name(asset_id, newest + 1), name
            _hold(held, home, name, claim)
        if _newest(home, asset_id) != _number(name):
            raise busy(asset_id)  # somebody came between the look and the lock
        _tidy(home, asset_id, but=(name, left))
        try:
            yield Turn(name, left)
        finally:
            _leave(home, asset_id, name)


def _hold(held: ExitStack, home: Path, name: str, claim: int) -> None:
    descriptor = held.enter_context(locked(_lock_path(home, name)))
    with writing(name):
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(claim).encode(), 0)


def _leave(home: Path, asset_id: str, name: str) -> None:
    """Remove what is ours where a later owner goes on without it: who slept before its first byte had no name to lose yet."""
    with suppress(Transient):
        if _newest(home, asset_id) > _number(name):
            forget(data_path(home, name), note_path(home, name))


def _claim(home: Path, name: str) -> int:
    """By which claim a spool is held; 0 when that is not to be read."""
    with suppress(OSError, ValueError):
        return int(_lock_path(home, name).read_bytes())
    return 0


def _tidy(home: Path, asset_id: str, but: tuple[str | None, ...]) -> None:
    """Remove what stopped owners left that died in the end."""
    for number in _numbers(home, asset_id):
        name = _name(asset_id, number)
        if name not in but:
            with suppress(Transient), locked(_lock_path(home, name)):
                forget(data_path(home, name), note_path(home, name))


def _newest(home: Path, asset_id: str) -> int:
    return max(_numbers(home, asset_id), default=0)


def _numbers(home: Path, asset_id: str) -> set[int]:
    with writing(asset_id):
        spools = [path.stem for path in home.iterdir()]
    return {_number(spool) for spool in spools if asset_of(spool) == asset_id}


def _number(name: str) -> int:
    number = name.partition(MARK)[2]
    return int(number) if number.isdigit() else 0


def _name(asset_id: str, number: int) -> str:
    return f"{asset_id}{MARK}{number}" if number else asset_id


def _lock_path(home: Path, name: str) -> Path:
    return home / f"{name}.lock"
