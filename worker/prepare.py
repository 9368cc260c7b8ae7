"""Claim the next wanted job, ask its vendor to make the bytes available, and record the answer.

The claim is saved before the vendor is asked, so a kill in between leaves an unknown answer and never a forgotten one.
What is not this job's fault postpones it and charges nothing.
"""

from datetime import timedelta

from shared.domain import events as e
from shared.domain.camera import Camera
from shared.domain.job import DebtKind, Job
from shared.domain.lifecycle import Moved
from shared.errors import AnswerUnknown, Final, Invalid, Nothing, Transient, Whose
from shared.services import Services
from worker import withdraw

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
    if isinstance(claimed, Moved):
        services.ledger.record(job_id, _answer(services, claimed.job, camera))
    return True


def _obstacle(services: Services, job: Job, camera: Camera | None) -> e.Postponed | None:
    """What in the world around the job stands in the way of asking."""
    if camera is None or job.vendor not in camera.sections:
        return e.Postponed("camera-unknown", f"the cameras file has no {job.camera} of {job.vendor}")
    if services.archive.free_bytes() <= services.settings.space_reserve:
        return e.Postponed("no-space", "the archive's free space is down to the reserve")
    return _closed(services, job.vendor) or _unheard(services, job)


def _unheard(services: Services, job: Job) -> e.Postponed | None:
    """After a lost answer, a vendor that answers nobody is not asked again: a lone job would use up its attempts."""
    if job.reason != "submit-unknown":
        return None
    try:
        services.sources[job.vendor].probe()
    except Transient as error:
        return e.Postponed(
            "submit-unknown", f"before it is asked again, the vendor has to answer at all: {error}"
        )
    return None


def _closed(services: Services, vendor: str) -> e.Postponed | None:
    circuits = services.circuits
    if circuits.may_probe(vendor, services.owner):
        try:
            services.sources[vendor].probe()
            circuits.answered(vendor)
        except Transient:
            circuits.probe_failed(vendor)
    state = circuits.get(vendor)
    if state.until is None:
        return None
    wait = max(state.until - services.jobs.now(), services.settings.retry_wait)
    return e.Postponed("vendor-away", state.reason or "", wait=wait)


def _answer(services: Services, job: Job, camera: Camera) -> e.Event:
    """Ask the vendor; what it said, as an event."""
    source = services.sources[job.vendor]
    url = services.callback_url(job.vendor, job.id, job.attempt)
    try:
        yes = source.submit(camera, job.window, url)
    except (Transient, Final) as no:
        _tell_circuit(services, job, no)
        return _refusal(services, job, no)
    services.circuits.answered(job.vendor)
    return e.Submitted(job.attempt, yes.stream_id, yes.files)


def _tell_circuit(services: Services, job: Job, no: Transient | Final) -> None:
    if isinstance(no, Transient) and not no.answered:
        services.circuits.faulted(job.vendor, job.id, no.code, no.detail)
    elif not isinstance(no, Invalid):  # which is our own, and tells nothing of the vendor
        services.circuits.answered(job.vendor)


def _refusal(services: Services, job: Job, no: Transient | Final) -> e.Event:
    if isinstance(no, Nothing):
        return e.NoFootage(job.attempt, no.detail)
    if isinstance(no, Final):
        return e.Refused(job.attempt, no.code, no.detail, asked=not isinstance(no, Invalid))
    if isinstance(no, AnswerUnknown):
        return e.AnswerLost(job.attempt, no.detail)
    if no.whose == Whose.JOB:
        return e.PrepareFailed(job.attempt, no.code, no.detail)
    device = no.whose == Whose.CAMERA and job.lanes
    return e.Postponed(
        no.code,
        no.detail,
        job.attempt,
        asked=no.asked,
        wait=services.settings.busy_wait if device else None,
        lane=job.lanes[0].name if device else "",
    )
