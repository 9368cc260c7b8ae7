"""What news of a running attempt does to a job: life, files, and the end."""

from datetime import datetime

from shared.domain import events as e
from shared.domain.changes import replace
from shared.domain.job import DebtKind, File, FileState, Job, State, Verdict
from shared.domain.retries import Policy
from shared.domain.rules.attempts import accepted, made_current, may_change, named, see
from shared.domain.rules.moving import (
    Late,
    Now,
    Outcome,
    again,
    deadline,
    enter,
    forgive,
    open_noted,
    supersede_noted,
    unexplained,
    withdraw,
)


def progressed(job: Job, event: e.Progressed, now: Now) -> Outcome:
    """Life, not truth. News of an attempt that was never answered proves that the vendor took it."""
    if job.current and event.attempt < job.current.number:
        return Late("replaced")
    if job.current is None or event.attempt > job.current.number:
        job = accepted(job, event.attempt, event.stream_id, now)
    assert job.current is not None
    if now.at >= deadline(job, now.policy):
        return Late("past-deadline")
    job = hear(job, event.progress, event.stream_id, now)
    if not (_is_older(job, event) and job.files_in(FileState.NOTED)):
        job = see(job, event.files, event.attempt)
    job = _weigh(job, event, now)
    if event.ended or (looks_ended(job) and now.at >= _believable_from(job, now.policy)):
        return ended(job, now)
    return revive(job, now) if job.state == State.WANTED else job


def revive(job: Job, now: Now) -> Job:
    """An attempt that was given up reports after all: it is believed, and no longer withdrawn."""
    assert job.current is not None
    current = replace(job.current, ended=False)
    return enter(
        forgive(replace(job, current=current), DebtKind.WITHDRAW, current.number), State.PREPARING, now
    )


def hear(job: Job, progress: float | None, stream_id: str | None, now: Now) -> Job:
    """Note signs of life: progress never falls, and life alone is noted once per third of the silence."""
    assert job.current is not None
    job = replace(named(job, stream_id), unanswered=0, asking=False)
    if progress is not None and progress > (job.progress or 0.0):
        return replace(job, progress=progress, last_rise=now.at, last_news=now.at)
    if progress is not None and job.progress is None:
        job = replace(job, progress=progress)
    if job.last_news is None or now.at >= job.last_news + now.policy.silence / 3:
        return replace(job, last_news=now.at)
    return job


def _weigh(job: Job, event: e.Progressed, now: Now) -> Job:
    """Note since when the vendor says what may be the end; a plainer word takes that back."""
    if event.perhaps_ended:
        return replace(job, perhaps_since=job.perhaps_since or now.at)
    plain = event.progress is not None and not _is_older(job, event)
    return replace(job, perhaps_since=None) if plain else job


def _is_older(job: Job, event: e.Progressed) -> bool:
    """Whether a report was overtaken by one that tells of more. 0 may be the word for an end, so it is never that."""
    return event.progress is not None and 0 < event.progress < (job.progress or 0.0)


def looks_ended(job: Job) -> bool:
    """Whether the vendor has said what may be the end, with an address in hand."""
    return job.perhaps_since is not None and bool(job.files_in(FileState.NOTED))


def _believable_from(job: Job, policy: Policy) -> datetime:
    """What may be the end is believed when it has stood for a while: a download that ran would have gone on."""
    return (job.perhaps_since or job.updated_at) + policy.silence / 3


def ended(job: Job, now: Now) -> Job:
    """No more is coming: what was noted is the file; without one, finalising begins."""
    job = _over(job)
    if job.files_in(FileState.NOTED):
        return open_noted(unexplained(job), now)
    if job.state == State.SUBMITTING:
        return job  # a newer attempt is being asked for, and the clocks are its
    job = job if job.state == State.PREPARING else enter(job, State.PREPARING, now)
    return replace(job, finalising_since=job.finalising_since or now.at)


def _over(job: Job) -> Job:
    assert job.current is not None
    return job if job.current.ended else replace(job, current=replace(job.current, ended=True))


def prepared(job: Job, event: e.Prepared, now: Now) -> Outcome:
    """A file at the end, from any attempt, is welcome in any state but cancelled; one seen before is no news."""
    fresh = [seen for seen in event.files if _is_news(job, seen, event.attempt)]
    if not fresh:
        return Late("seen")
    if has_all_of_another(job, event.attempt):
        return Late("landed")  # the same footage, by an attempt that nobody knew to be running
    if _only_repeats(job, event):
        said = e.Progressed(event.attempt, 1.0, False, event.stream_id, event.files, perhaps_ended=True)
        return progressed(job, said, now)
    for seen in fresh:
        job = job.with_file(_opened(job.file(seen.identity), seen, event.attempt))
    named_now = {seen.identity for seen in event.files}
    job = unexplained(_credit(_without_early(supersede_noted(job), named_now), event, now))
    if job.state in (State.READY, State.FETCHING):
        return job
    if not job.live:
        job = replace(
            forgive(forgive(job, DebtKind.VERDICT), DebtKind.ALERT), give_up_at=now.at + now.policy.give_up
        )
    return replace(enter(job, State.READY, now), finalising_since=None, verdict=None)


def _only_repeats(job: Job, event: e.Prepared) -> bool:
    """Whether the end came with nothing but what was named before it: that is believed when it has stood for a while.

    Such platforms say 100 % before the file exists, and then the address may still be the wrong one of before. Once the
    stream is known to be over there is no need to wait.
    """
    over = job.current is not None and job.current.number == event.attempt and job.current.ended
    waits = job.state in (State.WANTED, State.SUBMITTING, State.PREPARING) and not over
    known = [job.file(seen.identity) for seen in event.files]
    return waits and all(file is not None and file.state == FileState.NOTED for file in known)


def _without_early(job: Job, named_now: set[str]) -> Job:
    """What was named before the end gives way to what is named after it, unless somebody is fetching it."""
    under_way = job.fetching if job.state == State.FETCHING else ""
    for file in job.files_in(FileState.OPEN):
        if file.early and file.identity not in (under_way, *named_now):
            job = job.with_file(replace(file, state=FileState.SUPERSEDED))
    return job


def has_all_of_another(job: Job, attempt: int) -> bool:
    """Whether another attempt has brought the footage, and none of it short: a longer one would be worth having."""
    others = any(asset.attempt != attempt for asset in job.assets)
    return others and all(asset.verdict != Verdict.PARTIAL for asset in job.assets)


def _is_news(job: Job, seen: e.Sighting, attempt: int) -> bool:
    known = job.file(seen.identity)
    if known is None or may_change(job, known, attempt):
        return True
    if job.of_record and known.state == FileState.GONE:
        return job.live  # listed again, it may be there by now, under the same address
    signed_anew = known.address != seen.address and known.state in (FileState.OPEN, FileState.GONE)
    return signed_anew and job.live


def _opened(known: File | None, seen: e.Sighting, attempt: int) -> File:
    if known and known.state == FileState.OPEN:
        return replace(known, address=seen.address)
    return File(seen.identity, seen.address, attempt, FileState.OPEN)


def _credit(job: Job, event: e.Prepared, now: Now) -> Job:
    """The attempt that delivered has ended; a newer one that still runs is no longer wanted."""
    if job.current and event.attempt < job.current.number:
        return withdraw(job, now)
    if job.current is None or event.attempt > job.current.number:
        job = made_current(job, event.attempt, event.stream_id, now)
    job = _over(named(job, event.stream_id))
    return replace(job, progress=1.0, last_news=now.at, waits=0, unanswered=0)


def stream_gone(job: Job, event: e.StreamGone, now: Now) -> Outcome:
    """The stream is over, well or badly: the file tells which, if it comes."""
    if job.current is None or event.attempt != job.current.number:
        return Late("replaced")
    return ended(replace(hear(job, None, None, now), last_news=now.at), now)


def asked(job: Job, event: e.Asked, now: Now) -> Outcome:
    """Any answer is life."""
    if job.current is None or event.attempt != job.current.number:
        return Late("replaced")
    return replace(job, asking=False, unanswered=0, last_news=now.at)


def ask_failed(job: Job, event: e.AskFailed, now: Now) -> Outcome:
    """No answer: counted, unless the vendor answers nobody. Too many: fetch what is in hand, or begin again."""
    if job.current is None or event.attempt != job.current.number:
        return Late("replaced")
    job = replace(job, asking=False, asked_at=now.at)
    if event.vendor_away:
        return job
    job = replace(job, unanswered=job.unanswered + 1)
    enough = job.unanswered >= now.policy.unanswered or looks_ended(job)
    return abandon(job, now, event.reason) if enough else job


def abandon(job: Job, now: Now, reason: str, even_ended: bool = False) -> Job:
    """The attempt leads nowhere: with an address in hand it is fetched, else withdrawn and begun again."""
    if job.files_in(FileState.NOTED):
        return open_noted(job, now)
    return again(withdraw(job, now, even_ended), now, reason)
