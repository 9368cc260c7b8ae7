"""What paying a debt does to a job."""

from shared.domain import events as e
from shared.domain.job import Job
from shared.domain.rules.moving import Late, Now, Outcome, forgive


def settled(job: Job, event: e.Settled, now: Now) -> Outcome:
    """Paid, or tried once where trying is all that is owed."""
    after = forgive(job, event.kind, event.attempt, event.key)
    return Late("not-owed") if after == job else after
