"""What rules have in common: their answers, and the moves that several of them make.

An `Outcome` is the job as it is then, or a `Late` that says why the event is no news.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.changes import replace
from shared.domain.job import Debt, DebtKind, FileState, Job, State
from shared.domain.retries import Policy


@dataclass(frozen=True, slots=True)
class Late:
    """The event is no news for this job: normal, recorded and counted, never an error."""

    why: str


@dataclass(frozen=True, slots=True)
class Now:
    """The circumstances of a move: the instant, and every number."""

    at: datetime
    policy: Policy


Outcome = Job | Late


def enter(job: Job, state: State, now: Now, reason: str | None = None, detail: str | None = None) -> Job:
    """The job in another state, at once due, with nothing left over from the state before."""
    return replace(
        job,
        state=state,
        reason=reason,
        detail=detail,
        retry_at=now.at,
        lease=None,
        unknown_until=None,
        asking=False,
    )


def charge(job: Job, attempt: int) -> Job:
    """Count a submission, once; one that nobody could explain is explained by it."""
    if attempt in job.unexplained:
        rest = tuple(number for number in job.unexplained if number != attempt)
        return replace(job, unexplained=rest, attempts=job.attempts + 1)
    if attempt <= job.charged:
        return job
    return replace(job, charged=attempt, attempts=job.attempts + 1)


def unexplained(job: Job) -> Job:
    """Nobody waits any more for the answer to the submission under way: it may have been sent, or not."""
    if job.state != State.SUBMITTING or job.attempt <= job.charged:
        return job
    return replace(job, charged=job.attempt, unexplained=(*job.unexplained, job.attempt))


def owe(job: Job, debt: Debt) -> Job:
    """Add a debt, unless the same is owed already."""
    same = any((old.kind, old.attempt, old.key) == (debt.kind, debt.attempt, debt.key) for old in job.debts)
    return job if same else replace(job, debts=(*job.debts, debt))


def forgive(job: Job, kind: DebtKind, attempt: int | None = None, key: str | None = None) -> Job:
    """Drop the debts of a kind, of one attempt and one asset or of all."""

    def stays(debt: Debt) -> bool:
        return debt.kind != kind or attempt not in (None, debt.attempt) or key not in (None, debt.key)

    return replace(job, debts=tuple(filter(stays, job.debts)))


def withdraw(job: Job, now: Now, even_ended: bool = False) -> Job:
    """Owe the vendor the word that the current attempt is no longer wanted, if it may still be running."""
    if job.current is None or job.current.stream_id is None or (job.current.ended and not even_ended):
        return job
    return owe(job, Debt(DebtKind.WITHDRAW, now.at, job.current.number, job.current.stream_id))


def fail(job: Job, now: Now, reason: str, detail: str | None = None) -> Job:
    """Given up: archived all the same if anything landed, else failed, and an operator is told."""
    job = forgive(withdraw(job, now), DebtKind.RENEW)
    if job.assets:
        return archive(job, now)
    return owe(enter(job, State.FAILED, now, reason, detail), Debt(DebtKind.ALERT, now.at))


def archive(job: Job, now: Now) -> Job:
    """Something landed and nothing more can be fetched; the window is judged after a grace for further files."""
    reasons = sorted({f.reason for f in job.files_in(FileState.REFUSED, FileState.GONE) if f.reason})
    job = enter(job, State.ARCHIVED, now, None, ", ".join(reasons) or None)
    return owe(replace(job, progress=1.0), Debt(DebtKind.VERDICT, now.at + now.policy.grace))


def again(job: Job, now: Now, reason: str, detail: str | None = None, wait: timedelta = timedelta(0)) -> Job:
    """An attempt came to nothing: back to an earlier one that is alive, or another submission, or given up."""
    if earlier_lives(job, now) or _earlier_has_address(job):
        return enter(job, State.PREPARING, now, reason, detail)
    if job.files_in(FileState.NOTED):
        return open_noted(job, now)
    if job.attempts >= now.policy.retries:
        return fail(job, now, reason, detail)
    return anew(job, now, reason, detail, wait)


def anew(job: Job, now: Now, reason: str, detail: str | None, wait: timedelta) -> Job:
    """To be asked for once more, after a wait; nothing of the attempt before counts for the next."""
    job = enter(job, State.WANTED, now, reason, detail)
    job = replace(job, progress=None, finalising_since=None, unanswered=0, asked_at=None)
    return replace(job, retry_at=now.at + wait)


def lives(job: Job, now: Now) -> bool:
    """Whether the current attempt was heard of just now, and has time left."""
    if job.current is None or job.current.ended or job.last_news is None:
        return False
    return now.at < min(job.last_news + now.policy.silence, deadline(job, now.policy))


def earlier_lives(job: Job, now: Now) -> bool:
    earlier = job.state == State.SUBMITTING and job.current is not None and job.current.number < job.attempt
    return earlier and lives(job, now)


def _earlier_has_address(job: Job) -> bool:
    """Whether an earlier attempt that did not end has named a file. It is asked before that file is believed."""
    running = job.state == State.SUBMITTING and job.current is not None and not job.current.ended
    return running and bool(job.files_in(FileState.NOTED))


def next_file(job: Job, now: Now, reason: str, detail: str | None = None) -> Job:
    """A file is done with, well or badly: the next one, or the end, or everything once more."""
    if job.files_in(FileState.OPEN):
        return enter(job, State.READY, now, reason or None, detail)
    if job.assets:
        return archive(job, now)
    if job.of_record:
        return (
            await_harvest(job, now, reason)
            if job.files_in(FileState.GONE)
            else fail(job, now, reason, detail)
        )
    return again(job, now, reason, detail, now.policy.after_failure.wait(max(job.attempts, 1), job.id))


def await_harvest(job: Job, now: Now, reason: str | None = None) -> Job:
    """A picture or a video to which nothing leads any more: the next listing names a living one, or shows that the record is gone.

    One more listing is owed for it, later each time, and after a few the schedule's own have to do: a host that lets
    nobody in must not use up the calls.
    """
    job = replace(enter(job, State.WANTED, now, reason), failures=job.failures + 1)
    if job.failures > now.policy.failures:
        return job
    wait = now.policy.after_failure.wait(job.failures - 1, job.id) if job.failures > 1 else timedelta(0)
    return owe(job, Debt(DebtKind.RENEW, now.at + wait))


def deadline(job: Job, policy: Policy) -> datetime:
    """The hard deadline of the current attempt, from its last rise; a slow device is not cut off while it moves."""
    assert job.current is not None
    since_rise, in_all = policy.deadline(job.window.length)
    return min((job.last_rise or job.current.accepted_at) + since_rise, job.current.accepted_at + in_all)


def supersede_noted(job: Job) -> Job:
    """Never fetch what was named before an end that will not come, or that another file has come to."""
    for file in job.files_in(FileState.NOTED):
        job = job.with_file(replace(file, state=FileState.SUPERSEDED))
    return job


def open_noted(job: Job, now: Now) -> Job:
    """Fetch what was noted: with an address in hand, nothing leads to a new submission."""
    for file in job.files_in(FileState.NOTED):
        job = job.with_file(replace(file, state=FileState.OPEN))
    return replace(enter(job, State.READY, now), finalising_since=None)
