"""The video of a record: wished for once its day is closed, brought by the owner's own code, and only while there is flow for it.

A day that grows would have its video fetched anew for every chapter, so the wish waits for its close; the listing that closes
it has just renewed the keys. What leads to the video is read when it is about to be used, and stands nowhere else.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from shared.circuits import of_video
from shared.domain import events as e
from shared.domain.descriptor import MediaDescriptor
from shared.domain.job import Job, Kind, State
from shared.domain.records import Record
from shared.errors import Gone, Transient
from shared.ports import Download, RecordEntry
from shared.services import Services
from shared.wishes import VIDEO
from worker.health import SHUT
from worker.landing import Claim


def wish_for_videos(services: Services, records: Iterable[str]) -> None:
    """Of those records of a day that is now closed which have one, where it is wanted and somebody can bring it."""
    for record_id in records:
        entry = services.records.load(record_id)
        if entry is None or entry.video or not _wanted(services, entry.record):
            continue
        if job := services.wishes.video(entry):
            services.records.film(record_id, job.id)


def _wanted(services: Services, record: Record) -> bool:
    camera = services.cameras.get(record.camera)
    if camera is None or record.vendor not in services.videos:
        return False
    wanted = services.record_sources[record.vendor].wants_video(camera)
    return wanted and services.records.media(record.id) is not None


def renew(services: Services, entry: RecordEntry) -> None:
    """What leads to the record's video was listed anew: a job that waits for that goes on."""
    found = services.jobs.load(entry.video or "")
    if found and found.job.state == State.WANTED:
        services.ledger.record(found.job.id, e.Prepared(0, (VIDEO,)))


def obstacle(services: Services, job: Job) -> e.Postponed | None:
    """Why nobody is asked for a video now: there is nobody, no flow, or the vendor serves none of us."""
    if job.kind != Kind.HLS:
        return None
    if job.vendor not in services.videos:
        return e.Postponed("fetcher-missing", "whoever should bring it was named once, and is no longer")
    now = services.jobs.now()
    for name in (of_video(job.vendor), job.vendor):
        state = services.circuits.get(name)
        if state.until and now < state.until:
            return e.Postponed(state.code or "vendor-away", state.reason or "", wait=state.until - now)
    return None


@contextmanager
def opened(claim: Claim) -> Iterator[Download]:
    """The video that a claim is about. Where the flow is used up, that is found out for all of the vendor's videos at once."""
    services, vendor = claim.services, claim.job.vendor
    descriptor, source = _living(claim), services.videos[vendor]
    try:
        with source.open(claim.asset_id, claim.job.claim, descriptor, claim.job.window) as download:
            yield download
    except Transient as no:
        if no.code == "flow-spent":
            services.circuits.shut(of_video(vendor), no.code, no.detail, services.jobs.now() + SHUT)
        raise


def _living(claim: Claim) -> MediaDescriptor:
    """What leads to the video. Gone when that is not known, cannot be read, or has ended: another listing may say it anew."""
    found = claim.services.records.media(claim.job.record or "")
    if found is None or (found.expires_at and found.expires_at <= claim.services.jobs.now()):
        raise Gone("media-gone", "what led to the video is not known any more, or has ended")
    return found
