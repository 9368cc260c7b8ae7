"""Gives back what dead processes of this machine held, so that a crash costs seconds and not a lease.

Only an owner that is certainly dead loses anything; everybody else's lease runs out by itself, which the sweep sees.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shared.domain.events import WorkerDied
from shared.domain.job import Job, State
from shared.errors import NotFound
from shared.harvests import Harvests
from shared.ledger import Ledger
from shared.owners import is_dead
from shared.ports import Query, SharedMemory
from shared.sweep import SWEEP

_CLAIMED = Query(states=frozenset({State.SUBMITTING, State.FETCHING}), limit=1000)


@dataclass(frozen=True, slots=True)
class Leases:
    """On ports; `dead` says whether an owner is certainly no more."""

    ledger: Ledger
    memory: SharedMemory
    harvests: Harvests
    dead: Callable[[str], bool] = is_dead

    def give_back(self) -> int:
        """End every claim of the dead: on the sweep, on jobs, on harvests. How many of jobs and harvests there were."""
        sweeper = self.memory.holder(SWEEP)
        if sweeper and self.dead(sweeper):
            self.memory.release(SWEEP, sweeper)
        return sum(map(self._end, tuple(self._held_by_the_dead()))) + self.harvests.give_back(self.dead)

    def _held_by_the_dead(self) -> Iterator[tuple[Job, str]]:
        for job in self.ledger.jobs.list(_CLAIMED).jobs:
            if job.lease and self.dead(job.lease.owner):
                yield job, job.lease.owner

    def _end(self, held: tuple[Job, str]) -> int:
        job, owner = held
        try:
            self.ledger.record(job.id, WorkerDied(owner))
        except NotFound:
            return 0  # it has left the list meanwhile
        return 1
