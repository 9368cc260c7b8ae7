"""What operators can do to a job, the same by API and by page: each is one event, and a job that is past it says so."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.domain.events import CancelRequested, Event, HoldRequested, ReleaseRequested, RetryRequested
from shared.domain.job import Job
from shared.domain.lifecycle import TABLE
from shared.domain.reasons import sentence
from shared.domain.rules.moving import Late
from shared.errors import Conflict
from webhook.parts import find_job, services


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing to do: the event that it is, and what the job then has been."""

    event: Callable[[], Event]
    done: str


VERBS = {
    "retry": Verb(RetryRequested, "retried"),
    "cancel": Verb(CancelRequested, "cancelled"),
    "hold": Verb(HoldRequested, "held"),
    "release": Verb(ReleaseRequested, "released"),
}


def operate(job_id: str, name: str) -> Job:
    """Do it, and the job as it is then. NotFound; Conflict, saying why, when it does not fit the job's state."""
    found = find_job(job_id).job
    result = services().ledger.record(job_id, VERBS[name].event())
    if isinstance(result, Late):
        no = f"A job that is {found.state} cannot be {VERBS[name].done}."
        raise Conflict(result.why, no if result.why == "not-needed" else sentence(result.why))
    return find_job(job_id).job


def offered(job: Job) -> tuple[str, ...]:
    """What makes sense to offer for a job: what the lifecycle knows in its state, no retry of what is going well."""
    fits = {
        name
        for name, verb in VERBS.items()
        for row in TABLE
        if row.event is verb.event and job.state in row.states
    }
    senseless = {"hold" if job.on_hold else "release"} | (
        {"retry"} if job.live and job.reason is None else set()
    )
    return tuple(name for name in VERBS if name in fits - senseless)
