"""How many calls this account has made today and this month, counted before each goes out, and the stop at our own limits.

A share of each limit is kept for tokens and probes: other calls stop before it.

Days and months are those of the wire's zone. The counters lie in shared memory under a short hash of the application's
id; every attempt counts, those that fail, those for a token and those that are made again included.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.errors import Transient, Whose
from shared.ports import Quota
from shared.vendors.base import Toolbox
from shared.vendors.imou.settings import ImouSettings

KEPT = timedelta(days=40)  # longer than any month
SHARE = 0.05  # of a limit, that only tokens and probes may use
EARLY = 1 / 24  # of a span, before which a forecast takes no more time to have passed than this


def next_day(now: datetime, zone: ZoneInfo) -> datetime:
    """The next midnight of a zone."""
    return _midnight(now.astimezone(zone).date() + timedelta(days=1), zone)


def next_month(now: datetime, zone: ZoneInfo) -> datetime:
    """Midnight of the first of the next month of a zone."""
    first = now.astimezone(zone).date().replace(day=1)
    return _midnight((first + timedelta(days=32)).replace(day=1), zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class _Span:
    """`start` and `end` bound the day or the month in which a call is made now."""

    name: str
    setting: str
    limit: int | None
    start: datetime
    end: datetime
    key: str

    def quota(self, used: int, now: datetime) -> Quota:
        share = max(EARLY, (now - self.start) / (self.end - self.start))
        return Quota(self.name, used, self.limit, self.end, max(used, round(used / share)), self.kept)

    @property
    def kept(self) -> int:
        return int((self.limit or 0) * SHARE)

    def most(self, reserved: bool) -> int | None:
        return None if self.limit is None else self.limit - (0 if reserved else self.kept)

    def spent(self, reserved: bool) -> Transient:
        most = self.most(reserved)
        said = f"{most} calls were made this {self.name}, the most that {self.setting} allows"
        said += f" beside {self.kept} for tokens" if most != self.limit else ""
        detail = f"{said}; the next one goes out at {self.end.isoformat()}"
        return Transient("quota-spent", detail, whose=Whose.VENDOR, asked=False, until=self.end)


class Meter:
    """Counts calls. Fit for threads and processes."""

    def __init__(self, settings: ImouSettings, toolbox: Toolbox) -> None:
        self._settings = settings
        self._memory = toolbox.memory
        self._now = toolbox.now
        self._zone = ZoneInfo(settings.timezone)

    def count(self, reserved: bool = False) -> None:
        """Count one call that is about to go out. Transient `quota-spent` when it must not; then it is not counted.

        `reserved`: it may use the share that is kept.
        """
        spans = self._spans()
        full = self._memory.count({span.key: span.most(reserved) for span in spans}, KEPT)
        for span in spans:
            if span.key == full:
                raise span.spent(reserved)

    def quotas(self) -> Sequence[Quota]:
        """Today and this month."""
        now = self._now()
        return tuple(span.quota(int(self._memory.get(span.key) or 0), now) for span in self._spans())

    def _spans(self) -> tuple[_Span, _Span]:
        now, zone, own = self._now(), self._zone, self._settings
        today = now.astimezone(zone).date()
        first = today.replace(day=1)
        key = f"imou:calls:{own.account}"
        return (
            _Span(
                "day",
                "IMOU_CALLS_PER_DAY",
                own.calls_per_day,
                _midnight(today, zone),
                next_day(now, zone),
                f"{key}:{today}",
            ),
            _Span(
                "month",
                "IMOU_CALLS_PER_MONTH",
                own.calls_per_month,
                _midnight(first, zone),
                next_month(now, zone),
                f"{key}:{first:%Y-%m}",
            ),
        )
