"""Removes unfinished bytes that nobody will come for: of jobs that ended, were dropped, or that no job names.

A spool goes when it has been nobody's for a safe while, at every look. What a job names that may still go on stays, however
long it waits; what a worker has open stays, for it holds the lock. Who is wrong about that loses bytes that can be
fetched again, and never an asset.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.job import LIVE, Job
from shared.domain.planning import asset_id
from shared.errors import GleanerError
from shared.ports import Archive, JobStore, Query, SharedMemory

NOBODYS = "tidy:nobodys"
LOOKED = "tidy:looked"
SAFE_LEASES = 30  # an hour, as LEASE_SECONDS is by default: far longer than any worker is at a slice
_PAGE = 200

log = logging.getLogger(__name__)

Since = Mapping[str, datetime]  # from when on a spool was nobody's


@dataclass(frozen=True, slots=True)
class Tidy:
    """On ports. `lease` is a worker's: so often is looked, by one process of all, and so many make the safe while."""

    jobs: JobStore
    archive: Archive
    memory: SharedMemory
    lease: timedelta

    def run(self) -> int:
        """Look once, if it is time; how many spools were removed. Transient when store or archive is away."""
        if not self.memory.swap(LOOKED, None, "yes", self.lease):
            return 0
        left = self.archive.unfinished()
        if not left:
            return 0
        text, now = self.memory.get(NOBODYS), self.jobs.now()
        since = self._nobodys(left, _read(text), now)
        old = {each: left[each] for each in since if now - since[each] >= self.lease * SAFE_LEASES}
        removed = {each: old[each] for each in old if self._removed(each)}
        rest = {each: since[each] for each in since if each not in removed}
        self.memory.swap(NOBODYS, text, _written(rest), self.lease * SAFE_LEASES)
        if removed:
            told = {"spools": len(removed), "bytes": sum(removed.values())}
            log.info("unfinished bytes that nobody will come for were removed", extra=told)
        return len(removed)

    def _nobodys(self, left: Mapping[str, int], before: Since, now: datetime) -> Since:
        """The spools that no live job names, and since when that is known."""
        named = {asset_id(job, file) for job in self._live() for file in job.files}
        return {each: before.get(each, now) for each in left if each not in named}

    def _live(self) -> Iterator[Job]:
        cursor: str | None = None
        while True:
            page = self.jobs.list(Query(states=LIVE, limit=_PAGE, before=cursor))
            yield from page.jobs
            if page.next is None:
                return
            cursor = page.next

    def _removed(self, asset: str) -> bool:
        try:
            self.archive.discard(asset)
        except GleanerError:  # somebody has it, or the disk is in trouble: the next look meets it again
            return False
        return True


def _written(since: Since) -> str | None:
    return json.dumps({each: at.isoformat() for each, at in since.items()}) if since else None


def _read(text: str | None) -> Since:
    return {each: datetime.fromisoformat(at) for each, at in json.loads(text or "{}").items()}
