"""Which of the platform's switches are in force, where, and until when or how often.

They may change while downloads run, and what runs obeys from its next step on; which files there will be and how long it
takes is settled when its stream begins.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from gleaner.sandbox.switchboard import EVERY_DEVICE, Switchboard, reach, with_values
from gleaner.sandbox.switches import OF_THE_DEVICE, Switches


class Mischief(Switchboard[Switches]):
    """The switches of all targets; targets are devices and their channels, `device_unicode/channel`."""

    def __init__(self) -> None:
        super().__init__(Switches())
        self._busy_until: dict[str, float] = {}
        self._resting_until: defaultdict[str, float] = defaultdict(float)
        self._short_left: dict[str, int] = {}

    def throw(self, values: Mapping[str, Any], target: str = EVERY_DEVICE) -> None:
        """As any switchboard, but what is the device's own is set for the device of a channel."""
        with_values(self.defaults, values)
        device = target.partition("/")[0]
        for name, value in values.items():
            super().throw({name: value}, device if name in OF_THE_DEVICE else target)

    def busy(self, device: str) -> bool:
        """Whether a switch keeps the device busy though it runs nothing."""
        with self._guard:
            until = self._busy_until.get(device, self._busy_until.get(EVERY_DEVICE, 0.0))
            return time.monotonic() < max(until, self._resting_until[device])

    def download_ended(self, device: str) -> None:
        """The device is free again, unless `device_stays_busy` says otherwise."""
        with self._guard:
            self._resting_until[device] = time.monotonic() + self._of(device).device_stays_busy

    def next_delivered(self, target: str) -> float:
        """The share that a download which starts now delivers; counts it where `short_downloads` does."""
        with self._guard:
            switches = self._of(target)
            if not switches.short_downloads:
                return switches.delivered
            where = next(each for each in reversed(reach(target)) if each in self._short_left)
            self._short_left[where] -= 1
            return switches.delivered if self._short_left[where] >= 0 else 1.0

    def _was_thrown(self, values: Mapping[str, Any], target: str) -> None:
        if "busy_for" in values:
            self._busy_until[target] = time.monotonic() + values["busy_for"]
        if "short_downloads" in values:
            self._short_left[target] = values["short_downloads"]

    def _was_reset(self) -> None:
        self._busy_until.clear()
        self._resting_until.clear()
        self._short_left.clear()
