"""Pay what jobs owe: withdrawals, alerts, the verdict once the grace is over, wishes for what is missing, what has to go from
the archive, words to records.

A debt is dropped only by the event that says it was paid, so a kill in between means that it is paid again: each of
these may be done twice.
"""

import logging

from shared.domain.camera import Short
from shared.domain.events import GraceOver, Settled
from shared.domain.job import Debt, DebtKind, Job, Origin, Verdict
from shared.domain.rules.judging import judge
from shared.errors import GleanerError, Transient
from shared.services import Services
from worker.withdraw import withdraw

log = logging.getLogger(__name__)


def settle(services: Services, _queue: str) -> bool:
    """Pay the debts of one job that are due. False when nobody owes anything."""
    job_id = services.jobs.take_owed(services.settings.lease)
    if job_id is None:
        return False
    found = services.jobs.load(job_id)
    for debt in found.job.debts if found else ():
        if found and debt.due_at <= found.now:
            _PAY[debt.kind](services, found.job, debt)
    return True


def _alert(services: Services, job: Job, debt: Debt) -> None:
    log.error(
        "footage could not be archived", extra={**job.log_fields, "reason": job.reason, "detail": job.detail}
    )
    services.ledger.record(job.id, Settled(debt.kind, debt.attempt))


def _judge(services: Services, job: Job, _debt: Debt) -> None:
    over = _grace_over(services, job)
    services.reach("settle-judged")
    if over is not None:
        services.ledger.record(job.id, over)


def _grace_over(services: Services, job: Job) -> GraceOver | None:
    """What has to be known for the verdict; the vendor is asked only where less than was wanted has come.

    None while nobody can be asked for a camera that is perhaps only being edited: the verdict stays owed.
    """
    if judge(job, services.ledger.policy) != Verdict.PARTIAL:
        return GraceOver()
    camera = services.cameras.get(job.camera)
    if camera is not None and job.vendor in camera.sections and job.vendor in services.sources:
        return GraceOver(camera.short, services.sources[job.vendor].recordings(camera, job.window))
    return GraceOver(Short.ACCEPT) if services.jobs.now() >= job.give_up_at else None


def _set_aside(services: Services, job: Job, debt: Debt) -> None:
    note = ""
    try:
        services.archive.set_aside(debt.key, job.reason or "short")
    except GleanerError as error:
        log.warning("footage could not be put aside", extra={**job.log_fields, "code": error.code})
        if isinstance(error, Transient):
            return  # it stays owed
        note = error.code
    services.reach("settle-aside")
    services.ledger.record(job.id, Settled(debt.kind, debt.attempt, note, debt.key))


def _wish_for_gaps(services: Services, job: Job, debt: Debt) -> None:
    note = ""
    for span in job.missing:
        try:
            services.wishes.playback(job.camera, span, Origin.GAP, parent=job)
        except GleanerError as error:
            note = error.code
    services.reach("settle-wished")
    services.ledger.record(job.id, Settled(debt.kind, debt.attempt, note))


def _renew(services: Services, job: Job, debt: Debt) -> None:
    entry = services.records.load(job.record or "")
    if entry and not services.harvests.renew(entry.record):
        return  # nobody can list it at present: it stays owed
    services.reach("settle-renewed")
    services.ledger.record(job.id, Settled(debt.kind, debt.attempt))


def _link(services: Services, job: Job, debt: Debt) -> None:
    if job.record and job.assets:
        services.records.link(job.record, job.assets[0].key)
    services.reach("settle-linked")
    services.ledger.record(job.id, Settled(debt.kind, debt.attempt))


_PAY = {
    DebtKind.WITHDRAW: withdraw,
    DebtKind.ALERT: _alert,
    DebtKind.VERDICT: _judge,
    DebtKind.CHILDREN: _wish_for_gaps,
    DebtKind.RENEW: _renew,
    DebtKind.LINK: _link,
    DebtKind.ASIDE: _set_aside,
}
