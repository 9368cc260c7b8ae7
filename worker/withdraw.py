"""Tell a vendor that an attempt is no longer wanted: once, best effort, and its failure holds nobody up."""

from shared.domain.events import Settled
from shared.domain.job import Debt, Job
from shared.errors import GleanerError
from shared.services import Services


def withdraw(services: Services, job: Job, debt: Debt) -> None:
    """Pay a withdrawal, and record how it went."""
    note = _tell(services, job, debt)
    services.reach("withdraw-told")
    services.ledger.record(job.id, Settled(debt.kind, debt.attempt, note))


def _tell(services: Services, job: Job, debt: Debt) -> str:
    camera = services.cameras.get(job.camera)
    if camera is None or debt.stream_id is None or job.vendor not in services.sources:
        return "nobody-to-tell"
    if any(services.jobs.lane(lane.name).holds(debt.stream_id, but=job.id) for lane in job.lanes):
        return "stream-id-reused"  # the vendor has given the same handle to another job's download
    try:
        services.sources[job.vendor].withdraw(camera, debt.stream_id)
    except GleanerError as error:
        return error.code
    return "withdrawn"
