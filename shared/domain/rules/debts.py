"""What paying a debt does to a job, and the one verdict on its window."""

from dataclasses import replace

from shared.domain import events as e
from shared.domain.job import Debt, DebtKind, Job, Kind, Origin, Verdict
from shared.domain.retries import Policy
from shared.domain.rules.moving import Late, Now, Outcome, forgive, owe


def grace_over(job: Job, event: e.GraceOver, now: Now) -> Outcome:
    """The one verdict on the window; missing spans become wishes of their own, but a gap's gap does not."""
    if not any(debt.kind == DebtKind.VERDICT for debt in job.debts):
        return Late("judged")
    verdict = judge(job, now.policy)
    job = replace(forgive(job, DebtKind.VERDICT), verdict=verdict, missing=event.missing)
    job = replace(job, reason="short" if verdict == Verdict.PARTIAL else job.reason)
    if not event.missing or job.origin == Origin.GAP:
        return job
    return owe(job, Debt(DebtKind.CHILDREN, now.at))


def judge(job: Job, policy: Policy) -> Verdict:
    """Delivered against wanted seconds; what has no duration cannot be judged."""
    lengths = [asset.duration_seconds for asset in job.assets]
    if any(asset.verdict in (Verdict.UNVERIFIED, Verdict.ENCRYPTED) for asset in job.assets):
        return Verdict.UNVERIFIED
    if job.kind != Kind.PLAYBACK:
        return Verdict.COMPLETE
    if any(length is None for length in lengths):
        return Verdict.UNVERIFIED
    delivered = sum(length or 0.0 for length in lengths)
    return (
        Verdict.COMPLETE
        if delivered >= job.window.length.total_seconds() * policy.whole_from
        else Verdict.PARTIAL
    )


def settled(job: Job, event: e.Settled, now: Now) -> Outcome:
    """Paid, or tried once where trying is all that is owed."""
    after = forgive(job, event.kind, event.attempt)
    return Late("not-owed") if after == job else after
