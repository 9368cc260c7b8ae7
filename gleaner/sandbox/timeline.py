"""When each simulated device was at work: its downloads, from being accepted to setting the device free, and the idle times.

A device that runs several downloads at once has as many rooms. A download takes the room that has been free for longest,
and the idle time is that room's. Safe to use from any thread.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

LAST_RUNS = 2000


class Window(NamedTuple):
    """What one submission is about."""

    device_unicode: str
    channel: str
    start: datetime
    end: datetime

    def as_json(self) -> dict[str, str]:
        return {**self._asdict(), "start": self.start.isoformat(), "end": self.end.isoformat()}


@dataclass(frozen=True)
class Moment:
    """An instant by the clock on the wall and by one that only counts seconds."""

    at: str
    monotonic: float


def _now() -> Moment:
    return Moment(datetime.now(UTC).isoformat(), time.monotonic())


@dataclass
class Run:
    """One download of a device; `freed` is None while the device is at it."""

    stream_id: str
    window: Window
    accepted: Moment = field(default_factory=_now)
    freed: Moment | None = None

    def as_json(self) -> dict[str, Any]:
        """Monotonic times in seconds, to be compared with one another only."""
        return {
            "stream_id": self.stream_id,
            **self.window.as_json(),
            "accepted_at": self.accepted.at,
            "accepted_monotonic": self.accepted.monotonic,
            "freed_at": self.freed and self.freed.at,
            "freed_monotonic": self.freed and self.freed.monotonic,
        }


@dataclass
class _Device:
    runs: deque[Run] = field(default_factory=lambda: deque(maxlen=LAST_RUNS))
    gaps: deque[float] = field(default_factory=lambda: deque(maxlen=LAST_RUNS))
    free_since: deque[float] = field(default_factory=deque)


class Timeline:
    """The last downloads of every device."""

    def __init__(self) -> None:
        self._devices: defaultdict[str, _Device] = defaultdict(_Device)
        self._guard = threading.Lock()

    def accepted(self, window: Window, stream_id: str) -> Run:
        """The device begins a download."""
        run = Run(stream_id, window)
        with self._guard:
            device = self._devices[window.device_unicode]
            device.runs.append(run)
            if device.free_since:
                device.gaps.append(run.accepted.monotonic - device.free_since.popleft())
        return run

    def freed(self, run: Run) -> None:
        """The device has ended it, however that came."""
        run.freed = _now()
        with self._guard:
            self._devices[run.window.device_unicode].free_since.append(run.freed.monotonic)

    def runs(self, device_unicode: str) -> list[Run]:
        """The downloads of one device, in the order in which they were accepted."""
        with self._guard:
            return list(self._devices[device_unicode].runs)

    def idle(self, device_unicode: str) -> list[float]:
        """Seconds between a download that ended and the next one accepted, each time."""
        with self._guard:
            return list(self._devices[device_unicode].gaps)

    def as_json(self, last: int) -> dict[str, Any]:
        """By device, the `last` downloads and idle times."""
        with self._guard:
            return {
                "timeline": {
                    name: [run.as_json() for run in tail(device.runs, last)]
                    for name, device in self._devices.items()
                },
                "idle": {name: tail(device.gaps, last) for name, device in self._devices.items()},
            }


def tail(entries: Iterable[Any], last: int) -> list[Any]:
    """The last so many."""
    return list(entries)[-last:] if last > 0 else []
