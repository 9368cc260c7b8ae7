"""What a `downloadProgress` means. Its unit is documented nowhere; comparable platforms use 0..1 and 0..100.

Set by the operator, or learnt: strictly between 0 and 1 is a fraction, above 1 a percentage, and what was learnt is
shared by all processes. A fraction learnt before gives way to percent when that is said three times with no fraction in
between: one odd number must not change what all jobs mean. Then 0.5 is half a percent. A bare 1 is the end or the beginning:
in an unknown unit it says nothing, and it is believed only against a memory that is at most a second old.
"""

import time
from dataclasses import dataclass
from typing import NamedTuple

from shared.ports import SharedMemory

AUTO, FRACTION, PERCENT = "auto", "fraction", "percent"
WHOLE = {FRACTION: 1.0, PERCENT: 100.0}
NEARLY_ONE = 1.01  # a fraction may overshoot by rounding; what lies above is no fraction
KEY = "sms:unit"
FRESH = 1.0  # seconds; without it, each end would cost the receiver a look at the memory
DOUBTS = 3  # figures above 1 in a row, as one process sees them, that turn a learnt fraction into percent


@dataclass(frozen=True, slots=True)
class Figure:
    """A progress as it was sent, 0..100. `percent`: it carried a percent sign, so its unit is known."""

    value: float
    percent: bool = False


class Reading(NamedTuple):
    """What a figure says: a fraction if its unit is known, and whether that is the end, or may be."""

    progress: float | None = None
    ended: bool = False
    perhaps_ended: bool = False


class Units:
    """Turns figures into fractions."""

    def __init__(self, configured: str, memory: SharedMemory) -> None:
        self._fixed = None if configured == AUTO else configured
        self._memory = memory
        self._known: str | None = None
        self._looked = -FRESH
        self._doubts = 0

    def read(self, figure: Figure) -> Reading:
        """No progress when the unit is unknown, which only a bare 1 leaves it, or contradicts the setting."""
        unit = PERCENT if figure.percent else self._unit_of(figure.value)
        if unit is None:
            return Reading(perhaps_ended=True)
        if unit == FRACTION and figure.value > NEARLY_ONE:
            return Reading()
        fraction = min(figure.value / WHOLE[unit], 1.0)
        return Reading(fraction, fraction >= 1.0)

    def _unit_of(self, value: float) -> str | None:
        if self._fixed or value == 0:
            return self._fixed or FRACTION  # nothing is nothing in any unit
        if value > NEARLY_ONE:
            return self._learn_percent()
        self._doubts = 0
        known = self._recall(fresh=value >= 1)
        return self._learn_fraction() if known is None and value < 1 else known

    def _recall(self, fresh: bool) -> str | None:
        stale = time.monotonic() - self._looked >= FRESH
        if self._known is None or (fresh and stale and self._known != PERCENT):
            return self._look()
        return self._known

    def _look(self) -> str | None:
        self._looked = time.monotonic()
        self._known = self._memory.get(KEY)
        return self._known

    def _learn_percent(self) -> str:
        """Percent, at once where nothing was known; a fraction that is known stays until it is doubted often enough."""
        if self._known != PERCENT and not self._memory.swap(KEY, None, PERCENT):
            self._doubts += 1
            if self._look() == FRACTION and self._doubts < DOUBTS:
                return FRACTION
            self._memory.swap(KEY, FRACTION, PERCENT)
        self._known = PERCENT
        return PERCENT

    def _learn_fraction(self) -> str | None:
        self._memory.swap(KEY, None, FRACTION)
        return self._look()  # another process may have learnt better in between
