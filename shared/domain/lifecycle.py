"""The lifecycle of a job: one table, the meaning of each state, and what follows a move.

Two rules. A cell that is not in the table means that the event is no news for a job in that state: it is late, which
is normal. And every number comes in with the policy: none stands here. The README's diagram is drawn from this table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from shared.domain import events as e
from shared.domain.changes import replace
from shared.domain.effects import CONTROL, FETCH, SETTLE, Ring, bell_of
from shared.domain.job import ENDED, LIVE, FileState, Job, Kind, State
from shared.domain.retries import Policy
from shared.domain.rules import clocks, debts, fetching, judging, operating, preparing, reporting
from shared.domain.rules.moving import Late, Now, Outcome, deadline

MEANINGS = {
    State.WANTED: ("to be asked of the vendor", "our prepare step, when it is due and the lane has room"),
    State.SUBMITTING: (
        "being asked, or asked and the answer unknown",
        "a worker under a lease; then a clock",
    ),
    State.PREPARING: (
        "the vendor is making the bytes available",
        "the vendor; our ask step when it is silent",
    ),
    State.READY: ("there is something to fetch", "our fetch step"),
    State.FETCHING: ("bytes are moving or being checked", "a worker under a lease"),
    State.ARCHIVED: ("at least one asset landed, and nothing more can be fetched", "nobody"),
    State.EMPTY: ("the vendor has nothing for this", "nobody"),
    State.FAILED: ("given up, with a reason", "an operator, perhaps"),
    State.CANCELLED: ("no longer wanted", "nobody"),
}

W, S, P, R, F = State.WANTED, State.SUBMITTING, State.PREPARING, State.READY, State.FETCHING
A, E, X, C = State.ARCHIVED, State.EMPTY, State.FAILED, State.CANCELLED


@dataclass(frozen=True, slots=True)
class Row:
    """What an event does in some states, and where it may lead; staying is always among it when `stays`."""

    event: type
    states: frozenset[State]
    leads_to: frozenset[State]
    rule: Callable[[Job, Any, Now], Outcome]
    stays: bool = True


def _row(
    event: type, states: set[State] | frozenset[State], leads_to: set[State], rule: Any, stays: bool = True
) -> Row:
    return Row(event, frozenset(states), frozenset(leads_to), rule, stays)


class Table(tuple[Row, ...]):
    """All rows, one for each cell."""

    @cached_property
    def cells(self) -> Mapping[tuple[type, State], Row]:
        """The row of an event and a state."""
        return {(row.event, state): row for row in self for state in row.states}


TABLE = Table(
    (
        # asking the vendor
        _row(e.PrepareStarted, {W}, {S}, preparing.prepare_started, stays=False),
        _row(e.Submitted, {W, S, P}, {P}, preparing.submitted),
        _row(e.Submitted, {R, F, A, E, X, C}, set(), preparing.unwanted),
        _row(e.AnswerLost, {S}, set(), preparing.answer_lost),
        _row(e.PrepareFailed, {S}, {W, P, R, X, A}, preparing.prepare_failed, stays=False),
        _row(e.Refused, {S}, {P, X, A}, preparing.refused, stays=False),
        _row(e.NoFootage, {S, P}, {E, W, P, A}, preparing.no_footage, stays=False),
        _row(e.NoFootage, {W}, {E}, fetching.record_gone, stays=False),
        _row(e.Postponed, {W}, set(), preparing.postponed),
        _row(e.Postponed, {S}, {W, P}, preparing.postponed, stays=False),
        # news of a running attempt
        _row(e.Progressed, {W, S, P}, {P, R}, reporting.progressed),
        _row(e.Prepared, {W, S, P}, {P, R}, reporting.prepared),
        _row(e.Prepared, {R, F}, set(), reporting.prepared),
        _row(e.Prepared, {A, E, X}, {R}, reporting.prepared, stays=False),
        _row(e.StreamGone, {S, P}, {R}, reporting.stream_gone),
        _row(e.Asked, {P}, set(), reporting.asked),
        _row(e.AskFailed, {P}, {R, W, X, A}, reporting.ask_failed),
        # fetching
        _row(e.FetchStarted, {R}, {F}, fetching.fetch_started, stays=False),
        _row(e.Kept, {F}, set(), fetching.kept),
        _row(e.SliceOver, {F}, {R}, fetching.slice_over, stays=False),
        _row(e.AssetLanded, {W, S, P, E}, {A}, fetching.asset_landed, stays=False),
        _row(e.AssetLanded, {R, F, X}, {R, A}, fetching.asset_landed),
        _row(e.AssetLanded, {A, C}, set(), fetching.asset_landed),
        _row(e.Postponed, {R, F}, {R}, fetching.fetch_postponed),
        _row(e.FetchFailed, {F}, {R, W, X, A}, fetching.fetch_failed, stays=False),
        _row(e.DownloadGone, {F}, {R, W, X, A}, fetching.download_gone, stays=False),
        # operators
        _row(e.CancelRequested, LIVE, {C}, operating.cancelled, stays=False),
        _row(e.RetryRequested, {W, R}, set(), operating.retried),
        _row(e.RetryRequested, {E}, {W}, operating.retried, stays=False),
        _row(e.RetryRequested, {X, C}, {W, R}, operating.retried, stays=False),
        _row(e.HoldRequested, LIVE, set(), operating.held),
        _row(e.ReleaseRequested, LIVE, set(), operating.released),
        # clocks
        _row(e.DeadlinePassed, {W, R}, {X, A}, clocks.waited, stays=False),
        _row(e.DeadlinePassed, {S}, {W, P, R, X, A}, clocks.submit_overdue),
        _row(e.DeadlinePassed, {P}, {R, W, X, A}, clocks.download_overdue),
        _row(e.DeadlinePassed, {F}, {R, X, A}, clocks.fetch_overdue, stays=False),
        _row(e.WorkerDied, {S}, {X, A}, clocks.worker_died),
        _row(e.WorkerDied, {F}, {R, X, A}, clocks.worker_died, stays=False),
        # debts
        _row(e.GraceOver, {A}, {W, X}, judging.grace_over),
        _row(e.Settled, LIVE | ENDED, set(), debts.settled),
    )
)


@dataclass(frozen=True, slots=True)
class Moved:
    """The job is in another state now, and this follows."""

    job: Job
    effects: tuple[Ring, ...] = ()


@dataclass(frozen=True, slots=True)
class Stayed:
    """Facts were noted (or, with the very same job, nothing was worth noting), and this follows."""

    job: Job
    effects: tuple[Ring, ...] = field(default=())


def advance(
    job: Job, event: e.Event, now: datetime, policy: Policy, table: Table = TABLE
) -> Moved | Stayed | Late:
    """What becomes of a job when an event happens. Pure: the same arguments give the same answer, and nothing raises."""
    row = table.cells.get((type(event), job.state))
    if row is None:
        return Late("not-needed")
    after = row.rule(job, event, Now(now, policy))
    if isinstance(after, Late):
        return after
    if after.state == job.state and after == job:
        return Stayed(job)
    after = replace(after, updated_at=now)
    after = replace(after, due_at=due(after, policy))
    effects = consequences(job, after, now)
    return Stayed(after, effects) if after.state == job.state else Moved(after, effects)


def due(job: Job, policy: Policy) -> datetime | None:
    """When somebody must look at the job again: the earliest clock that matters. None exactly for ended jobs."""
    look = {
        State.WANTED: _claimable_from,
        State.READY: _claimable_from,
        State.SUBMITTING: _answer_due,
        State.PREPARING: _news_due,
        State.FETCHING: _answer_due,
    }
    return look[job.state](job, policy) if job.state in look else None


def _claimable_from(job: Job, policy: Policy) -> datetime:
    if job.on_hold or (job.state == State.WANTED and job.of_record):
        return job.give_up_at
    start = job.retry_at or job.updated_at
    waits = [file.retry_at or start for file in job.files_in(FileState.OPEN)]
    return min(max(start, min(waits)) if job.state == State.READY and waits else start, job.give_up_at)


def _answer_due(job: Job, policy: Policy) -> datetime:
    return (job.lease.until if job.lease else job.unknown_until) or job.give_up_at


def _news_due(job: Job, policy: Policy) -> datetime:
    times = [clocks.silent_from(job, policy), deadline(job, policy), job.give_up_at]
    if job.finalising_since:
        times.append(job.finalising_since + policy.finalising)
    return min(times)


def queue(job: Job) -> str | None:
    """The queue from which the job may be claimed once it is due, or None when nobody may."""
    if job.state == State.PREPARING and job.asking:
        return CONTROL
    if job.on_hold or job.state not in (State.WANTED, State.READY):
        return None
    if job.state == State.READY:
        return FETCH
    return None if job.of_record else job.vendor


def occupies(job: Job) -> bool:
    """Whether the job is in its lanes: the vendor is, or may be, at work for it."""
    return job.state in (State.SUBMITTING, State.PREPARING)


def waits_for_room(job: Job) -> bool:
    """Whether claiming the job takes a place in its lanes."""
    return job.state == State.WANTED


def outcome(job: Job) -> str | None:
    """The word for the job's window in the camera's span index; None for what covers no window, as a digest does not."""
    if job.kind != Kind.PLAYBACK:
        return None
    if job.assets:
        return "held"
    return {State.EMPTY: "nothing", State.FAILED: "failed", State.CANCELLED: "cancelled"}.get(
        job.state, "under-way"
    )


def urgency(job: Job, policy: Policy) -> float:
    """Order of work, smallest first: what expires soonest; where that is unknown, what was wished for first."""
    return (job.usable_until or job.created_at + policy.unknown_life).timestamp()


def consequences(before: Job, after: Job, now: datetime) -> tuple[Ring, ...]:
    """The doorbells to ring. Any of them may be lost: the sweep finds the same jobs by their due."""
    bells = []
    claimable = queue(after)
    if claimable == CONTROL or (claimable and after.due_at and after.due_at <= now):
        bells.append(bell_of(claimable))
    if occupies(before) and not occupies(after):
        bells.append(bell_of(after.vendor))  # whoever waits for the lane that was left
    if after.debts != before.debts and after.owed_at and after.owed_at <= now:
        bells.append(SETTLE)
    return tuple(dict.fromkeys(bells))
