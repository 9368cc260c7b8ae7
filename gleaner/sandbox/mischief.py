"""Everything the simulated platform can do wrong, as switches that may be thrown at any time.

All are off by default. A switch set for one device beats the one set for all. Both may change while downloads run, and
what runs obeys from its next step on; which files there will be is settled when its stream begins.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args, get_type_hints

EVERY_DEVICE = ""


@dataclass(frozen=True)
class Switches:
    """Lengths of time are seconds; 0, False and "no" mean: behave."""

    # The platform
    away: Literal["no", "503", "hang-up"] = "no"
    """Every request, media too, is refused or hung up on; only meaningful for all devices."""

    # The submission
    refuse: Literal["no", "500", "503", "hang-up"] = "no"
    """A well-formed submission gets this instead of an answer, and nothing starts."""
    offline: bool = False
    """The device is not reachable: refused."""
    no_recording: bool = False
    """The device holds no footage of any window: refused."""
    busy_for: float = 0.0
    """Refused as busy for so long, counted from when the switch was thrown."""
    slow_submit: float = 0.0
    """The download runs, but the answer comes so much later."""
    lose_answer: bool = False
    """The download runs, and the connection is closed without an answer."""
    reuse_stream_id: bool = False
    """Each channel gets the same stream id for every download."""

    # What is reported
    unit: Literal["fraction", "percent", "percent-sign", "number"] = "fraction"
    """How progress is written: "0.35", "35", "35%", or the bare JSON number 0.35."""
    progress: Literal["honest", "stays-0", "back-to-0", "bare-1"] = "honest"
    """0 to the very end; 0 again from the stream's end until the file is there; "1" from the first word on."""
    early_address: Literal["no", "growing", "missing"] = "no"
    """The address is told from the start; until the end it serves a growing file without index, or nothing."""
    wrong_address_first: bool = False
    """Until the end, the address told is that of another camera's footage."""
    stream_gone: Literal["no", "before-file", "for-good"] = "no"
    """Once the stream has ended nobody knows it: the file is still announced, or never comes."""
    late_file: float = 0.0
    """So much longer between the stream's end and the file."""

    # How callbacks travel
    drop_callbacks: float = 0.0
    """Share of callbacks that are never sent: 1 is all."""
    duplicate: int = 1
    """How often each callback is sent."""
    shuffle: bool = False
    """Callbacks are sent in another order."""
    seed: int = 0
    """Of every throw of the dice."""

    # The files
    files: int = 1
    """In so many files, one after the other, the footage of one download comes."""
    delivered: float = 1.0
    """Share of the window that the footage really covers."""
    index_last: bool = False
    """The file's index stands behind its pictures."""
    media: Literal["no", "404", "500", "truncated", "html"] = "no"
    """What fetching a file gives instead of the file."""
    media_rate: int = 0
    """Bytes a second at which a file is served."""

    def __post_init__(self) -> None:
        if not 1 <= self.files <= 100 or self.duplicate > 100 or self.delivered <= 0:
            raise ValueError("files from 1 to 100, duplicate up to 100, delivered above 0")

    def with_values(self, values: Mapping[str, Any]) -> Switches:
        """These switches with some thrown; ValueError names the first unknown one or unfit value."""
        for name, value in values.items():
            _check(name, value)
        return replace(self, **values)


_KINDS = get_type_hints(Switches)


def _check(name: str, value: object) -> None:
    if name not in _KINDS:
        raise ValueError(f"no such switch: {name}; there are {', '.join(_KINDS)}")
    kind = _KINDS[name]
    if words := get_args(kind):
        if value not in words:
            raise ValueError(f"{name} is one of {', '.join(words)}")
    elif kind is bool:
        if not isinstance(value, bool):
            raise ValueError(f"{name} is true or false")
    elif not _is_number(value, whole=kind is int):
        raise ValueError(f"{name} is a {'whole ' if kind is int else ''}number from 0 on")


def _is_number(value: object, *, whole: bool) -> bool:
    kinds = int if whole else (int, float)
    return isinstance(value, kinds) and not isinstance(value, bool) and 0 <= value < 1e9


class Mischief:
    """The switches in force, for all devices and for each; safe to use from any thread."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._thrown: dict[str, dict[str, Any]] = {}
        self._busy_until: dict[str, float] = {}

    def throw(self, values: Mapping[str, Any], device: str = EVERY_DEVICE) -> None:
        """Set some switches, for one device or for all; the others stay. ValueError changes nothing."""
        wanted = Switches().with_values(values)
        with self._guard:
            self._thrown.setdefault(device, {}).update(values)
            if "busy_for" in values:
                self._busy_until[device] = time.monotonic() + wanted.busy_for

    def behave(self) -> None:
        """All switches off."""
        with self._guard:
            self._thrown.clear()
            self._busy_until.clear()

    def of(self, device: str = EVERY_DEVICE) -> Switches:
        """What is in force for a device now."""
        with self._guard:
            both = self._thrown.get(EVERY_DEVICE, {}) | self._thrown.get(device, {})
        return replace(Switches(), **both)

    def busy(self, device: str) -> bool:
        """Whether the switch `busy_for` still keeps the device busy."""
        with self._guard:
            until = self._busy_until.get(device, self._busy_until.get(EVERY_DEVICE, 0.0))
        return time.monotonic() < until

    def thrown(self) -> dict[str, dict[str, Any]]:
        """What was set, by device; the empty name is all of them."""
        with self._guard:
            return {device: dict(values) for device, values in self._thrown.items()}
