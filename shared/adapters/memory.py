"""The memory twins of the stores, the doorbells and the clock: the same promises, in one process, lost at its end.

They are shipped, not test doubles: whoever embeds the domain without Redis uses them, and one contract suite holds
them to what Redis does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import RLock

from shared.adapters.memory_lanes import MemoryLanes, Waiter
from shared.domain.camera import Camera
from shared.domain.effects import Ring
from shared.domain.job import ENDED, Job, Lane, State, Window
from shared.ports import (
    CALLBACKS_KEPT,
    Callback,
    Change,
    Clock,
    HistoryLine,
    LaneView,
    Overdue,
    Page,
    Query,
    Result,
    Snapshot,
    Span,
    span_of,
)

HISTORY_CAP = 200
COMMITS_KEPT = 8


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)) -> None:
        self.at = at

    def now(self) -> datetime:
        """The instant to which it was moved."""
        return self.at

    def move(self, by: timedelta) -> None:
        """Let time pass."""
        self.at += by


class ListQueue:
    """Doorbells as a list."""

    def __init__(self) -> None:
        self.rung: list[Ring] = []

    def ring(self, bell: Ring) -> None:
        """Remember it."""
        self.rung.append(bell)


class MemoryCameras:
    """Cameras as given."""

    def __init__(self, *cameras: Camera) -> None:
        self.cameras = {camera.name: camera for camera in cameras}

    def get(self, name: str) -> Camera | None:
        """One camera, or None."""
        return self.cameras.get(name)

    def all(self) -> Sequence[Camera]:
        """All of them."""
        return tuple(self.cameras.values())


class MemoryShared:
    """Shared memory of one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._values: dict[str, tuple[str, datetime | None]] = {}
        self._lock = RLock()

    def get(self, key: str) -> str | None:
        """The value, or None when it is absent or its time is over."""
        with self._lock:
            value, until = self._values.get(key, (None, None))
            return None if until and until <= self._clock.now() else value

    def get_many(self, keys: Sequence[str]) -> Sequence[str | None]:
        """The value of each."""
        return [self.get(key) for key in keys]

    def swap(self, key: str, old: str | None, new: str | None, ttl: timedelta | None = None) -> bool:
        """Compare and swap."""
        with self._lock:
            if self.get(key) != old:
                return False
            self._values.pop(key, None)
            if new is not None:
                self._values[key] = (new, self._clock.now() + ttl if ttl else None)
            return True

    def hold(self, name: str, owner: str, ttl: timedelta) -> bool:
        """Take or renew a lease."""
        with self._lock:
            holder = self.get(f"lease:{name}")
            return holder in (None, owner) and self.swap(f"lease:{name}", holder, owner, ttl)

    def release(self, name: str, owner: str) -> None:
        """Give a lease back."""
        self.swap(f"lease:{name}", owner, None)

    def holder(self, name: str) -> str | None:
        """Who has a lease."""
        return self.get(f"lease:{name}")

    def count(self, limits: Mapping[str, int | None], ttl: timedelta) -> str | None:
        """Add one to each counter, or to none."""
        with self._lock:
            counts = {key: int(self.get(key) or 0) for key in limits}
            for key, limit in limits.items():
                if limit is not None and counts[key] >= limit:
                    return key
            for key, number in counts.items():
                self._values[key] = (str(number + 1), self._clock.now() + ttl)
            return None


@dataclass
class _Row:
    job: Job
    version: int
    queue: str | None
    urgency: float
    occupies: bool
    waits: bool
    commits: list[str]
    lanes: tuple[Lane, ...] = ()
    history: list[HistoryLine] = field(default_factory=list)
    callbacks: list[Callback] = field(default_factory=list)


class MemoryJobStore:
    """The twin of the Redis job store; see `ports.JobStore` for the promises."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = RLock()
        self._rows: dict[str, _Row] = {}
        self._wishes: dict[str, str] = {}
        self._due: dict[str, datetime] = {}  # when the sweep looks: not while a job waits for room
        self._owed: dict[str, datetime] = {}
        self._ready: dict[str, dict[str, float]] = {}
        self._neglected: dict[str, datetime] = {}
        self._lanes = MemoryLanes(self.now)
        self._spans: dict[str, dict[str, Span]] = {}

    def now(self) -> datetime:
        """The given clock's now."""
        return self._clock.now()

    def load(self, job_id: str) -> Snapshot | None:
        """The job as it is now, or None."""
        with self._lock:
            row = self._rows.get(job_id)
            if row is None:
                return None
            return Snapshot(row.job, row.version, self.now())

    def commit(self, change: Change) -> Result:
        """Save all, or nothing."""
        with self._lock:
            row = self._rows.get(change.job.id)
            if row and change.commit in row.commits:
                return Result.SAVED
            if (row.version if row else 0) != change.version:
                return Result.CONFLICT
            if row is None and change.job.wish in self._wishes:
                return Result.EXISTS
            if change.claims and row and not self._admit(change, row):
                return Result.NO_ROOM
            self._save(change, row)
            return Result.SAVED

    def _admit(self, change: Change, row: _Row) -> bool:
        """A claim needs room in every lane; news that a download runs is a fact, and needs none."""
        if row.occupies:
            return True
        self._drop(row)
        admitted = self._lanes.admits(change.job.lanes)
        if not admitted:
            row.lanes = change.job.lanes
            self._offer(row)
        return admitted

    def _save(self, change: Change, row: _Row | None) -> None:
        job = change.job
        row = row or self._rows.setdefault(job.id, _Row(job, 0, None, 0, False, False, []))
        occupied = row.occupies
        self._drop(row)
        self._lanes.leave(job.id, row.lanes)
        row.job, row.version, row.lanes = job, row.version + 1, job.lanes
        row.commits = [*row.commits, change.commit][-COMMITS_KEPT:]
        row.queue, row.urgency, row.occupies = change.queue, change.urgency, change.occupies
        row.waits = change.waits_for_room
        self._wishes[job.wish] = job.id
        if span := span_of(change):
            self._spans.setdefault(job.camera, {})[job.wish] = span
        _put(self._due, job.id, job.due_at)
        _put(self._owed, job.id, job.owed_at)
        for name, until in change.not_before.items():
            self._lanes.close(name, until)
        if change.occupies:
            runner = f"{job.attempt}:{(job.current and job.current.stream_id) or ''}"
            self._lanes.enter(job.id, job.lanes, runner)
            if not occupied:
                self._lanes.had_its_turn(job.lanes)
        if change.queue and (change.occupies or (job.due_at and job.due_at <= self.now())):
            self._offer(row)
        self._write(row, change.line)
        if change.callback:
            self._keep(row, change.callback)

    def _keep(self, row: _Row, callback: Callback) -> None:
        row.callbacks.append(replace(callback, at=self.now()))
        alike = [kept for kept in row.callbacks if bool(kept.refused) == bool(callback.refused)]
        if len(alike) > CALLBACKS_KEPT:
            row.callbacks.remove(alike[0])

    def _drop(self, row: _Row) -> None:
        self._ready.get(row.queue or "", {}).pop(row.job.id, None)
        self._lanes.drop(row.job.id, row.lanes)

    def _offer(self, row: _Row) -> None:
        """Put a due job where workers find it. Where it waits for room nobody need look, until it is too old."""
        if row.waits and row.lanes:
            self._lanes.wait(Waiter(row.job.id, row.queue or "", row.urgency, row.lanes))
            self._due[row.job.id] = row.job.give_up_at
        else:
            self._ready.setdefault(row.queue or "", {})[row.job.id] = row.urgency

    def _write(self, row: _Row, line: HistoryLine) -> None:
        for place in (-1, -2):
            if len(row.history) >= -place and row.history[place].fold == line.fold:
                row.history[place] = replace(line, count=row.history[place].count + 1)
                return
        row.history = [*row.history, line][-HISTORY_CAP:]

    def note(self, job_id: str, line: HistoryLine) -> None:
        """Add to the history alone."""
        with self._lock:
            if job_id in self._rows:
                self._write(self._rows[job_id], line)

    def keep(self, job_id: str, callback: Callback) -> bool:
        """Keep what was refused."""
        with self._lock:
            if job_id in self._rows:
                self._keep(self._rows[job_id], callback)
            return job_id in self._rows

    def callbacks(self, job_id: str) -> Sequence[Callback]:
        """Oldest first."""
        with self._lock:
            return tuple(self._rows[job_id].callbacks) if job_id in self._rows else ()

    def take(self, queue: str) -> str | None:
        """The next job of a queue."""
        with self._lock:
            self._neglected.pop(queue, None)
            ready = self._ready.get(queue, {})
            if ready:
                job_id = min(ready, key=lambda each: (ready[each], each))
                del ready[job_id]
                return job_id
            given = self._lanes.take(queue)
            if given is not None:
                self._due[given] = self.now()
            return given

    def take_owed(self, hold: timedelta) -> str | None:
        """A job whose debt is due."""
        with self._lock:
            job_id = min(self._owed, key=lambda each: (self._owed[each], each), default=None)
            if job_id is None or self._owed[job_id] > self.now():
                return None
            self._owed[job_id] = self.now() + hold
            return job_id

    def overdue(self, limit: int) -> Overdue:
        """What a sweep has to look at."""
        with self._lock:
            clocks: list[str] = []
            for job_id in sorted(
                (j for j, at in self._due.items() if at <= self.now()), key=lambda j: (self._due[j], j)
            ):
                row = self._rows[job_id]
                claimable = row.queue and not row.occupies and self.now() < row.job.give_up_at
                if claimable and job_id not in self._ready.get(row.queue or "", {}):
                    self._drop(row)
                    self._offer(row)
                elif not claimable and len(clocks) < limit:
                    clocks.append(job_id)
            waiting = self._waiting()
            self._neglected = {queue: self._neglected.get(queue, self.now()) for queue in waiting}
            return Overdue(tuple(clocks), waiting, sum(at <= self.now() for at in self._owed.values()))

    def _waiting(self) -> Mapping[str, int]:
        queues = {row.queue for row in self._rows.values() if row.queue}
        numbers = {q: len(self._ready.get(q, ())) + self._lanes.claimable(q) for q in queues}
        return {queue: number for queue, number in numbers.items() if number}

    def find(self, wish: str) -> str | None:
        """The job for a wish."""
        with self._lock:
            return self._wishes.get(wish)

    def list(self, query: Query) -> Page:
        """Jobs, newest first."""
        with self._lock:
            jobs = [self._rows[job_id].job for job_id in sorted(self._rows, reverse=True)]
        found = [job for job in jobs if query.wants(job) and (query.before is None or job.id < query.before)]
        page = tuple(found[: query.limit])
        return Page(page, page[-1].id if len(found) > query.limit else None)

    def history(self, job_id: str) -> Sequence[HistoryLine]:
        """Oldest first."""
        with self._lock:
            return tuple(self._rows[job_id].history) if job_id in self._rows else ()

    def counts(self) -> Mapping[State, int]:
        """Jobs per state."""
        with self._lock:
            return {state: sum(row.job.state == state for row in self._rows.values()) for state in State}

    def lane(self, name: str) -> LaneView:
        """Who runs in a lane."""
        with self._lock:
            return self._lanes.view(name)

    def spans(self, camera: str, window: Window) -> Sequence[Span]:
        """What touches a window."""
        with self._lock:
            spans = self._spans.get(camera, {}).values()
        touching = [s for s in spans if s.window.start < window.end and window.start < s.window.end]
        return tuple(sorted(touching, key=lambda span: (span.window.start, span.window.end)))

    def overdue_seconds(self) -> float:
        """The age of the oldest due."""
        with self._lock:
            since = min((*self._due.values(), *self._neglected.values()), default=self.now())
            return max(0.0, (self.now() - since).total_seconds())

    def forget(self, before: datetime, limit: int) -> int:
        """Drop old ended jobs."""
        with self._lock:
            rows = [r for r in self._rows.values() if r.job.state in ENDED and r.job.updated_at < before]
            old = [row.job for row in rows if row.job.owed_at is None][:limit]
            for job in old:
                del self._rows[job.id]
                if self._wishes.get(job.wish) == job.id:
                    del self._wishes[job.wish]
            return len(old)


def _put(index: dict[str, datetime], job_id: str, at: datetime | None) -> None:
    if at is None:
        index.pop(job_id, None)
    else:
        index[job_id] = at
