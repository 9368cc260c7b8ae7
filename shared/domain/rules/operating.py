"""What an operator's word does to a job."""

from shared.domain import events as e
from shared.domain.changes import replace
from shared.domain.job import DebtKind, FileState, Job, State
from shared.domain.rules.moving import (
    Late,
    Now,
    Outcome,
    await_harvest,
    enter,
    forgive,
    supersede_noted,
    unexplained,
    withdraw,
)


def cancelled(job: Job, event: e.CancelRequested, now: Now) -> Outcome:
    """No longer wanted; the vendor is told if it may still be at it."""
    job = forgive(_let_go(withdraw(unexplained(job), now)), DebtKind.RENEW)
    return enter(job, State.CANCELLED, now, "cancelled")


def retried(job: Job, event: e.RetryRequested, now: Now) -> Outcome:
    """Once more, from the start, with fresh counters. Attempt numbers go on; what was on hold goes on, too."""
    for file in job.files_in(FileState.OPEN):
        job = job.with_file(replace(file, retry_at=None, failures=0))
    job = forgive(forgive(_let_go(withdraw(job, now)), DebtKind.ALERT), DebtKind.VERDICT)
    fresh = replace(
        job,
        on_hold=False,
        attempts=0,
        postponed=0,
        unexplained=(),
        waits=0,
        failures=0,
        crashes=0,
        unanswered=0,
        once_more=0,
    )
    fresh = replace(fresh, give_up_at=now.at + now.policy.give_up, finalising_since=None, asked_at=None)
    if job.files_in(FileState.OPEN):
        return enter(fresh, State.READY, now)
    return await_harvest(fresh, now) if job.of_record else enter(fresh, State.WANTED, now)


def _let_go(job: Job) -> Job:
    """Expect nothing more of the current attempt, and nothing of what it named."""
    current = replace(job.current, ended=True) if job.current else None
    return supersede_noted(replace(job, current=current))


def held(job: Job, event: e.HoldRequested, now: Now) -> Outcome:
    """Left alone: nothing new is begun for it."""
    return Late("on-hold") if job.on_hold else replace(job, on_hold=True)


def released(job: Job, event: e.ReleaseRequested, now: Now) -> Outcome:
    """Goes on."""
    return replace(job, on_hold=False, retry_at=now.at) if job.on_hold else Late("not-on-hold")
