"""Counts bad tries by caller and minute, over all processes, so that nobody can guess for long, and a flood stays cheap.

One question to the store counts a try, and only until its bucket is full: what a process has seen full it remembers for
the rest of the minute, and asks no more. Callers without end cost no more either: once a process has counted so many tries
in a minute, further ones of callers it does not know pass uncounted. While the store is away nobody is counted; the log-in
page, which needs it to know who has tried too often, waits for it.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from flask import current_app, request
from werkzeug.exceptions import TooManyRequests

from shared.errors import Transient
from webhook.parts import services
from webhook.peers import holder

MINUTE = timedelta(minutes=1)
BAD_TRIES = 100  # a minute, at the addresses that vendors call; a good one is never refused for them
MOST = 5_000  # tries that a process counts in a minute: each may be a key in the store, for two minutes
PLACE = "gleaner-throttle"


@dataclass
class Minute:
    """What this process knows of the minute: its number by the store's clock, and until when by its own."""

    most: int = MOST
    number: int = -1
    until: float = 0.0
    counted: int = 0
    full: set[str] = field(default_factory=set)

    def key(self, what: str) -> str:
        """The caller's bucket. Transient when the store would have to tell the time, and does not."""
        if services().tick() >= self.until:
            self._begin()
        return f"bad-tries:{what}:{holder(request.environ, services().settings)}:{self.number}"

    def _begin(self) -> None:
        length = MINUTE.total_seconds()
        number, gone = divmod(services().jobs.now().timestamp(), length)
        if number != self.number:
            self.number, self.counted, self.full = int(number), 0, set()
        self.until = services().tick() + length - gone


def count_bad_try(what: str, limit: int) -> None:
    """One more bad try of this caller in this minute. TooManyRequests when it has had `limit` of them before."""
    minute = _minute()
    try:
        key = minute.key(what)
        if key not in minute.full and minute.counted < minute.most:
            minute.counted += 1
            if services().memory.count({key: limit}, 2 * MINUTE):
                minute.full.add(key)
    except Transient:
        return
    _refuse(key in minute.full)


def refuse_after(what: str, limit: int) -> None:
    """TooManyRequests when this caller has had `limit` bad tries in this minute."""
    minute = _minute()
    key = minute.key(what)
    if key not in minute.full and int(services().memory.get(key) or 0) >= limit:
        minute.full.add(key)
    _refuse(key in minute.full)


def _refuse(full: bool) -> None:
    if full:
        raise TooManyRequests("too many bad tries; wait a minute", retry_after=60)


def _minute() -> Minute:
    found: Minute = current_app.extensions.setdefault(PLACE, Minute())
    return found
