"""The doorway: a job changes only through here. Load, advance, save if unchanged, write history, then announce.

Save first, then ring: a doorbell that is lost costs at most one sweep. News that says nothing new is neither written
nor announced. Somebody who was faster costs a reload, never a lost event.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.domain import lifecycle
from shared.domain.changes import replace
from shared.domain.effects import bell_of
from shared.domain.events import Event, Postponed, PrepareStarted
from shared.domain.job import Job
from shared.domain.lifecycle import Moved, Stayed
from shared.domain.retries import Policy
from shared.domain.rules.moving import Late
from shared.errors import NotFound, Transient, Whose
from shared.ports import Callback, Change, EffectQueue, HistoryLine, JobStore, Result

_TRIES = 50


@dataclass(frozen=True, slots=True)
class NoRoom:
    """A lane is full or closed: nothing changed, and the job will be offered again."""

    job: Job


Recorded = Moved | Stayed | Late | NoRoom


@dataclass(frozen=True, slots=True)
class Ledger:
    """The doorway itself, on ports alone."""

    jobs: JobStore
    effects: EffectQueue
    policy: Policy
    table: lifecycle.Table = lifecycle.TABLE

    def record(self, job_id: str, event: Event, callback: Callback | None = None) -> Recorded:
        """Let an event happen to a job. NotFound for a job that has left; Transient when the store has no answer.

        `callback` is what told of it: kept with the job if it changes the job.
        """
        for _ in range(_TRIES):
            found = self.jobs.load(job_id)
            if found is None:
                raise NotFound("unknown-job", job_id)
            result = lifecycle.advance(found.job, event, found.now, self.policy, self.table)
            if isinstance(result, Late):
                self.jobs.note(job_id, _line(found.job, found.job, event, found.now, late=result.why))
                return result
            if result.job is found.job:
                return result
            change = self._change(found.job, result.job, found.version, event, found.now, callback)
            saved = self.jobs.commit(change)
            if saved == Result.NO_ROOM:
                return NoRoom(found.job)
            if saved == Result.SAVED:
                for bell in result.effects:
                    self.effects.ring(bell)
                return result
        raise Transient(
            "store-contended", f"job {job_id} changed {_TRIES} times under our hands", whose=Whose.JOB
        )

    def create(self, job: Job) -> Job | None:
        """Save a new job and announce it. None when a job for the same wish is there already: see `jobs.find`."""
        line = HistoryLine(job.created_at, "Wished", job.state, job.state, 0, job.origin)
        job = _with_due(job, self.policy)
        if self.jobs.commit(self._commit(job, 0, line)) != Result.SAVED:
            return None
        self.effects.ring(bell_of(lifecycle.queue(job) or job.vendor))
        return job

    def _change(
        self, before: Job, after: Job, version: int, event: Event, now: datetime, callback: Callback | None
    ) -> Change:
        closed = {}
        if isinstance(event, Postponed) and event.lane and after.retry_at:
            closed[event.lane] = after.retry_at
        return self._commit(
            after,
            version,
            _line(before, after, event, now),
            says=_said(before) != _said(after),
            claims=isinstance(event, PrepareStarted),
            not_before=closed,
            callback=callback,
        )

    def _commit(
        self,
        job: Job,
        version: int,
        line: HistoryLine,
        *,
        says: bool = True,
        claims: bool = False,
        not_before: Mapping[str, datetime] | None = None,
        callback: Callback | None = None,
    ) -> Change:
        """`says`: there is something new about the job's window."""
        return Change(
            job,
            version,
            f"{random.getrandbits(64):016x}",
            line,
            queue=lifecycle.queue(job),
            occupies=lifecycle.occupies(job),
            outcome=lifecycle.outcome(job) if says else None,
            urgency=lifecycle.urgency(job, self.policy),
            waits_for_room=lifecycle.waits_for_room(job),
            claims=claims,
            not_before=not_before or {},
            callback=callback,
        )


def _said(job: Job) -> tuple[object, ...]:
    """All that a span says, but for the job, which stays."""
    return lifecycle.outcome(job), job.assets, job.verdict


def _with_due(job: Job, policy: Policy) -> Job:
    return replace(job, due_at=lifecycle.due(job, policy))


def _line(before: Job, after: Job, event: Event, now: datetime, late: str | None = None) -> HistoryLine:
    attempt = getattr(event, "attempt", 0) or after.attempt
    reason = late or getattr(event, "reason", None) or getattr(event, "note", None) or None
    if reason is None and after.reason != before.reason:
        reason = after.reason
    detail = getattr(event, "detail", None) or None
    return HistoryLine(
        now, type(event).__name__, before.state, after.state, attempt, reason, detail, late is not None
    )
