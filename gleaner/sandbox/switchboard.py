"""Switches that may be thrown at any time: checked, for one target or for all, safe to use from any thread.

Each vendor's switches are a frozen dataclass of its own, whose defaults mean: behave. A target is a device, or a part of
one behind a slash. What is set for the more exact target wins: a part's over its device's, a device's over all.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields, replace
from typing import Any, ClassVar, Generic, Protocol, TypeVar, get_args, get_type_hints

EVERY_DEVICE = ""


class _Switches(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


S = TypeVar("S", bound=_Switches)


def part_of(device: str, part: str) -> str:
    """The target that is one part of a device."""
    return f"{device}/{part}"


def reach(target: str) -> tuple[str, ...]:
    """The targets whose switches hold for this one, from the least exact to itself."""
    parts = target.split("/") if target else []
    return EVERY_DEVICE, *("/".join(parts[:length]) for length in range(1, len(parts) + 1))


def with_values(switches: S, values: Mapping[str, Any]) -> S:
    """These switches with some thrown; ValueError names the first unknown one or unfit value."""
    for name, value in values.items():
        _check(get_type_hints(type(switches)), name, value)
    return replace(switches, **values)


def catalogue(switches: _Switches) -> Iterator[str]:
    """A line for each switch: its name, what it may be, its default."""
    kinds = get_type_hints(type(switches))
    for field in fields(switches):
        words = get_args(kinds[field.name]) or (kinds[field.name].__name__,)
        yield f"{field.name} = {' | '.join(words)}" + (f" ({field.default})" if field.default != "" else "")


class Switchboard(Generic[S]):
    """The switches in force, for all and for each target."""

    def __init__(self, defaults: S) -> None:
        self.defaults = defaults
        self._guard = threading.Lock()
        self._thrown: dict[str, dict[str, Any]] = {}

    def throw(self, values: Mapping[str, Any], target: str = EVERY_DEVICE) -> None:
        """Set some switches, for one target or for all; the others stay. ValueError changes nothing."""
        with_values(self.defaults, values)
        with self._guard:
            self._thrown.setdefault(target, {}).update(values)
            self._was_thrown(values, target)

    def behave(self) -> None:
        """All switches off."""
        with self._guard:
            self._thrown.clear()
            self._was_reset()

    def of(self, target: str = EVERY_DEVICE) -> S:
        """What is in force for a target now."""
        with self._guard:
            return self._of(target)

    def thrown(self) -> dict[str, dict[str, Any]]:
        """What was set, by target; the empty name is all of them."""
        with self._guard:
            return {target: dict(values) for target, values in self._thrown.items()}

    def _of(self, target: str) -> S:
        thrown = {name: value for each in reach(target) for name, value in self._thrown.get(each, {}).items()}
        return replace(self.defaults, **thrown)

    def _was_thrown(self, values: Mapping[str, Any], target: str) -> None:
        """What a vendor has to note when its switches are thrown; called under the lock."""

    def _was_reset(self) -> None:
        """What it has to forget when all are off; called under the lock."""


def _check(kinds: Mapping[str, Any], name: str, value: object) -> None:
    if name not in kinds:
        raise ValueError(f"no such switch: {name}; there are {', '.join(kinds)}")
    kind = kinds[name]
    if words := get_args(kind):
        if value not in words:
            raise ValueError(f"{name} is one of {', '.join(words)}")
    elif kind in (bool, str):
        if not isinstance(value, kind):
            raise ValueError(f"{name} is {'true or false' if kind is bool else 'text'}")
    elif not _is_number(value, whole=kind is int):
        raise ValueError(f"{name} is a {'whole ' if kind is int else ''}number from 0 on")


def _is_number(value: object, *, whole: bool) -> bool:
    kinds = int if whole else (int, float)
    return isinstance(value, kinds) and not isinstance(value, bool) and 0 <= value < 1e9
