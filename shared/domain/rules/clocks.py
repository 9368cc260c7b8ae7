"""What a clock that has run out does to a job: nobody else has moved it in time."""

from datetime import datetime

from shared.domain import events as e
from shared.domain.changes import replace
from shared.domain.job import Job, State
from shared.domain.retries import Policy
from shared.domain.rules.moving import Late, Now, Outcome, again, deadline, enter, fail, unexplained
from shared.domain.rules.reporting import abandon, ask_failed, looks_ended


def worker_died(job: Job, event: e.WorkerDied, now: Now) -> Outcome:
    """As if the lease of its claim had just run out."""
    if job.lease is None or job.lease.owner != event.owner:
        return Late("replaced")
    job = replace(job, lease=replace(job.lease, until=now.at))
    rule = submit_overdue if job.state == State.SUBMITTING else fetch_overdue
    return rule(job, e.DeadlinePassed(), now)


def waited(job: Job, event: e.DeadlinePassed, now: Now) -> Outcome:
    """Nobody's turn but ours, and too old: given up, whatever it waited for."""
    return fail(job, now, "gave-up", job.reason) if now.at >= job.give_up_at else Late("not-due")


def submit_overdue(job: Job, event: e.DeadlinePassed, now: Now) -> Outcome:
    """A worker that never came back leaves an unknown answer; an unknown answer and silence lead to another try."""
    if job.lease and now.at >= job.lease.until:
        job = replace(unexplained(job), crashes=job.crashes + 1, reason="submit-unknown")
        if job.crashes >= now.policy.crashes:
            return fail(job, now, "crashed")
        return replace(job, unknown_until=now.at + now.policy.silence, lease=None)
    if job.unknown_until and now.at >= job.unknown_until:
        return again(job, now, "submit-unknown", job.detail)
    return waited(job, event, now) if job.lease is None else Late("not-due")


def download_overdue(job: Job, event: e.DeadlinePassed, now: Now) -> Outcome:
    """A running download: too old, too slow, never a file, or only silent."""
    assert job.current is not None
    if now.at >= job.give_up_at:
        return fail(job, now, "gave-up", job.reason)
    if now.at >= deadline(job, now.policy):
        return abandon(job, now, "deadline")
    if job.finalising_since and now.at >= job.finalising_since + now.policy.finalising:
        return abandon(job, now, "no-file", even_ended=True)  # the vendor may still hold the device for it
    if now.at < silent_from(job, now.policy):
        return Late("not-due")
    if job.current.stream_id is None:  # nothing to ask by
        return ask_failed(job, e.AskFailed(job.current.number), now)
    return replace(job, asking=True, asked_at=now.at)


def silent_from(job: Job, policy: Policy) -> datetime:
    """When a running download that nobody hears of has to be asked about, again."""
    assert job.current is not None
    patience = policy.silence / 3 if looks_ended(job) else policy.silence
    return max(job.current.accepted_at, *(t for t in (job.last_news, job.asked_at) if t)) + patience


def fetch_overdue(job: Job, event: e.DeadlinePassed, now: Now) -> Outcome:
    """A worker that never came back: its bytes stay, its claim does not."""
    if job.lease and now.at < job.lease.until:
        return Late("not-due")
    job = replace(job, crashes=job.crashes + 1)
    if job.crashes >= now.policy.crashes:
        return fail(job, now, "crashed")
    return enter(job, State.READY, now, "lease-over")
