"""What a fetch does to a job. A fault belongs to the file; the job moves when no file can be fetched any more."""

from datetime import datetime

from shared.domain import events as e
from shared.domain.changes import replace
from shared.domain.job import Debt, DebtKind, File, FileState, Job, Kind, State, Verdict
from shared.domain.rules.moving import (
    Late,
    Now,
    Outcome,
    enter,
    forgive,
    next_file,
    owe,
    unexplained,
    withdraw,
)

EXPIRED = frozenset({"media-forbidden", "media-http-4xx"})  # what a host says to an address past its time


def fetch_started(job: Job, event: e.FetchStarted, now: Now) -> Outcome:
    """A claim: only of what is due, not on hold, and has a file to fetch. It numbers the claim."""
    if job.on_hold or job.due_at is None or now.at < job.due_at:
        return Late("on-hold" if job.on_hold else "not-due")
    file = fetchable(job, now.at)
    if file is None:
        return Late("not-due")
    started = enter(job, State.FETCHING, now)
    return replace(started, lease=event.lease, claim=job.claim + 1, fetching=file.identity, kept=file.kept)


def fetchable(job: Job, at: datetime) -> File | None:
    """The file to fetch next, or None when each has to wait."""
    return next((f for f in job.files_in(FileState.OPEN) if f.retry_at is None or f.retry_at <= at), None)


def kept(job: Job, event: e.Kept, now: Now) -> Outcome:
    """Bytes on our disk: the lease is renewed, and faults are forgotten."""
    if event.claim != job.claim or job.lease is None:
        return Late("replaced")
    return _grown(replace(job, lease=replace(job.lease, until=event.until)), event.size)


def _grown(job: Job, size: int) -> Job:
    """More bytes of the file under way than ever before clear its faults; the same ones once more gain nothing."""
    file = job.file(job.fetching)
    if file is None or size <= file.kept:
        return job
    return replace(job.with_file(replace(file, kept=size, failures=0, not_ready=0)), kept=size, waits=0)


def slice_over(job: Job, event: e.SliceOver, now: Now) -> Outcome:
    """The worker came back: at once again."""
    if event.claim != job.claim:
        return Late("replaced")
    return replace(enter(_grown(job, event.size), State.READY, now), crashes=0)


def asset_landed(job: Job, event: e.AssetLanded, now: Now) -> Outcome:
    """Bytes in the archive are owned, whatever state the job is in."""
    known = job.file(event.identity)
    if any(asset.id == event.asset.id for asset in job.assets):
        return Late("known")
    address, attempt = (known.address, known.attempt) if known else ("", 0)
    job = job.with_file(File(event.identity, address, attempt, FileState.LANDED))
    asset = replace(event.asset, attempt=attempt, early=known is not None and known.early)
    job = replace(job, assets=(*job.assets, asset), crashes=0, failures=0, waits=0)
    if known and event.asset.verdict != Verdict.PARTIAL:
        job = _without_doubles(job, known)
    job = forgive(job, DebtKind.RENEW)
    if job.kind == Kind.PICTURE:
        job = owe(job, Debt(DebtKind.LINK, now.at))
    if job.state in (State.CANCELLED, State.ARCHIVED):
        return job
    if job.state == State.FETCHING and job.fetching != event.identity:
        return job  # another worker is at another file
    job = forgive(job, DebtKind.ALERT) if job.state == State.FAILED else job
    return next_file(withdraw(unexplained(job), now), now, "")


def _without_doubles(job: Job, landed: File) -> Job:
    """Another attempt's files are the same footage once more; one that is being fetched is left to whoever is at it."""
    under_way = job.fetching if job.state == State.FETCHING else ""
    for other in job.files_in(FileState.OPEN, FileState.NOTED):
        if other.attempt != landed.attempt and other.identity != under_way:
            job = job.with_file(replace(other, state=FileState.SUPERSEDED))
    return job


def fetch_postponed(job: Job, event: e.Postponed, now: Now) -> Outcome:
    """Not now: one file waits, or all of them when none is named."""
    if event.attempt or event.claim != (job.claim if job.state == State.FETCHING else 0):
        return Late("replaced")
    job = replace(job, waits=job.waits + 1)
    until = now.at + (event.wait if event.wait is not None else now.policy.while_away.wait(job.waits, job.id))
    file = job.file(event.identity)
    job = enter(job, State.READY, now, event.reason, event.detail or None)
    if file is None:
        return replace(job, retry_at=until)
    return job.with_file(replace(file, retry_at=until, reason=event.reason, total=event.total or file.total))


def fetch_failed(job: Job, event: e.FetchFailed, now: Now) -> Outcome:
    """The fault is the file's: it waits, or is refused; the job goes on with the others."""
    file = job.file(event.identity)
    if event.claim != job.claim or file is None or file.state != FileState.OPEN:
        return Late("replaced")
    file = replace(file, failures=file.failures + 1, reason=event.reason)
    if job.of_record and event.reason in EXPIRED:
        return next_file(job.with_file(replace(file, state=FileState.GONE)), now, event.reason)
    if event.final or file.failures >= now.policy.failures:
        job = job.with_file(replace(file, state=FileState.REFUSED))
        return next_file(job, now, event.reason, event.detail)
    wait = now.policy.after_failure.wait(file.failures, job.id)
    return enter(
        job.with_file(replace(file, retry_at=now.at + wait)), State.READY, now, event.reason, event.detail
    )


def record_gone(job: Job, event: e.NoFootage, now: Now) -> Outcome:
    """The record that a picture or a video is of is no longer listed: there is nothing left to get."""
    if not job.of_record:
        return Late("not-needed")
    return enter(forgive(job, DebtKind.RENEW), State.EMPTY, now, "record-gone", event.detail or None)


def download_gone(job: Job, event: e.DownloadGone, now: Now) -> Outcome:
    """Nothing behind the address: of a clip, perhaps not yet, once; then, and of what is a record's at once, gone."""
    file = job.file(event.identity)
    if event.claim != job.claim or file is None or file.state != FileState.OPEN:
        return Late("replaced")
    if not job.of_record and file.not_ready == 0:
        file = replace(file, not_ready=1, retry_at=now.at + now.policy.retry_wait, reason="not-ready-yet")
        return enter(job.with_file(file), State.READY, now, "not-ready-yet")
    return next_file(job.with_file(replace(file, state=FileState.GONE, reason="gone")), now, "gone")
