"""How often a camera's package is listed: when news are to be expected, quiet ones less often, all within a budget of calls.

What a camera's days were like is its *habit*: for each hour, on how many of them, in percent, there were news. It is learnt
when a day is closed. Lengths are counted in periods of the schedule. When what all want by their own rhythm is more than the
budget allows, all lengths stretch by one factor. Pure, and no clock of its own.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

CALLS_A_LISTING = (
    1.2  # what the listing of a day costs on average, the thorough ones and the closing of days included
)
SOON = timedelta(hours=8)  # what a quiet camera shows is known within this, as long as nothing stretches
MOST = 24.0  # all that a factor can become; beyond it our own stop is what holds
HOUR = timedelta(hours=1)
HOURS = 24
BUSY = -3  # `quiet` of a camera whose last four listings showed news: the next period is sure to be looked at
_STEPS = (1, 2, 4)  # as long as there is no habit: periods after so many listings without news; then _SLOWEST
_SLOWEST = 8
_WORTH = 80  # percent: how likely news must be for a listing, or how many of them are to be expected
_LATELY = 50  # percent: what the hours after news are taken for, if by habit there would be fewer
_PATIENCE = 8  # so many listings in a row without news halve what the habit lets expect
_WEIGHT = 0.3  # of the newest day in a habit
_NEAR = 1.15  # a factor that is so little too large is kept, so that it does not change with every look


@dataclass(frozen=True, slots=True)
class Budget:
    """So many calls are left for listings until then."""

    calls: int
    until: datetime


def learnt(habit: Sequence[int], hours: Collection[int]) -> tuple[int, ...]:
    """The habit after one more day, which had news in these hours."""
    seen = [100 if hour in hours else 0 for hour in range(HOURS)]
    if len(habit) != HOURS:
        return tuple(seen)
    return tuple(round(old + _WEIGHT * (new - old)) for old, new in zip(habit, seen, strict=True))


def step(habit: Sequence[int], quiet: int, at: datetime, every: timedelta) -> int:
    """Periods from the listing in the period that began `at`, of the vendor's clocks, to the next.

    `quiet`: how many listings in a row showed no news; below 0: how many more than one did. The next one comes when there
    should be something to find, but within SOON, and not later than the day's end, when its closing begins.
    """
    most = max(1, min(SOON // every, _to_midnight(at, every)))
    if len(habit) != HOURS:
        return min(_STEPS[max(quiet, 0)] if quiet < len(_STEPS) else _SLOWEST, most)
    expected = 0.0
    for periods in range(1, most):
        expected += _expected(habit, quiet, at + (periods - 1) * every, every)
        if expected >= _WORTH:
            return periods
    return most


def _expected(habit: Sequence[int], quiet: int, at: datetime, every: timedelta) -> float:
    """How likely news are in a period, in percent: of several hours, in how many of them; of a part of one, its share."""
    hours = range(at.hour, at.hour + max(1, every // HOUR))
    usual = sum(habit[hour % HOURS] for hour in hours) * min(1.0, every / HOUR)
    usual *= _PATIENCE / (_PATIENCE + max(quiet, 0))
    return usual if quiet > 0 else max(usual, _LATELY if quiet > BUSY else _WORTH)


def _to_midnight(at: datetime, every: timedelta) -> int:
    since = timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)
    return ceil((timedelta(days=1) - since) / every)


def pace(habit: Sequence[int], quiet: int, every: timedelta) -> float:
    """Periods from one listing to the next, on the average of a day and of what the last one of it takes of the next."""
    begin = at = datetime.min.replace(tzinfo=UTC)
    looks = 0
    while at.day == begin.day:
        at += step(habit, quiet, at, every) * every
        looks += 1
    return (at - begin) / every / looks


def stretched(paces: Iterable[float], every: timedelta, budgets: Iterable[Budget], now: datetime) -> float:
    """The factor by which all lengths stretch so that the calls of each budget last to its end; 1 when they do anyway."""
    hourly = sum(CALLS_A_LISTING / each for each in paces) / (every / HOUR)
    return max((_factor(hourly, budget, now) for budget in budgets), default=1.0)


def _factor(hourly: float, budget: Budget, now: datetime) -> float:
    """For one budget, rounded up to a tenth."""
    wanted = hourly * ((budget.until - now) / timedelta(hours=1))
    if wanted <= budget.calls:
        return 1.0
    return min(MOST, ceil(round(wanted / budget.calls * 10, 6)) / 10) if budget.calls > 0 else MOST


def settled(old: float, new: float) -> float:
    """The factor in force: the old one as long as it keeps to the budget and wastes little of it."""
    return old if new <= old <= new * _NEAR else new


def sentence(factor: float, every: timedelta) -> str:
    """Plain words for people."""
    if factor <= 1:
        return f"busy cameras are listed every {_told(every)}, quiet ones less often"
    return (
        f"the calls that are left do not suffice for a listing every {_told(every)}: "
        f"all cameras are listed {factor:.1f} times less often, busy ones about every {_told(every * factor)}"
    )


def _told(length: timedelta) -> str:
    minutes = round(length.total_seconds() / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
