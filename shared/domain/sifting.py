"""Which of many wanted days need no listing of their own, as a vendor's calendar of days has nothing on them: pure.

A day is *sifted* only when it and the grace for what comes late are over: nothing can come to it any more, so a calendar
that is empty there counts as a reading of nothing. As with listings, two such readings, a period apart, close a day that is
followed. A day that is still going on is listed whatever a calendar says, and so is one that was sifted once.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date, datetime

from shared.domain.harvest import NOTHING, OLDEST, Standing, read_once_more

MANY = 3  # days; the calendar costs a call, and a day or two may well hold something


def unsifted(standing: Standing, over: Callable[[date], bool]) -> tuple[date, ...]:
    """The wanted days that are over and not sifted yet, if there are many."""
    days = tuple(day for day in standing.wanted if day not in standing.sifted and over(day))
    return days if len(days) >= MANY else ()


def sifted(standing: Standing, asked: Collection[date], empty: Collection[date], now: datetime) -> Standing:
    """Days were asked about, and those of them that are empty need no listing but for a wish made since the claim."""
    done = {day for day in empty if day not in standing.anew}
    followed = standing.followed
    for day in sorted(empty):
        followed = read_once_more(followed, day, NOTHING)
    known = {day for day in (*standing.empty, *done) if day > now.date() - OLDEST}
    wanted = tuple(day for day in standing.wanted if day not in done)
    standing = replace(standing, wanted=wanted, followed=followed, empty=tuple(sorted(known)))
    standing = replace(standing, sifted=_still(standing, asked), anew=(), lease=None)
    return (
        standing if wanted else replace(standing, retry_at=None, failures=0, at=now, outcome="ok", detail="")
    )


def _still(standing: Standing, asked: Collection[date]) -> tuple[date, ...]:
    """What is sifted now: that it was asked about once is enough until it is listed, or wished for anew."""
    once = {*standing.sifted, *asked} - {*standing.anew}
    return tuple(day for day in standing.wanted if day in once)
