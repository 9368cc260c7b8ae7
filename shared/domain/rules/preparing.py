"""What an answer of the vendor to a submission does to a job, and the claim before it."""

from shared.domain import events as e
from shared.domain.changes import replace
from shared.domain.job import Debt, DebtKind, Job, State
from shared.domain.rules.attempts import accepted, answered, see, sized
from shared.domain.rules.moving import (
    Late,
    Now,
    Outcome,
    again,
    archive,
    charge,
    earlier_lives,
    enter,
    fail,
    owe,
)


def prepare_started(job: Job, event: e.PrepareStarted, now: Now) -> Outcome:
    """A claim: only of what is due and not on hold. It numbers the attempt."""
    if job.on_hold or job.of_record:
        return Late("on-hold" if job.on_hold else "waits-for-harvest")
    if job.due_at is None or now.at < job.due_at:
        return Late("not-due")
    started = enter(job, State.SUBMITTING, now)
    return replace(started, lease=event.lease, lanes=event.lanes or job.lanes, attempt=job.attempt + 1)


def submitted(job: Job, event: e.Submitted, now: Now) -> Outcome:
    """The vendor's yes makes the attempt the current one."""
    if job.current and event.attempt < job.current.number:
        return Late("replaced")
    if job.current and event.attempt == job.current.number:
        if job.state != State.PREPARING:
            return Late("known")
        return see(sized(answered(job, event.stream_id), event.size), event.files, event.attempt)
    taken = accepted(job, event.attempt, event.stream_id, now)
    return see(sized(taken, event.size), event.files, event.attempt)


def unwanted(job: Job, event: e.Submitted, now: Now) -> Outcome:
    """The vendor's yes to what is no longer needed: it is counted, and owed a withdrawal."""
    if event.stream_id is None or (job.current and event.attempt <= job.current.number):
        return Late("known")
    debt = Debt(DebtKind.WITHDRAW, now.at, event.attempt, event.stream_id)
    return owe(charge(job, event.attempt), debt)


def answer_lost(job: Job, event: e.AnswerLost, now: Now) -> Outcome:
    """Unknown is not failed: only silence that lasts leads to another submission."""
    if event.attempt != job.attempt or job.lease is None:
        return Late("replaced")
    job = replace(
        charge(job, event.attempt), lease=None, reason="submit-unknown", detail=event.detail or None
    )
    return replace(job, unknown_until=now.at + now.policy.silence)


def prepare_failed(job: Job, event: e.PrepareFailed, now: Now) -> Outcome:
    """A charged no: another submission after a wait, up to the cap."""
    if event.attempt != job.attempt:
        return Late("replaced")
    job = replace(charge(job, event.attempt), failures=job.failures + 1)
    return again(job, now, event.reason, event.detail, now.policy.after_failure.wait(job.failures, job.id))


def refused(job: Job, event: e.Refused, now: Now) -> Outcome:
    """A no for good ends the job, unless an earlier attempt is alive."""
    if event.attempt != job.attempt:
        return Late("replaced")
    job = charge(job, event.attempt) if event.asked else job
    if earlier_lives(job, now):
        return enter(job, State.PREPARING, now, event.reason, event.detail)
    return fail(job, now, event.reason, event.detail)


def no_footage(job: Job, event: e.NoFootage, now: Now) -> Outcome:
    """Nothing there: believed only of a window that is old enough to have been listed."""
    latest = job.current.number if job.state == State.PREPARING and job.current else job.attempt
    if event.attempt != latest:
        return Late("replaced")
    if now.at < job.window.end + now.policy.empty_after:
        # a download that runs was charged when it was accepted
        seen = event.asked and job.state == State.SUBMITTING
        turned_away = e.Postponed("not-listed-yet", event.detail, event.attempt, asked=seen)
        return _wait(job, turned_away, now)
    job = charge(job, event.attempt) if event.asked else job
    if earlier_lives(job, now):
        return enter(job, State.PREPARING, now, "no-footage", event.detail)
    return archive(job, now) if job.assets else enter(job, State.EMPTY, now, "no-footage", event.detail)


def postponed(job: Job, event: e.Postponed, now: Now) -> Outcome:
    """Not now, and nothing is charged."""
    stale = event.attempt != job.attempt if job.state == State.SUBMITTING else event.attempt != 0
    return Late("replaced") if stale else _wait(job, event, now)


def _wait(job: Job, event: e.Postponed, now: Now) -> Job:
    waits = job.waits + 1
    wait = event.wait if event.wait is not None else now.policy.while_away.wait(waits, job.id)
    job = replace(job, waits=waits, postponed=job.postponed + event.asked)
    state = State.PREPARING if earlier_lives(job, now) else State.WANTED
    return replace(enter(job, state, now, event.reason, event.detail or None), retry_at=now.at + wait)
