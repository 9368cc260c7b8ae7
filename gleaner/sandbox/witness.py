"""What the simulated platform saw and did, for tests and for the curious.

Bounded: the last 2000 requests and callbacks, the last 10 000 windows, of each device the last 2000 downloads. Safe to use from any thread.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from gleaner.sandbox.timeline import Timeline, Window, tail

LAST = 2000
LAST_WINDOWS = 10_000
SECRET_HEADERS = frozenset({"Token", "linker-sign"})


@dataclass(frozen=True)
class Seen:
    """One request; the verdict is "ok" or why not."""

    at: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    verdict: str


@dataclass(frozen=True)
class Called:
    """One callback; the outcome is "taken" or why not."""

    at: str
    stream_id: str
    body: Mapping[str, Any]
    tries: int
    outcome: str


@dataclass(frozen=True)
class Tally:
    """How often a window was asked for, and how often its download was started."""

    asked: int = 0
    accepted: int = 0


@dataclass
class Witness:
    """What is remembered; written by the platform, read by anyone.

    `asks`, `lists` and `teardowns` count the progress queries, the lists of recordings and the teardowns that were asked
    for, by device, whatever was answered; queries about a stream that never was are under the empty name.
    """

    requests: deque[Seen] = field(default_factory=lambda: deque(maxlen=LAST))
    callbacks: deque[Called] = field(default_factory=lambda: deque(maxlen=LAST))
    windows: OrderedDict[Window, Tally] = field(default_factory=OrderedDict)
    most_at_once: Counter[str] = field(default_factory=Counter)
    timeline: Timeline = field(default_factory=Timeline)
    asks: Counter[str] = field(default_factory=Counter)
    lists: Counter[str] = field(default_factory=Counter)
    teardowns: Counter[str] = field(default_factory=Counter)
    _guard: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def request(self, seen: Seen) -> None:
        """A request was answered, or was left without an answer."""
        with self._guard:
            self.requests.append(seen)

    def callback(self, called: Called) -> None:
        """A callback was sent, or given up."""
        with self._guard:
            self.callbacks.append(called)

    def asked(self, window: Window) -> None:
        """A well-formed submission for a known channel arrived."""
        with self._guard:
            tally = self.windows.get(window, Tally())
            self.windows[window] = replace(tally, asked=tally.asked + 1)
            if len(self.windows) > LAST_WINDOWS:
                self.windows.popitem(last=False)

    def accepted(self, window: Window, running: int) -> None:
        """Its download was started; `running` of the device's now run at once."""
        with self._guard:
            tally = self.windows.get(window, Tally())
            self.windows[window] = replace(tally, accepted=tally.accepted + 1)
            self.most_at_once[window.device_unicode] = max(self.most_at_once[window.device_unicode], running)

    def counted(self, requests: Counter[str], device_unicode: str) -> None:
        """A request of one sort arrived that is about a device; count it."""
        with self._guard:
            requests[device_unicode] += 1

    def as_json(self, last: int) -> dict[str, Any]:
        """Everything, with the `last` requests, callbacks and downloads of each device; secrets are masked."""
        with self._guard:
            return self.timeline.as_json(last) | {
                "submissions": [window.as_json() | asdict(tally) for window, tally in self.windows.items()],
                "most_at_once": dict(self.most_at_once),
                "asks": dict(self.asks),
                "lists": dict(self.lists),
                "teardowns": dict(self.teardowns),
                "requests": [_masked(seen) for seen in tail(self.requests, last)],
                "callbacks": [asdict(called) for called in tail(self.callbacks, last)],
            }


def _masked(seen: Seen) -> dict[str, Any]:
    headers = {name: "***" if name in SECRET_HEADERS else value for name, value in seen.headers.items()}
    return {**asdict(seen), "headers": headers}
