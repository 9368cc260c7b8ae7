"""Claim the next job with something to fetch, stream its bytes, check them, and land them as an asset.

Bytes go to a spool that outlives this process, so a kill costs at most what was not yet kept. A slice ends in good
order long before the task's time limit. What is whole is handed to `landing`.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from datetime import timedelta

from shared.circuits import of_video
from shared.domain import events as e
from shared.domain import planning, room
from shared.domain.camera import Camera
from shared.domain.job import File, Job, Kind, State
from shared.domain.lifecycle import Moved
from shared.domain.rules.fetching import fetchable
from shared.errors import Final, GleanerError, Gone, Refused, Transient, Whose
from shared.ports import Download, Snapshot, Spool
from shared.services import Services
from shared.space import NoSpace
from worker import video
from worker.landing import Claim, Replaced, adopted, land

# With the budget of a task before it and a stall after it, a slice stays below the task's time limit.
SLICE = timedelta(seconds=200)
LONGEST = timedelta(seconds=240)  # for what could not be resumed: then it is not to be had from that host
FRESH = SLICE / 4  # a slice that is older leaves the check and the hash to a claim of their own
PICTURE_SLICE = timedelta(seconds=30)  # a picture has to be here by then: clips need the places, too
LARGEST_PICTURE = 20_000_000  # bytes
AT_ONCE = 3  # times in one slice that a host which breaks off is asked for the rest without a wait
_HOSTS_TROUBLE = frozenset({"media-broken-off", "media-stalled", "media-http-5xx"})  # if several jobs meet it


def fetch(services: Services, queue: str) -> bool:
    """Take one job through one slice of its fetch. False when nothing waits."""
    job_id = services.jobs.take(queue)
    if job_id is None:
        return False
    found = services.jobs.load(job_id)
    if found is None:
        return True
    camera = services.cameras.get(found.job.camera)
    if camera is None:
        services.ledger.record(
            job_id, e.Postponed("camera-unknown", f"the cameras file has no {found.job.camera}")
        )
        return True
    obstacle = _no_room(services, found) or video.obstacle(services, found.job)
    if obstacle is not None:
        services.ledger.record(job_id, obstacle)
        return True
    life = PICTURE_SLICE * 2 if found.job.kind == Kind.PICTURE else None
    claimed = services.ledger.record(job_id, e.FetchStarted(services.lease(life)))
    file = claimed.job.file(claimed.job.fetching) if isinstance(claimed, Moved) else None
    if isinstance(claimed, Moved) and file is not None:
        _work(services, claimed.job, file, camera)
    return True


def _no_room(services: Services, found: Snapshot) -> e.Postponed | None:
    """Why no request is made now: as far as anybody knows the size, the bytes could not be kept."""
    file = fetchable(found.job, found.now)
    if found.job.state != State.READY or file is None:
        return None
    try:
        services.space.must_hold(room.expected(found.job, file), planning.asset_id(found.job, file))
    except Transient as no:
        return e.Postponed(no.code, no.detail, wait=services.until_looked_again(no))
    return None


def _work(services: Services, job: Job, file: File, camera: Camera) -> None:
    claim = Claim(services, job, file, camera, services.tick())
    services.reach("fetch-claimed")
    try:
        services.ledger.record(job.id, _result(claim))
        services.reach("fetch-recorded")
    except Replaced:  # whoever has the claim now goes on from the spool, unless the file has landed meanwhile
        with suppress(GleanerError):
            adopted(claim)


def _result(claim: Claim) -> e.Event:
    """What became of the slice, as an event."""
    number, identity = claim.job.claim, claim.file.identity
    try:
        return adopted(claim) or _brought(claim)
    except Gone:
        return e.DownloadGone(number, identity)
    except Final as no:
        return e.FetchFailed(number, identity, no.code, no.detail, final=True)
    except Transient as no:
        if no.whose == Whose.JOB and no.asked and not _serves_nobody(claim, no):
            return e.FetchFailed(number, identity, no.code, no.detail)
        wait, total = claim.services.until_looked_again(no), no.total if isinstance(no, NoSpace) else 0
        return e.Postponed(no.code, no.detail, claim=number, wait=wait, identity=identity, total=total)


def _serves_nobody(claim: Claim, no: Transient) -> bool:
    """Whether a host that answers, and breaks off or stalls, does so to several jobs in a row: none is charged for it."""
    if no.code not in _HOSTS_TROUBLE:
        return False
    circuits, host = claim.services.circuits, _media_of(claim)
    circuits.faulted(host, claim.job.id, no.code, no.detail)
    return circuits.get(host).failing()


def _media_of(claim: Claim) -> str:
    """The name of the circuit of whoever holds a vendor's media; it holds nobody up, for each fetch is a probe."""
    return of_video(claim.job.vendor) if claim.job.kind == Kind.HLS else f"{claim.job.vendor}-media"


def _brought(claim: Claim) -> e.Event:
    with claim.services.archive.spool(claim.asset_id, claim.job.claim) as spool:
        whole = _stream_on(claim, spool)
        if not whole or (claim.age() > FRESH and spool.validator is not None):
            return e.SliceOver(claim.job.claim, spool.size)
        return land(claim, spool)


def _stream_on(claim: Claim, spool: Spool) -> bool:
    """As `_stream`; a host that breaks off is asked for the rest at once, as long as each try brings more, a few times."""
    tries = 0
    while True:
        before, tries = spool.size, tries + 1
        try:
            return _stream(claim, spool)
        except Transient as no:
            resumable = no.code == "media-broken-off" and spool.validator is not None
            if tries <= AT_ONCE and resumable and spool.size > before and not claim.picture:
                continue
            if not claim.picture:
                _keep(claim, spool)  # what came before the trouble is progress all the same
            raise


def _keep(claim: Claim, spool: Spool) -> None:
    spool.keep()
    claim.beat(spool.size if spool.validator else 0)  # what begins anew next time is no progress


def _stream(claim: Claim, spool: Spool) -> bool:
    """Bring the rest of the bytes; False when the slice is over before the file is."""
    with _opened(claim, spool) as download:
        _fit(spool, download)
        _must_be_small(claim, download.total or 0)
        claim.services.expect(claim.job.kind)
        total = room.expected(claim.job, claim.file) if download.total is None else download.total
        with claim.services.space.promised(claim.asset_id, total) as still_room:
            whole = _pour(claim, spool, download, still_room)
        if not whole:
            return False
        _keep(claim, spool)
        claim.services.reach("fetch-kept")
        if download.total is not None and spool.size != download.total:
            raise Transient("media-broken-off", f"{spool.size} of {download.total} bytes")
    if claim.job.kind == Kind.HLS:  # what has come whole lifts the word that there is no flow
        claim.services.circuits.answered(_media_of(claim))
    claim.services.circuits.served(_media_of(claim))
    return True


def _opened(claim: Claim, spool: Spool) -> AbstractContextManager[Download]:
    if claim.job.kind == Kind.HLS:
        return video.opened(claim)
    public = claim.job.vendor in claim.services.public_media
    return claim.services.media.open(claim.file.address, spool.size, spool.validator, public)


def _fit(spool: Spool, download: Download) -> None:
    """Let the spool begin anew unless its bytes go on. Transient `media-range-odd` when they would be another file's.

    Who was asked for the rest and began anew does not go on, or not with this file: what it brings is fetched at one go.
    """
    if download.start != spool.size or spool.size == 0:
        spool.restart(None if spool.validator else download.validator, download.total)
    elif spool.total is not None and download.total not in (None, spool.total):
        detail = f"{download.total} bytes, where it had said {spool.total}"
        spool.restart(None)
        raise Transient("media-range-odd", detail)


def _pour(claim: Claim, spool: Spool, download: Download, still_room: Callable[[], None]) -> bool:
    tick, pause = claim.services.tick, claim.services.settings.lease.total_seconds() / 4
    beat = tick() + pause
    for chunk in download.chunks:
        spool.write(chunk)
        if claim.picture:
            _must_be_small(claim, spool.size)
            continue
        over = _must_end(claim, spool)
        if over or tick() >= beat:
            _keep(claim, spool)
            still_room()
            beat = tick() + pause
        if over:
            return False
    return True


def _must_end(claim: Claim, spool: Spool) -> bool:
    """Whether to leave the rest to a later slice. Only what can be resumed is left: of anything else the rest is worth a try.

    Transient `media-not-resumable` when that would take longer than a task may.
    """
    if spool.validator is not None:
        return claim.age() >= SLICE or claim.services.stopping()
    if claim.job.kind == Kind.HLS and claim.services.stopping():
        return (
            True  # the code that brings it would be ended in the middle, and the job be charged with a death
        )
    if claim.age() >= LONGEST:
        detail = f"{spool.size} bytes in {LONGEST.total_seconds():g} s, and no strong ETag by which to go on"
        raise Transient("media-not-resumable", detail)
    return False


def _must_be_small(claim: Claim, size: int) -> None:
    """Refused or Transient when a picture is none, by its size or by the time that it takes."""
    if not claim.picture:
        return
    if size > LARGEST_PICTURE:
        raise Refused("too-large", f"{size} bytes; a picture has {LARGEST_PICTURE} at most")
    if claim.age() > PICTURE_SLICE:
        raise Transient("media-slow", f"not all there after {PICTURE_SLICE.total_seconds():g} s")
