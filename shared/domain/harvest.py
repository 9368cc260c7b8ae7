"""How the harvest of one package of one camera stands, and what moves it: pure, like the lifecycle of jobs.

A day is *wanted* until it was listed to its end. The schedule *follows* a day until two readings past its end, and past
a grace for what comes late, were the same: then the day is closed. A day that was missed, for whatever reason, is
followed as well, as far back as vendors keep records.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from random import Random

from shared.domain import rhythm
from shared.domain.job import Lease
from shared.domain.records import digest
from shared.domain.retries import Backoff

KEPT_BY_VENDORS = timedelta(days=30)
OLDEST = timedelta(days=62)  # a day that lies further back is not worth a call
NOTHING = digest({})  # a reading of a day without records
ALIKE = 2  # readings past its end that close a day
_EARLIEST, _SPREAD = 1 / 30, 2 / 15  # of a period: with an hour, from 2 to 10 minutes past it


class Course(StrEnum):
    """What a harvest is doing."""

    IDLE = "idle"  # nothing is wanted
    WANTED = "wanted"  # a worker will come
    RUNNING = "running"  # a worker has it
    POSTPONED = "postponed"  # wanted, and not before its time


@dataclass(frozen=True, slots=True)
class Reading:
    """What the last reading of a day past its end showed, and how often in a row."""

    content: str = ""
    alike: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """See the head of this file. `outcome` is "ok" or the code of the last trouble; `at` is when that was."""

    wanted: tuple[date, ...] = ()
    anew: tuple[
        date, ...
    ] = ()  # wished for since the claim, so that the listing under way does not answer it
    followed: Mapping[date, Reading] = field(default_factory=dict)
    sifted: tuple[date, ...] = ()  # of those wanted, what is to be listed whatever a calendar of days may say
    empty: tuple[date, ...] = ()  # not listed, for the vendor's calendar of days had nothing on them
    slot: int | None = None  # the period for which the schedule has made its wish
    lag: float = 0.0  # by how much of a period that wish came later than its rhythm had it
    shown: str = ""  # the newest day that was listed, and its content
    quiet: int = 0  # listings of the newest day in a row that showed no news; below 0: more than one that did
    habit: tuple[int, ...] = ()  # of each hour, how often it had news; see `rhythm`
    retry_at: datetime | None = None
    failures: int = 0
    lease: Lease | None = None
    at: datetime | None = None
    outcome: str | None = None
    detail: str = ""

    def course(self, now: datetime) -> Course:
        """What it is doing."""
        if self.lease and now < self.lease.until:
            return Course.RUNNING
        if not self.wanted:
            return Course.IDLE
        return Course.POSTPONED if self.retry_at and now < self.retry_at else Course.WANTED


def offset(every: timedelta, seed: str) -> timedelta:
    """How far into a period its time comes."""
    return every * (_EARLIEST + _SPREAD * Random(seed).random())


def slot_of(now: datetime, every: timedelta, seed: str) -> int:
    """The number of the last period whose time had come by `now`: a few minutes into each, spread by chance."""
    return int((now - offset(every, seed)).timestamp() // every.total_seconds())


def begin_of(slot: int, every: timedelta, seed: str) -> datetime:
    """When the time of a period came."""
    return datetime.fromtimestamp(slot * every.total_seconds(), UTC) + offset(every, seed)


def wish(standing: Standing, days: Iterable[date], retry: bool = True) -> Standing:
    """Want days. A wish of somebody waits for nothing; `retry` False leaves a postponement as it is."""
    wished = set(days)
    anew = tuple(sorted({*standing.anew, *wished})) if standing.lease else ()
    standing = replace(standing, wanted=tuple(sorted({*standing.wanted, *wished})), anew=anew)
    return replace(standing, retry_at=None) if retry else standing


def schedule(standing: Standing, slot: int, today: date, length: float = 1.0, dawn: bool = False) -> Standing:
    """The schedule's wish for a period: today, and all that is still followed; `length` periods after its last.

    Lengths that are no whole number come true on average. `dawn`: the day has hardly begun and the wish after this one comes
    soon, so that the new day need not be listed now.
    """
    late = slot - standing.slot + standing.lag - length if standing.slot is not None else 0.0
    if late < 0:
        return standing
    first = min(today - timedelta(days=1), max(standing.followed, default=today) + timedelta(days=1))
    missed = (today - timedelta(days=back) for back in range(KEPT_BY_VENDORS.days))
    unread = standing.followed.get(today - timedelta(days=1)) == Reading()
    begun = dawn and unread and today not in standing.followed
    fresh = {day: Reading() for day in missed if day >= first and not (begun and day == today)}
    kept = {day: seen for day, seen in standing.followed.items() if day > today - KEPT_BY_VENDORS}
    followed = {**fresh, **kept} if standing.slot is None else {**_since(fresh, kept), **kept}
    wanted = {day for day in (*standing.wanted, *followed) if day > today - OLDEST}
    return replace(standing, wanted=tuple(sorted(wanted)), followed=followed, slot=slot, lag=late % 1)


def _since(fresh: Mapping[date, Reading], kept: Mapping[date, Reading]) -> dict[date, Reading]:
    """Of the fresh days those after the last that is followed: an earlier one was closed."""
    return {day: seen for day, seen in fresh.items() if not kept or day > max(kept)}


def is_last(standing: Standing, day: date, over: bool) -> bool:
    """Whether nobody may list a day again once it is listed now: it will be closed, or is not followed."""
    seen = standing.followed.get(day)
    return over and (seen is None or seen.alike + 1 >= ALIKE)


def closes(standing: Standing, day: date, content: str) -> bool:
    """Whether a listing of this content, the last one by `is_last`, closes the day: no other will follow."""
    seen = standing.followed.get(day)
    return seen is None or seen.content == content


def overdue(standing: Standing, waits: Backoff, seed: str) -> Standing:
    """A worker that never came back: tried again at once, and after a growing wait if that was not the first trouble."""
    assert standing.lease is not None
    ended = standing.lease.until
    wait = wait_after(standing, waits, seed) if standing.failures else timedelta(0)
    return failed(standing, "lease-over", "", ended, ended + wait)


def claim(standing: Standing, lease: Lease) -> Standing:
    """A worker lists its oldest wanted day, which expires first."""
    return replace(standing, lease=lease, anew=())


def given_back(standing: Standing, now: datetime, dead: Callable[[str], bool]) -> Standing:
    """If the worker that has it is no more: as if its lease had just run out."""
    if standing.lease is None or not dead(standing.lease.owner):
        return standing
    return replace(standing, lease=replace(standing.lease, until=now))


def renewed(standing: Standing, lease: Lease) -> Standing:
    """The same worker goes on; nothing when the claim is no longer its own."""
    ours = standing.lease is not None and standing.lease.owner == lease.owner
    return replace(standing, lease=lease) if ours else standing


def listed(
    standing: Standing,
    day: date,
    content: str,
    now: datetime,
    over: bool,
    detail: str,
    hours: Collection[int] = (),
) -> Standing:
    """A day was listed to its end. `over`: the day and its grace had passed when it was read. `hours`: those with news."""
    closed = over and standing.followed.get(day) == Reading(content, ALIKE - 1)
    wanted = tuple(other for other in standing.wanted if other != day or day in standing.anew)
    return replace(
        _noted(standing, day, content, over),
        wanted=wanted,
        anew=(),
        followed=read_once_more(standing.followed, day, content) if over else standing.followed,
        sifted=tuple(other for other in standing.sifted if other != day),
        empty=tuple(other for other in standing.empty if other != day),
        habit=rhythm.learnt(standing.habit, hours) if closed else standing.habit,
        lease=None,
        retry_at=None,
        failures=0,
        at=now,
        outcome="ok",
        detail=detail,
    )


def read_once_more(followed: Mapping[date, Reading], day: date, content: str) -> Mapping[date, Reading]:
    """What is followed after one more reading of a day past its end."""
    if day not in followed:
        return followed
    alike = followed[day].alike + 1 if followed[day].content == content else 1
    if alike >= ALIKE and len(followed) > 1:  # the last one followed tells the schedule where to go on
        return {other: seen for other, seen in followed.items() if other != day}
    return {**followed, day: Reading(content, alike)}


def _noted(standing: Standing, day: date, content: str, over: bool) -> Standing:
    """Whether the newest day had news: it decides how soon it is listed again."""
    before, _, seen = standing.shown.partition(" ")
    if over or day.isoformat() < before:
        return standing
    shown = f"{day} {content}"
    if content not in (seen, NOTHING) or (before != day.isoformat() and content != NOTHING):
        return replace(
            standing, shown=shown, quiet=0 if standing.quiet > 0 else max(standing.quiet - 1, rhythm.BUSY)
        )
    fresh = before not in ("", day.isoformat())  # a day that has just begun says nothing yet
    return replace(standing, shown=shown, quiet=standing.quiet if fresh else max(standing.quiet, 0) + 1)


def failed(standing: Standing, code: str, detail: str, now: datetime, until: datetime) -> Standing:
    """A day could not be listed: it stays wanted, and waits."""
    return replace(
        standing,
        lease=None,
        retry_at=until,
        failures=standing.failures + 1,
        at=now,
        outcome=code,
        detail=detail,
    )


def wait_after(standing: Standing, waits: Backoff, seed: str) -> timedelta:
    """How long to wait after one more failure."""
    return waits.wait(standing.failures + 1, seed)
