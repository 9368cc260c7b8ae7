"""The records of the simulated cloud: what there is of one channel and one day at an instant.

Which hours had something, and when the events were, follows from device, channel and day, so that every run tells the
same past. A day's digest stands at midnight and grows by a chapter whenever an hour with activity is over, 55 s later;
events are records of their own. All of it lasts 30 days. A record id is made of its instant and its channel, so that ids
ascend with time: what the pages leave open about them is decided so here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from random import Random
from zoneinfo import ZoneInfo

from gleaner.sandbox.channels import EVENTS, Channel
from gleaner.sandbox.sentences import seen

PUBLISHED_AFTER = timedelta(seconds=55)
RETENTION = timedelta(days=30)
CHANNELS_AT_MOST = 500
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
_BUSY_HOURS = range(6, 22)
_BYTES_A_SECOND = 10_819
_PLACES = 2 * CHANNELS_AT_MOST


@dataclass(frozen=True)
class Chapter:
    """A piece of a day's digest; `start` is its time point, `published` when it came and last changed."""

    start: datetime
    published: datetime
    seconds: int
    tags: tuple[str, ...]
    summary: str


@dataclass(frozen=True)
class Record:
    """A record as it is now; for an event `chapters` is empty and `seconds` its own."""

    channel: Channel
    package: str
    place: int
    created: datetime
    tag: str
    seconds: int
    chapters: tuple[Chapter, ...] = ()

    @property
    def revision(self) -> int:
        """How often it has grown."""
        return len(self.chapters)

    @property
    def size(self) -> int:
        """Bytes."""
        return self.seconds * _BYTES_A_SECOND + self.place

    def id(self, *, moving: bool = False) -> int:
        """The same for ever, or `moving`, another one whenever the record grows."""
        return make_id(self.created + timedelta(seconds=self.revision if moving else 0), self.place)


def make_id(created: datetime, place: int) -> int:
    """The id of what was created at an instant; `place` is the channel's and the package's."""
    return int((created - _EPOCH).total_seconds()) * _PLACES + place


def channel_of(record_id: int) -> int:
    """At which place in the account the channel of a record stands."""
    return record_id % _PLACES // 2


@dataclass(frozen=True)
class Day:
    """One day of one package of one channel, in the cloud's zone."""

    channel: Channel
    package: str
    place: int
    day: date
    zone: ZoneInfo

    @property
    def midnight(self) -> datetime:
        return datetime.combine(self.day, time(), self.zone).astimezone(UTC)

    @property
    def next_midnight(self) -> datetime:
        return datetime.combine(self.day + timedelta(days=1), time(), self.zone).astimezone(UTC)

    def records(self, now: datetime, added: tuple[Chapter, ...], *, bare: bool = False) -> tuple[Record, ...]:
        """What is listed at an instant, by id; `added` came by hand, and `bare` is nothing else there."""
        seen = () if bare else self.drawn()
        told = sorted(
            (each for each in (*seen, *added) if each.published <= now),
            key=lambda each: each.start,
        )
        if self.package == EVENTS:
            listed = tuple(self._event(each) for each in told)
        else:
            listed = (self._digest(tuple(told)),) if told else ()
        return tuple(each for each in listed if each.created > now - RETENTION)

    def drawn(self) -> tuple[Chapter, ...]:
        """All that this day will have seen, come what may."""
        draw = _events if self.package == EVENTS else _hours
        return draw(self.channel, self.midnight, self.next_midnight)

    def _digest(self, chapters: tuple[Chapter, ...]) -> Record:
        tags = [tag for each in chapters for tag in each.tags[:1]]
        seconds = sum(each.seconds for each in chapters)
        tag = max(dict.fromkeys(tags), key=tags.count)
        return Record(self.channel, self.package, self.place, self.midnight, tag, seconds, chapters)

    def _event(self, event: Chapter) -> Record:
        return Record(self.channel, self.package, self.place, event.start, event.tags[0], event.seconds)


@lru_cache(maxsize=2000)
def _hours(channel: Channel, midnight: datetime, next_midnight: datetime) -> tuple[Chapter, ...]:
    hours = int((next_midnight - midnight) / timedelta(hours=1))
    found = []
    for hour in range(hours):
        dice = Random(f"{channel.device} {channel.number} {midnight.isoformat()} hour {hour}")
        if dice.random() < (0.85 if hour in _BUSY_HOURS else 0.08) * channel.liveliness:
            start = midnight + timedelta(hours=hour)
            found.append(draw(dice, start, start + timedelta(hours=1) + PUBLISHED_AFTER))
    return tuple(found)


@lru_cache(maxsize=2000)
def _events(channel: Channel, midnight: datetime, _next_midnight: datetime) -> tuple[Chapter, ...]:
    dice = Random(f"{channel.device} {channel.number} {midnight.isoformat()} events")
    first, last = (3600 * hour for hour in (_BUSY_HOURS.start, _BUSY_HOURS.stop))
    moments = sorted(dice.sample(range(first, last), round(dice.randint(4, 8) * channel.liveliness)))
    starts = [midnight + timedelta(seconds=moment) for moment in moments]
    return tuple(draw(dice, start, start + PUBLISHED_AFTER) for start in starts)


def draw(dice: Random, start: datetime, published: datetime, tags: tuple[str, ...] = ()) -> Chapter:
    """Something that was seen at an instant."""
    seen_tags, summary = seen(dice, tags)
    return Chapter(start, published, dice.randint(8, 40), seen_tags, summary)
