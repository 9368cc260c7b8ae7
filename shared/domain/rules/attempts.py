"""The current attempt of a job, and the files that were named for it before the end."""

from collections.abc import Iterable

from shared.domain import events as e
from shared.domain import room
from shared.domain.changes import replace
from shared.domain.job import Attempt, DebtKind, File, FileState, Job, State
from shared.domain.rules.moving import Now, charge, enter, forgive, lives, supersede_noted, withdraw

_ALIASES = 4  # handles that are noted beside the one to ask by


def accepted(job: Job, number: int, stream_id: str | None, now: Now) -> Job:
    """The vendor took an attempt: it is the current one, and its news begins afresh."""
    job = replace(made_current(job, number, stream_id, now), waits=0, unanswered=0, asked_at=None)
    job = replace(job, progress=None, last_news=now.at, finalising_since=None, perhaps_since=None)
    if job.state == State.SUBMITTING and number < job.attempt:
        return job  # an older submission turns out to have been taken, while a newer one is under way
    return enter(job, State.PREPARING, now)


def made_current(job: Job, number: int, stream_id: str | None, now: Now) -> Job:
    """Make an attempt the current one. It is charged, and an older one that still runs is called off.

    What another attempt named before its end is no longer believed: it may have been anything.
    """
    job = supersede_noted(withdraw(job, now) if lives(job, now) else job)
    job = charge(forgive(job, DebtKind.WITHDRAW, number), number)
    return named(replace(job, current=Attempt(number, now.at), last_rise=now.at), stream_id)


def named(job: Job, stream_id: str | None) -> Job:
    """The current attempt's handle, once known; another one that is said later is an alias, and changes nothing.

    A withdrawal under the same handle would hit the wrong attempt.
    """
    current = job.current
    if current is None or stream_id is None or stream_id in (current.stream_id, *current.aliases):
        return job
    if current.stream_id:
        aliases = (*current.aliases, stream_id)[:_ALIASES]
        return replace(job, current=replace(current, aliases=aliases))
    debts = tuple(d for d in job.debts if d.kind != DebtKind.WITHDRAW or d.stream_id != stream_id)
    return replace(job, current=replace(current, stream_id=stream_id), debts=debts)


def answered(job: Job, stream_id: str | None) -> Job:
    """The handle of the vendor's own answer: it is the one to ask by, whatever news has named before."""
    current = job.current
    if current is None or stream_id is None or current.stream_id in (None, stream_id):
        return named(job, stream_id)
    job = replace(job, current=replace(current, stream_id=None, aliases=()))
    return named(named(job, stream_id), current.stream_id)


def sized(job: Job, size: int) -> Job:
    """How much the vendor says will come of the current attempt."""
    return replace(job, current=replace(job.current, size=min(size, room.most(job)))) if job.current else job


def see(job: Job, sightings: Iterable[e.Sighting], attempt: int) -> Job:
    """Note files named before the end. The latest named counts; one that it replaces is never fetched."""
    for seen in sightings:
        known = job.file(seen.identity)
        if known and not may_change(job, known, attempt):
            continue
        for other in job.files_in(FileState.NOTED):
            if other.identity != seen.identity:
                job = job.with_file(replace(other, state=FileState.SUPERSEDED))
        job = job.with_file(File(seen.identity, seen.address, attempt, FileState.NOTED, early=True))
    return job


def may_change(job: Job, known: File, attempt: int) -> bool:
    """Whether a file may still become another: before the end, or when a later attempt brings it anew.

    One that landed may where its attempt came short, or where nothing of what it brought was kept.
    """
    if known.state in (FileState.NOTED, FileState.SUPERSEDED):
        return True
    if attempt <= known.attempt:
        return False
    if known.state == FileState.LANDED:
        kept = any(asset.attempt == known.attempt for asset in job.assets)
        return not kept or known.attempt <= job.once_more < attempt
    return known.state in (FileState.REFUSED, FileState.GONE)
