"""The simulated cloud's clock: real time and an offset. It decides what is published, what has expired, and who is late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MOST_OFFSET = timedelta(days=3660)


class CloudClock:
    """Runs as fast as any clock; `offset` seconds ahead of this machine's, or behind."""

    def __init__(self) -> None:
        self._offset = timedelta()

    @property
    def offset(self) -> float:
        """Seconds ahead of this machine's clock."""
        return self._offset.total_seconds()

    def now(self) -> datetime:
        """The cloud's present instant, aware, in UTC."""
        return datetime.now(UTC) + self._offset

    def shift(self, seconds: float) -> None:
        """Be so far ahead of this machine's clock; ValueError beyond ten years."""
        if not abs(seconds) <= MOST_OFFSET.total_seconds():
            raise ValueError("offset: seconds, ten years at most")
        self._offset = timedelta(seconds=seconds)

    def set(self, instant: datetime) -> None:
        """Make it be that aware instant now."""
        self.shift((instant - datetime.now(UTC)).total_seconds())
