"""A job as text. The addresses of its files may be signed, so with a seal they lie there sealed.

Reading and opening are two steps: opening costs far more, so a listing opens only what it hands out. An address that no
key in force opens becomes "". A document that is not one of ours is Final `store-unreadable`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from shared.adapters.redis_answers import readable
from shared.domain.changes import replace
from shared.domain.job import Job
from shared.sealing import Seal

_job = msgspec.json.Decoder(Job)


@dataclass(frozen=True, slots=True)
class JobDocuments:
    """Writes and reads documents; without a seal their addresses stay as they are."""

    seal: Seal | None

    def written(self, job: Job) -> bytes:
        """The document of a job."""
        return msgspec.json.encode(_readdressed(job, self.seal.close) if self.seal else job)

    def read(self, job_id: str, document: str) -> Job:
        """The job, its addresses still as they were written."""
        with readable(f"job {job_id}"):
            return _job.decode(document)

    def opened(self, job: Job) -> Job:
        """A job that was read, with its addresses."""
        if self.seal is None:
            return job
        opening = self.seal.open
        return _readdressed(job, lambda sealed: opening(sealed) or "")


def _readdressed(job: Job, change: Callable[[str], str]) -> Job:
    files = tuple(replace(file, address=change(file.address)) for file in job.files)
    return replace(job, files=files) if files else job
