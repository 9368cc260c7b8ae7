"""Take what a vendor called back to say about an attempt: read it, record it, and keep it with the job as it came.

Kept are the last callbacks that changed the job, and the last that were refused; what changes nothing costs no write. The
receiver and a replay come through here alike, but what is replayed is not kept again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from shared.domain.job import Job
from shared.domain.rules.moving import Late
from shared.errors import Conflict, Invalid, NotFound
from shared.ledger import Ledger, Recorded
from shared.news import event_of
from shared.points import Reach, pass_by
from shared.ports import Callback, PlaybackSource

MOST = 2048  # bytes of a body that are kept
LONGEST = 100  # characters of a content type that are kept


class Outcome(StrEnum):
    """What came of a callback."""

    NEWS = "news"  # it changed the job
    UNCHANGED = "unchanged"
    LATE = "late"
    REFUSED = "refused"
    TRUNCATED = "truncated"  # it could not be sent through again


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of a callback when it was sent through again. `reason` is a code, `detail` for people."""

    callback: Callback
    outcome: Outcome
    reason: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Receiving:
    """See the head of this file. `sources` are the vendors that may call back, by name."""

    ledger: Ledger
    sources: Mapping[str, PlaybackSource]
    reach: Reach = pass_by

    def take(
        self, vendor: str, job_id: str, attempt: int, body: bytes, content_type: str, keep: bool = True
    ) -> Recorded:
        """Let a callback happen to its job. Invalid when it cannot be read; NotFound when the job has left; else as `ledger.record`."""
        callback = _short(attempt, body, content_type) if keep else None
        try:
            news = self.sources[vendor].read_callback(body, content_type)
        except Invalid as no:
            if callback and not self.ledger.jobs.keep(job_id, replace(callback, refused=no.code)):
                raise NotFound("unknown-job", job_id) from no
            raise
        self.reach("callback-read")
        recorded = self.ledger.record(job_id, event_of(news, attempt), callback)
        self.reach("callback-recorded")
        return recorded

    def replay(self, job: Job) -> Sequence[Replayed]:
        """Send through again what was kept with a job, in the order in which it came. Conflict without its vendor."""
        if job.vendor not in self.sources:
            raise Conflict("unknown-vendor", f"the vendor {job.vendor} is not in use")
        return [self._again(job, callback) for callback in self.ledger.jobs.callbacks(job.id)]

    def _again(self, job: Job, callback: Callback) -> Replayed:
        if callback.truncated:
            return Replayed(callback, Outcome.TRUNCATED, None, "only its beginning was kept")
        before = self._version(job.id)
        try:
            recorded = self.take(
                job.vendor, job.id, callback.attempt, callback.body, callback.content_type, keep=False
            )
        except Invalid as no:
            return Replayed(callback, Outcome.REFUSED, no.code, no.detail)
        if isinstance(recorded, Late):
            return Replayed(callback, Outcome.LATE, recorded.why)
        return Replayed(callback, Outcome.UNCHANGED if self._version(job.id) == before else Outcome.NEWS)

    def _version(self, job_id: str) -> int:
        found = self.ledger.jobs.load(job_id)
        return found.version if found else 0


def _short(attempt: int, body: bytes, content_type: str) -> Callback:
    """A callback as it is kept."""
    truncated = len(body) > MOST or len(content_type) > LONGEST
    return Callback(attempt, content_type[:LONGEST], body[:MOST], truncated)
