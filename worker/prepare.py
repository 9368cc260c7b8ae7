"""Claim the next wanted job, ask its vendor to make the bytes available, and record the answer.

The claim is saved before the vendor is asked, so a kill in between leaves an unknown answer and never a forgotten one.
What is not this job's fault postpones it and charges nothing.
"""

from datetime import timedelta

from shared.domain import events as e
from shared.domain import room
from shared.domain.camera import Camera
from shared.domain.job import DebtKind, Job
from shared.domain.lifecycle import Moved
from shared.errors import (
    AnswerUnknown,
    Final,
    Invalid,
    Misconfigured,
    Nothing,
    Transient,
    Whose,
)
from shared.services import Services
from worker import withdraw
from worker.health import circuit_after_probe, trouble

_MARGIN = timedelta(seconds=30)  # of a submit's lease beyond the longest that its answer may take


def prepare(services: Services, vendor: str) -> bool:
    """Take one job through its submission. False when nobody waits for this vendor."""
    job_id = services.jobs.take(vendor)
    if job_id is None:
        return False
    found = services.jobs.load(job_id)
    if found is None:
        return True
    camera = services.cameras.get(found.job.camera)
    obstacle = _obstacle(services, found.job, camera)
    if obstacle is not None or camera is None:
        services.ledger.record(job_id, obstacle or e.Postponed("camera-unknown"))
        return True
    for debt in found.job.debts:
        if debt.kind == DebtKind.WITHDRAW:
            withdraw.withdraw(services, found.job, debt)
    lease = services.lease(services.settings.submit_timeout + _MARGIN)
    lanes = services.sources[vendor].lanes(camera)
    claimed = services.ledger.record(job_id, e.PrepareStarted(lease, lanes))
    if isinstance(claimed, Moved) and not _holds_nothing(services, claimed.job, camera):
        _submit(services, claimed.job, camera)
    return True


def _obstacle(services: Services, job: Job, camera: Camera | None) -> e.Postponed | None:
    """What in the world around the job stands in the way of asking."""
    if camera is None or job.vendor not in camera.sections:
        return e.Postponed("camera-unknown", f"the cameras file has no {job.camera} of {job.vendor}")
    try:
        services.space.must_hold(room.expected(job))
    except Transient as away:  # nothing is asked for that could not be kept
        return e.Postponed(away.code, away.detail, wait=services.until_looked_again(away))
    return _closed(services, job.vendor) or _unheard(services, job)


def _closed(services: Services, vendor: str) -> e.Postponed | None:
    state = circuit_after_probe(services, vendor, services.sources[vendor].probe)
    if state.until is None:
        return None
    wait = max(state.until - services.jobs.now(), services.settings.retry_wait)
    return e.Postponed("vendor-away", state.reason or "", wait=wait)


def _unheard(services: Services, job: Job) -> e.Postponed | None:
    """After a lost answer, a vendor that answers nobody is not asked again: a lone job would use up its attempts."""
    why = trouble(services.sources[job.vendor].probe) if job.reason == "submit-unknown" else None
    if why is None:
        return None
    return e.Postponed("submit-unknown", f"before it is asked again, the vendor has to answer at all: {why}")


def _holds_nothing(services: Services, job: Job, camera: Camera) -> bool:
    """Whether the device says so itself, before it is occupied for the first time. Where it cannot say, it is tried."""
    if job.attempts or job.postponed or job.unexplained:
        return False
    if services.sources[job.vendor].recordings(camera, job.window) != ():
        return False
    services.ledger.record(job.id, e.NoFootage(job.attempt, "by its own list", asked=False))
    return True


def _submit(services: Services, job: Job, camera: Camera) -> None:
    """Ask the vendor, and record what it said."""
    services.reach("prepare-claimed")
    url = services.callback_url(job.vendor, job.id, job.attempt)
    try:
        yes = services.sources[job.vendor].submit(camera, job.window, url)
    except (Transient, Final) as no:
        services.ledger.record(job.id, _refusal(services, job, no))
        return
    services.reach("prepare-answered")
    services.ledger.record(job.id, e.Submitted(job.attempt, yes.stream_id, yes.files, yes.size or 0))
    services.reach("prepare-recorded")
    services.circuits.served(job.vendor)


def _refusal(services: Services, job: Job, no: Transient | Final) -> e.Event:
    """What a no means for the job. A vendor that fails several jobs in a row is in trouble of its own: none is charged."""
    if isinstance(no, Transient):
        return _not_now(services, job, no)
    if isinstance(no, Misconfigured):
        return e.Postponed(no.code, no.detail, job.attempt)
    if isinstance(no, Invalid):
        return e.Refused(job.attempt, no.code, no.detail, asked=False)
    services.circuits.served(job.vendor)
    if isinstance(no, Nothing):
        return e.NoFootage(job.attempt, no.detail)
    return e.Refused(job.attempt, no.code, no.detail)


def _not_now(services: Services, job: Job, no: Transient) -> e.Event:
    if no.answered:
        services.circuits.served(job.vendor)
    else:
        services.circuits.faulted(job.vendor, job.id, no.code, no.detail)
    if isinstance(no, AnswerUnknown):
        return e.AnswerLost(job.attempt, no.detail)
    if no.whose == Whose.CAMERA and job.lanes:
        return _device_is_not_ready(services, job, no)
    if no.whose == Whose.JOB and (no.answered or not services.circuits.get(job.vendor).failing()):
        return e.PrepareFailed(job.attempt, no.code, no.detail)
    return e.Postponed(no.code, no.detail, job.attempt, asked=no.asked)


def _device_is_not_ready(services: Services, job: Job, no: Transient) -> e.Postponed:
    """The device is asked again after a while, whoever waits for it: its lane is closed for as long."""
    wait, lane = services.settings.busy_wait, job.lanes[0].name
    return e.Postponed(no.code, no.detail, job.attempt, asked=no.asked, wait=wait, lane=lane)
