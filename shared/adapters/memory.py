"""The memory twins of the stores, the doorbells and the clock: the same promises, in one process, lost at its end.

They are shipped, not test doubles: whoever embeds the domain without Redis uses them, and one contract suite holds
them to what Redis does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import RLock

from shared.domain.camera import Camera
from shared.domain.effects import Ring
from shared.domain.job import ENDED, Job, State, Window
from shared.ports import (
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
    history: list[HistoryLine] = field(default_factory=list)


@dataclass
class _LaneRow:
    runners: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, float] = field(default_factory=dict)
    not_before: datetime | None = None


class MemoryJobStore:
    """The twin of the Redis job store; see `ports.JobStore` for the promises."""

    def __init__(self, clock: Clock, patience: timedelta = timedelta(seconds=30)) -> None:
        self._clock = clock
        self._patience = patience  # how long a job waits for a lane before it is offered again anyway
        self._lock = RLock()
        self._rows: dict[str, _Row] = {}
        self._wishes: dict[str, str] = {}
        self._due: dict[str, datetime] = {}
        self._owed: dict[str, datetime] = {}
        self._ready: dict[str, dict[str, float]] = {}
        self._lanes: dict[str, _LaneRow] = {}
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
            return Snapshot(replace(row.job, due_at=self._due.get(job_id)), row.version, self.now())

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
        full = self._full_lane(change.job)
        if full is not None:
            self._park(row, full)
        return full is None

    def _full_lane(self, job: Job) -> str | None:
        for lane in job.lanes:
            view = self._lanes.setdefault(lane.name, _LaneRow())
            closed = view.not_before is not None and view.not_before > self.now()
            if closed or len(view.runners.keys() - {job.id}) >= lane.room:
                return lane.name
        return None

    def _park(self, row: _Row, lane: str) -> None:
        view = self._lanes[lane]
        view.waiting[row.job.id] = row.urgency
        self._ready.get(row.queue or "", {}).pop(row.job.id, None)
        patience = self.now() + self._patience
        self._due[row.job.id] = min(max(patience, view.not_before or patience), row.job.give_up_at)

    def _save(self, change: Change, row: _Row | None) -> None:
        job = change.job
        old_lanes = row.job.lanes if row else ()
        row = row or self._rows.setdefault(job.id, _Row(job, 0, None, 0, False, False, []))
        self._leave_queues(row)
        row.job, row.version, row.commits = (
            job,
            row.version + 1,
            [*row.commits, change.commit][-COMMITS_KEPT:],
        )
        row.queue, row.urgency, row.occupies = change.queue, change.urgency, change.occupies
        row.waits = change.waits_for_room
        self._wishes[job.wish] = job.id
        if span := span_of(change):
            self._spans.setdefault(job.camera, {})[job.wish] = span
        _put(self._due, job.id, job.due_at)
        _put(self._owed, job.id, job.owed_at)
        for name, until in change.not_before.items():
            self._lanes.setdefault(name, _LaneRow()).not_before = until
        for lane in {*old_lanes, *job.lanes}:
            self._lanes.setdefault(lane.name, _LaneRow()).runners.pop(job.id, None)
        if change.occupies:
            runner = f"{job.attempt}:{(job.current and job.current.stream_id) or ''}"
            for lane in job.lanes:
                self._lanes[lane.name].runners[job.id] = runner
        if change.queue and (change.occupies or (job.due_at and job.due_at <= self.now())):
            self._offer(row)
        for lane in dict.fromkeys([*old_lanes, *job.lanes]):
            self._wake(lane.name)
        self._write(row, change.line)

    def _leave_queues(self, row: _Row) -> None:
        self._ready.get(row.queue or "", {}).pop(row.job.id, None)
        for lane in row.job.lanes:
            self._lanes.setdefault(lane.name, _LaneRow()).waiting.pop(row.job.id, None)

    def _offer(self, row: _Row) -> bool:
        """Put a due job where it can be claimed, or let it wait at the first lane without room."""
        full = self._full_lane(row.job) if row.waits else None
        if full is not None:
            self._park(row, full)
            return False
        self._ready.setdefault(row.queue or "", {})[row.job.id] = row.urgency
        return True

    def _wake(self, name: str) -> None:
        """Let waiters of a lane go, one for each free place."""
        view = self._lanes[name]
        while view.waiting:
            job_id = min(view.waiting, key=lambda each: (view.waiting[each], each))
            if name == self._full_lane(self._rows[job_id].job):
                return
            del view.waiting[job_id]
            self._due[job_id] = self.now()
            if self._offer(self._rows[job_id]):
                return

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

    def take(self, queue: str) -> str | None:
        """The most urgent job of a queue."""
        with self._lock:
            ready = self._ready.get(queue, {})
            job_id = min(ready, key=lambda each: (ready[each], each), default=None)
            if job_id is not None:
                del ready[job_id]
            return job_id

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
                    for lane in row.job.lanes:
                        self._lanes[lane.name].waiting.pop(job_id, None)
                    self._offer(row)
                elif not claimable and len(clocks) < limit:
                    clocks.append(job_id)
            waiting = {queue: len(jobs) for queue, jobs in self._ready.items() if jobs}
            return Overdue(tuple(clocks), waiting, sum(at <= self.now() for at in self._owed.values()))

    def find(self, wish: str) -> str | None:
        """The job for a wish."""
        with self._lock:
            return self._wishes.get(wish)

    def list(self, query: Query) -> Page:
        """Jobs, newest first."""
        with self._lock:
            jobs = [
                replace(self._rows[j].job, due_at=self._due.get(j)) for j in sorted(self._rows, reverse=True)
            ]
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
            view = self._lanes.get(name, _LaneRow())
            return LaneView(dict(view.runners), len(view.waiting), view.not_before)

    def spans(self, camera: str, window: Window) -> Sequence[Span]:
        """What touches a window."""
        with self._lock:
            spans = self._spans.get(camera, {}).values()
        touching = [s for s in spans if s.window.start < window.end and window.start < s.window.end]
        return tuple(sorted(touching, key=lambda span: (span.window.start, span.window.end)))

    def overdue_seconds(self) -> float:
        """The age of the oldest due."""
        with self._lock:
            return max(
                0.0, max(((self.now() - at).total_seconds() for at in self._due.values()), default=0.0)
            )

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
