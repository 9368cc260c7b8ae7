"""All records of the simulated account, those that were added by hand included. Safe to use from any thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from random import Random
from zoneinfo import ZoneInfo

from gleaner.sandbox.channels import EVENTS, PACKAGES, Channel
from gleaner.sandbox.records import CHANNELS_AT_MOST, RETENTION, Chapter, Day, Record, channel_of, draw

MOST_AT_ONCE = 500


@dataclass(frozen=True)
class Addition:
    """A wish for more: so many chapters of a day's digest, or so many events; with these tags, if any."""

    device: str
    number: str
    package: str
    day: date
    chapters: int = 1
    tags: tuple[str, ...] = ()


class Content:
    """The channels, each in its place, and what each day of them holds."""

    def __init__(self, channels: Sequence[Channel], zone: ZoneInfo) -> None:
        if len(channels) > CHANNELS_AT_MOST:
            raise ValueError(f"{CHANNELS_AT_MOST} channels at most")
        self.channels = tuple(channels)
        self.zone = zone
        self._added: dict[Day, tuple[Chapter, ...]] = {}
        self._guard = threading.Lock()

    def find(self, device: str, number: str) -> Channel | None:
        """A channel of the account, or None."""
        return next((each for each in self.channels if (each.device, each.number) == (device, number)), None)

    def device_of(self, record_id: int) -> str:
        """Whose record has this id; the empty name when nobody's can."""
        place = channel_of(record_id)
        return self.channels[place].device if place < len(self.channels) else ""

    def days(self, now: datetime, first: date, last: date) -> Iterator[date]:
        """Those from the first to the last that may hold records at an instant."""
        at = max(first, (now - RETENTION).astimezone(self.zone).date())
        while at <= min(last, now.astimezone(self.zone).date()):
            yield at
            at += timedelta(days=1)

    def records(
        self, channel: Channel, package: str, day: date, now: datetime, *, bare: bool = False
    ) -> tuple[Record, ...]:
        """What is listed of a day at an instant, by id; nothing of a package that was not bought.

        `bare`: only what was added by hand.
        """
        if package not in channel.packages:
            return ()
        whole = self._day(channel, package, day)
        with self._guard:
            added = self._added.get(whole, ())
        return whole.records(now, added, bare=bare)

    def add(self, wish: Addition, now: datetime) -> tuple[tuple[Record, Chapter], ...]:
        """Make more of a day at once: what was added, each with its record. ValueError when it cannot be."""
        channel = self.find(wish.device, wish.number)
        if channel is None or wish.package not in channel.packages:
            raise ValueError("no such device, channel or package")
        if not 1 <= wish.chapters <= MOST_AT_ONCE:
            raise ValueError(f"chapters from 1 to {MOST_AT_ONCE}")
        day = self._day(channel, wish.package, wish.day)
        if not now - RETENTION < day.midnight <= now:
            raise ValueError("day: one of the last 30, today included")
        with self._guard:
            before = self._added.get(day, ())
            made = _made(day, before, wish, now)
            self._added[day] = before + made
        listed = {record.created: record for record in day.records(now, before + made)}
        events = wish.package == EVENTS
        return tuple((listed[each.start if events else day.midnight], each) for each in made)

    def _day(self, channel: Channel, package: str, day: date) -> Day:
        place = 2 * self.channels.index(channel) + PACKAGES.index(package)
        return Day(channel, package, place, day, self.zone)


def _made(day: Day, before: tuple[Chapter, ...], wish: Addition, now: datetime) -> tuple[Chapter, ...]:
    taken = {each.start for each in (*day.drawn(), *before)}
    step = timedelta(seconds=1) if day.package == EVENTS else timedelta(minutes=1)
    free = list(islice((start for start in _starts(day, now, step) if start not in taken), wish.chapters))
    if len(free) < wish.chapters:
        raise ValueError("the day has no room for so many yet")
    dice = Random(f"{day.channel.device} {day.channel.number} {day.day} {len(before)}")
    return tuple(sorted((draw(dice, start, now, wish.tags) for start in free), key=lambda each: each.start))


def _starts(day: Day, now: datetime, step: timedelta) -> Iterator[datetime]:
    """Every instant that may be added: events from the newest back, time points full hours first, then half ones."""
    end = min(now, day.next_midnight - step)
    places = range((end - day.midnight) // step + 1)
    if day.package == EVENTS:
        return (day.midnight + place * step for place in reversed(places))
    return iter(sorted((day.midnight + place * step for place in places), key=_roundness))


def _roundness(start: datetime) -> tuple[int, datetime]:
    minute = start.astimezone(UTC).minute
    rank = next(rank for rank, step in enumerate((60, 30, 15, 5, 1)) if minute % step == 0)
    return rank, start
