"""The sweep: finds what is overdue or owed, lets its clock strike, and rings for whoever waits.

It is the only healer. Lost doorbells, dead workers, silent vendors and an emptied broker all end here, because every
live job is in `due`. So it does not ride on what it heals: it runs in a thread of the supervisor and of every worker's
parent, with a client of its own, under a lease; the beat is only a nudge.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from threading import Event, Thread

from shared.domain.effects import SETTLE, TELL, bell_of, harvest
from shared.domain.events import DeadlinePassed
from shared.domain.harvest import KEPT_BY_VENDORS
from shared.errors import Final, GleanerError, NotFound, Transient, Whose
from shared.harvests import Harvests
from shared.ledger import Ledger
from shared.ports import RecordStore, SharedMemory

SWEEP = "sweep"
LAST_SWEEP = "last-sweep"
MISSED = 5  # periods without a sweep from which something is wrong
_BATCH = 500
_MOST_BELLS = 8  # a worker that comes takes one job after the other, so a few bells wake as many as there are

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sweep:
    """One sweep, on ports. `owner` holds the lease for two periods, so that another takes over from a dead one."""

    ledger: Ledger
    memory: SharedMemory
    records: RecordStore
    harvests: Harvests
    every: timedelta
    retention: timedelta
    owner: str

    def run(self) -> int | None:
        """Look at everything that is overdue; how many jobs it looked at, or None when another process sweeps."""
        if not self.memory.hold(SWEEP, self.owner, self.every * 2):
            return None
        struck = 0
        while jobs := self._strike():
            struck += jobs
            if jobs < _BATCH:
                break
        self._ring_for_records()
        jobs_store = self.ledger.jobs
        jobs_store.forget(jobs_store.now() - self.retention, _BATCH)
        self.records.forget(jobs_store.now() - self.retention - KEPT_BY_VENDORS, _BATCH)
        self.memory.swap(LAST_SWEEP, self.memory.get(LAST_SWEEP), jobs_store.now().isoformat())
        return struck

    def _strike(self) -> int:
        found = self.ledger.jobs.overdue(_BATCH)
        struck = sum(self._struck(job_id) for job_id in found.jobs)
        for queue, depth in found.waiting.items():
            for _ in range(min(depth, _MOST_BELLS)):
                self.ledger.effects.ring(bell_of(queue))
        for _ in range(min(found.debts, _MOST_BELLS)):
            self.ledger.effects.ring(SETTLE)
        return struck

    def _ring_for_records(self) -> None:
        for vendor, number in self.harvests.due().items():
            for _ in range(min(number, _MOST_BELLS)):
                self.ledger.effects.ring(harvest(vendor))
        if self.records.untold(1):
            self.ledger.effects.ring(TELL)

    def _struck(self, job_id: str) -> bool:
        """Whether the clock struck for this job. What is wrong with it alone must not keep the others waiting."""
        try:
            self.ledger.record(job_id, DeadlinePassed())
        except NotFound:
            return True  # it has left the list meanwhile
        except (Final, Transient) as error:
            if isinstance(error, Transient) and error.whose != Whose.JOB:
                raise
            fields = {"job": job_id, "code": error.code, "detail": error.detail}
            log.warning("the sweep could not look at a job", extra=fields)
            return False
        return True


class Sweeper(Thread):
    """Does its chores at once, and then until stopped. Trouble with the store is logged and met again at the next round."""

    def __init__(self, every: timedelta, *chores: Callable[[], object]) -> None:
        super().__init__(name="sweeper", daemon=True)
        self._every = every
        self._chores = chores
        self._over = Event()

    def run(self) -> None:
        """The thread's body."""
        while not self._over.is_set():
            for chore in self._chores:
                _do(chore)
            self._over.wait(self._every.total_seconds())

    def stop(self) -> None:
        """Let the thread end after the sweep under way."""
        self._over.set()


def _do(chore: Callable[[], object]) -> None:
    """One chore's trouble keeps no other from being done, and ends no thread: nobody else would heal."""
    try:
        chore()
    except GleanerError as error:
        log.warning("the sweep could not finish", extra={"code": error.code, "detail": error.detail})
    except Exception:
        log.exception("the sweep met a fault of our own")
