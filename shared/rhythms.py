"""How often a vendor's cameras are listed at present, decided once in a period for all processes, and said when it changes much."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from shared.domain import rhythm
from shared.domain.harvest import Standing
from shared.domain.rhythm import Budget
from shared.ports import RecordSource, SharedMemory

MUCH = 1.25  # a factor that has changed by more is said at once, any other once a day

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """`every` is the schedule's period, zero for none; `stretched` the factor by which all wait longer."""

    every: timedelta = timedelta(hours=1)
    stretched: float = 1.0

    def length(self, standing: Standing, at: datetime) -> float:
        """Periods from a subject's listing in the one that began `at`, of the vendor's clocks, to its next."""
        return rhythm.step(standing.habit, standing.quiet, at, self.every) * self.stretched

    @property
    def period(self) -> timedelta:
        """How often busy cameras are listed."""
        return self.every * self.stretched

    @property
    def sentence(self) -> str:
        """In plain words."""
        return rhythm.sentence(self.stretched, self.every)


@dataclass(frozen=True, slots=True)
class Decided:
    """A factor, the period it was decided in; and which one was last said, in which period."""

    period: int | None = None
    factor: float = 1.0
    said: float = 1.0
    said_in: int | None = None

    def followed_by(self, period: int, factor: float, day: float) -> "Decided":
        """The next one; it counts as said if it is to be said. `day`: the periods of a day."""
        much = not self.said / MUCH < factor < self.said * MUCH
        late = self.said_in is None or period - self.said_in >= day
        if factor != self.said and (much or late):
            return Decided(period, factor, factor, period)
        return Decided(period, factor, self.said, self.said_in)


_decided = msgspec.json.Decoder(Decided)


@dataclass(frozen=True, slots=True)
class Rhythms:
    """Keeps each vendor's factor in shared memory, by compare-and-swap."""

    memory: SharedMemory
    sources: Mapping[str, RecordSource]
    now: Callable[[], datetime]
    every: timedelta

    def look(self, vendor: str, standings: Iterable[Standing]) -> Rhythm:
        """The rhythm in force, or if none was decided for this period, what it would be; nothing is written."""
        _, known = self._known(vendor)
        return Rhythm(self.every, self._factor(vendor, standings, known) if self.every else 1.0)

    def decide(self, vendor: str, standings: Iterable[Standing]) -> Rhythm:
        """The rhythm in force; once in a period it is decided anew, from how all subjects of the vendor stand."""
        if not self.every:
            return Rhythm(self.every)
        text, old = self._known(vendor)
        factor = self._factor(vendor, standings, old)
        if old.period != self._period:
            new = old.followed_by(self._period, factor, timedelta(days=1) / self.every)
            if self.memory.swap(_key(vendor), text, _written(new)) and new.said_in != old.said_in:
                fields = {"vendor": vendor, "detail": Rhythm(self.every, factor).sentence}
                log.warning("the rhythm of harvests has changed", extra=fields)
        return Rhythm(self.every, factor)

    def _known(self, vendor: str) -> tuple[str | None, Decided]:
        text = self.memory.get(_key(vendor))
        return text, _read(text)

    @property
    def _period(self) -> int:
        return int(self.now().timestamp() // self.every.total_seconds())

    def _factor(self, vendor: str, standings: Iterable[Standing], known: Decided) -> float:
        if known.period == self._period:
            return known.factor
        quotas = self.sources[vendor].quotas()
        budgets = [Budget(quota.left, quota.until) for quota in quotas if quota.left is not None]
        paces = (rhythm.pace(each.habit, each.quiet, self.every) for each in standings)
        return rhythm.settled(known.factor, rhythm.stretched(paces, self.every, budgets, self.now()))


def _key(vendor: str) -> str:
    return f"rhythm:{vendor}"


def _read(text: str | None) -> Decided:
    """What cannot be read is decided anew."""
    try:
        return _decided.decode(text) if text else Decided()
    except msgspec.DecodeError as error:
        log.warning("the rhythm of harvests cannot be read", extra={"detail": str(error)})
        return Decided()


def _written(decided: Decided) -> str:
    return msgspec.json.encode(decided).decode()
