"""Which of the platform's switches are in force, where, and until when.

They may change while downloads run, and what runs obeys from its next step on; which files there will be is settled when
its stream begins.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from gleaner.sandbox.switchboard import EVERY_DEVICE, Switchboard, with_values
from gleaner.sandbox.switches import OF_THE_DEVICE, Switches


class Mischief(Switchboard[Switches]):
    """The switches of all targets; targets are devices and their channels, `device_unicode/channel`."""

    def __init__(self) -> None:
        super().__init__(Switches())
        self._busy_until: dict[str, float] = {}

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
        return time.monotonic() < until

    def _was_thrown(self, values: Mapping[str, Any], target: str) -> None:
        if "busy_for" in values:
            self._busy_until[target] = time.monotonic() + values["busy_for"]

    def _was_reset(self) -> None:
        self._busy_until.clear()
