"""How often a vendor's cameras are listed at present, decided once in a period for all processes, and said when it changes."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from shared.domain import rhythm
from shared.domain.rhythm import Budget
from shared.ports import RecordSource, SharedMemory

_rhythm = msgspec.json.Decoder(tuple[int, float])

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """`every` is the schedule's period, zero for none; `stretched` the factor by which all wait longer."""

    every: timedelta = timedelta(hours=1)
    stretched: float = 1.0

    def length(self, quiet: int) -> float:
        """Periods between the listings of a subject that showed no news so often in a row."""
        return rhythm.step(quiet, self.every) * self.stretched

    @property
    def period(self) -> timedelta:
        """How often busy cameras are listed."""
        return self.every * self.stretched

    @property
    def sentence(self) -> str:
        """In plain words."""
        return rhythm.sentence(self.stretched, self.every)


@dataclass(frozen=True, slots=True)
class Rhythms:
    """Keeps each vendor's factor in shared memory, by compare-and-swap."""

    memory: SharedMemory
    sources: Mapping[str, RecordSource]
    now: Callable[[], datetime]
    every: timedelta

    def of(self, vendor: str, quiet: Iterable[int]) -> Rhythm:
        """The rhythm in force. `quiet`: of each subject, how many listings in a row showed no news."""
        if not self.every:
            return Rhythm(self.every)
        key = f"rhythm:{vendor}"
        text = self.memory.get(key)
        period, old = _read(text)
        now_period = int(self.now().timestamp() // self.every.total_seconds())
        if period == now_period:
            return Rhythm(self.every, old)
        new = Rhythm(self.every, rhythm.settled(old, self._wanted(vendor, quiet)))
        if self.memory.swap(key, text, _written(now_period, new.stretched)) and new.stretched != old:
            fields = {"vendor": vendor, "detail": new.sentence}
            log.warning("the rhythm of harvests has changed", extra=fields)
        return new

    def _wanted(self, vendor: str, quiet: Iterable[int]) -> float:
        quotas = self.sources[vendor].quotas()
        budgets = [Budget(quota.left, quota.until) for quota in quotas if quota.left is not None]
        return rhythm.stretched(
            [rhythm.step(each, self.every) for each in quiet], self.every, budgets, self.now()
        )


def _read(text: str | None) -> tuple[int | None, float]:
    """The period in which it was decided, and the factor. What cannot be read is decided anew."""
    try:
        return _rhythm.decode(text) if text else (None, 1.0)
    except msgspec.DecodeError as error:
        log.warning("the rhythm of harvests cannot be read", extra={"detail": str(error)})
        return None, 1.0


def _written(period: int, stretched: float) -> str:
    return msgspec.json.encode((period, stretched)).decode()
