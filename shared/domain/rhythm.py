"""How often a camera's package is listed: busy ones every period, quiet ones less often, all within a budget of calls.

Lengths are counted in periods of the schedule. When what all want by their own rhythm is more than the budget allows,
all lengths stretch by one factor. Pure, and no clock of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

CALLS_A_LISTING = (
    1.2  # what the listing of a day costs on average, the thorough ones and the closing of days included
)
SOON = timedelta(hours=6)  # what a quiet camera shows is known within this, as long as nothing stretches
MOST = 24.0  # all that a factor can become; beyond it our own stop is what holds
_STEPS = (1, 2)  # periods after so many listings without news; then _SLOWEST
_SLOWEST = 4
_NEAR = 1.15  # a factor that is so little too large is kept, so that it does not change with every look


@dataclass(frozen=True, slots=True)
class Budget:
    """So many calls are left for listings until then."""

    calls: int
    until: datetime


def step(quiet: int, every: timedelta) -> int:
    """Periods from one listing to the next, after so many in a row that showed no news."""
    wanted = _STEPS[quiet] if quiet < len(_STEPS) else _SLOWEST
    return max(1, min(wanted, int(SOON / every)))


def stretched(steps: Iterable[int], every: timedelta, budgets: Iterable[Budget], now: datetime) -> float:
    """The factor by which all lengths stretch so that the calls of each budget last to its end; 1 when they do anyway."""
    hourly = sum(CALLS_A_LISTING / each for each in steps) / (every / timedelta(hours=1))
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
