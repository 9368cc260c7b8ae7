"""Claim the next job with something to fetch, stream its bytes, check them, and land them as an asset.

Bytes go to a spool that outlives this process, so a kill costs at most what was not yet kept. A slice ends in good
order long before the task's time limit. Only bytes that were whole, checked and hashed get a final name, and the
sidecar comes last.
"""

import hashlib
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain import events as e
from shared.domain import planning
from shared.domain.camera import Camera
from shared.domain.job import Asset, File, Job, Kind, Verdict
from shared.domain.lifecycle import Moved
from shared.domain.rules.moving import Late
from shared.errors import Final, GleanerError, Gone, Refused, Transient, Whose
from shared.ports import Download, MediaFacts, Spool
from shared.services import Services

# With the budget of a task before it and a stall after it, a slice stays below the task's time limit.
SLICE = timedelta(seconds=200)
FRESH = SLICE / 4  # a slice that is older leaves the check and the hash to a claim of their own
PICTURE_SLICE = timedelta(seconds=30)  # a picture has to be here by then: clips need the places, too
LARGEST_PICTURE = 20_000_000  # bytes
_HOSTS_TROUBLE = frozenset({"media-broken-off", "media-stalled", "media-http-5xx"})  # if several jobs meet it


class _Replaced(Exception):
    """Another worker has the claim, or the job no longer wants the bytes, or there is nobody to say it to."""


@dataclass(frozen=True)
class _Claim:
    """What one claim works with."""

    services: Services
    job: Job
    file: File
    camera: Camera
    began: float  # by the monotonic clock

    @property
    def asset_id(self) -> str:
        """The same for the same file of the same job, so that bytes that landed before are found again."""
        return hashlib.sha256(f"{self.job.id}/{self.file.identity}".encode()).hexdigest()[:20]

    def key(self, extension: str) -> str:
        """Where the asset lives."""
        job = self.job
        return planning.asset_key(
            self.camera.name, self.camera.zone, job.window.start, job.kind, self.asset_id, extension
        )

    @property
    def picture(self) -> bool:
        """Whether this is small by nature: it comes at once or not at all."""
        return self.job.kind == Kind.PICTURE

    def age(self) -> timedelta:
        """How long the slice has lasted."""
        return timedelta(seconds=time.monotonic() - self.began)

    def must_end(self, spool: Spool) -> bool:
        """Whether to leave the rest to a later slice. A stop ends only what can be resumed: the rest is worth a try."""
        return self.age() >= SLICE or (spool.validator is not None and self.services.stopping())

    def beat(self, size: int) -> None:
        """Say that bytes are safe; _Replaced when nobody wants to hear it, or can."""
        services = self.services
        try:
            kept = e.Kept(self.job.claim, size, services.lease().until)
            heard = services.ledger.record(self.job.id, kept)
        except GleanerError as error:  # the store's trouble is no fault of the file
            raise _Replaced from error
        if isinstance(heard, Late):
            raise _Replaced


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
    life = PICTURE_SLICE * 2 if found.job.kind == Kind.PICTURE else None
    claimed = services.ledger.record(job_id, e.FetchStarted(services.lease(life)))
    file = claimed.job.file(claimed.job.fetching) if isinstance(claimed, Moved) else None
    if isinstance(claimed, Moved) and file is not None:
        _work(services, claimed.job, file, camera)
    return True


def _work(services: Services, job: Job, file: File, camera: Camera) -> None:
    claim = _Claim(services, job, file, camera, time.monotonic())
    services.reach("fetch-claimed")
    try:
        services.ledger.record(job.id, _result(claim))
        services.reach("fetch-recorded")
    except _Replaced:
        return  # whoever has the claim now goes on from the spool


def _result(claim: _Claim) -> e.Event:
    """What became of the slice, as an event."""
    number, identity = claim.job.claim, claim.file.identity
    try:
        return _adopted(claim) or _brought(claim)
    except Gone:
        return e.DownloadGone(number, identity)
    except Final as no:
        return e.FetchFailed(number, identity, no.code, no.detail, final=True)
    except Transient as no:
        if no.whose == Whose.JOB and no.asked and not _serves_nobody(claim, no):
            return e.FetchFailed(number, identity, no.code, no.detail)
        return e.Postponed(no.code, no.detail, claim=number, identity=identity)


def _serves_nobody(claim: _Claim, no: Transient) -> bool:
    """Whether a host that answers, and breaks off or stalls, does so to several jobs in a row: none is charged for it."""
    if no.code not in _HOSTS_TROUBLE:
        return False
    circuits, host = claim.services.circuits, _media_of(claim)
    circuits.faulted(host, claim.job.id, no.code, no.detail)
    return circuits.get(host).failing()


def _media_of(claim: _Claim) -> str:
    """The name of the circuit of whoever holds a vendor's media; it holds nobody up, for each fetch is a probe."""
    return f"{claim.job.vendor}-media"


def _adopted(claim: _Claim) -> e.Event | None:
    """An asset that landed before, and whose worker died before it could say so."""
    landed = claim.services.archive.landed(claim.key("").rstrip("."))
    if landed is None:
        return None
    with suppress(Transient), claim.services.archive.spool(claim.asset_id) as spool:
        spool.restart(None)  # what that worker left behind there goes with an empty spool
    return e.AssetLanded(claim.file.identity, _asset(claim, landed), claim.job.claim)


def _brought(claim: _Claim) -> e.Event:
    with claim.services.archive.spool(claim.asset_id) as spool:
        try:
            whole = _stream(claim, spool)
        except Transient:
            if not claim.picture:
                _keep(claim, spool)  # what came before the trouble is progress all the same
            raise
        if not whole or (claim.age() > FRESH and spool.validator is not None):
            return e.SliceOver(claim.job.claim, spool.size)
        return _land(claim, spool)


def _keep(claim: _Claim, spool: Spool) -> None:
    spool.keep()
    claim.beat(spool.size)


def _stream(claim: _Claim, spool: Spool) -> bool:
    """Bring the rest of the bytes; False when the slice is over before the file is."""
    public = claim.job.vendor in claim.services.public_media
    with claim.services.media.open(claim.file.address, spool.size, spool.validator, public) as download:
        if download.start != spool.size or spool.size == 0:
            spool.restart(download.validator)
        _room_for(claim.services, (download.total or 0) - spool.size)
        _must_be_small(claim, download.total or 0)
        if not _pour(claim, spool, download):
            return False
        _keep(claim, spool)
        claim.services.reach("fetch-kept")
        if download.total is not None and spool.size != download.total:
            raise Transient("media-broken-off", f"{spool.size} of {download.total} bytes")
    claim.services.circuits.served(_media_of(claim))
    return True


def _pour(claim: _Claim, spool: Spool, download: Download) -> bool:
    pause = claim.services.settings.lease.total_seconds() / 4
    beat = time.monotonic() + pause
    for chunk in download.chunks:
        spool.write(chunk)
        if claim.picture:
            _must_be_small(claim, spool.size)
            continue
        over = claim.must_end(spool)
        if over or time.monotonic() >= beat:
            _keep(claim, spool)
            _room_for(claim.services, 0)
            beat = time.monotonic() + pause
        if over:
            return False
    return True


def _must_be_small(claim: _Claim, size: int) -> None:
    """Refused or Transient when a picture is none, by its size or by the time that it takes."""
    if not claim.picture:
        return
    if size > LARGEST_PICTURE:
        raise Refused("too-large", f"{size} bytes; a picture has {LARGEST_PICTURE} at most")
    if claim.age() > PICTURE_SLICE:
        raise Transient("media-slow", f"not all there after {PICTURE_SLICE.total_seconds():g} s")


def _room_for(services: Services, size: int) -> None:
    if services.archive.free_bytes() - size <= services.settings.space_reserve:
        raise Transient("no-space", f"{size} bytes would touch the reserve", whose=Whose.VENDOR, asked=False)


def _land(claim: _Claim, spool: Spool) -> e.Event:
    """Check whole bytes, hash them, and give them their final name."""
    try:
        with spool.open() as stream:
            facts = claim.services.check(stream, claim.job.kind)
    except Refused as no:
        return _reject(claim, spool, no)
    claim.beat(spool.size)
    claim.services.reach("fetch-checked")
    sha256 = _sha256(spool)
    claim.beat(spool.size)
    claim.services.reach("fetch-hashed")
    sidecar = _sidecar(claim, spool.size, sha256, facts)
    claim.services.archive.publish(spool, str(sidecar["key"]), sidecar)
    claim.services.reach("fetch-published")
    return e.AssetLanded(claim.file.identity, _asset(claim, sidecar), claim.job.claim)


def _reject(claim: _Claim, spool: Spool, no: Refused) -> e.Event:
    """Keep what failed the check aside, for whoever wants to know what it was."""
    why: dict[str, object] = {"job": claim.job.id, "reason": no.code, "detail": no.detail}
    if spool.size:
        sidecar = {**why, "size": spool.size, "sha256": _sha256(spool)}
        claim.services.archive.reject(spool, claim.key("bin"), sidecar)
    return e.FetchFailed(claim.job.claim, claim.file.identity, no.code, no.detail)


def _sha256(spool: Spool) -> str:
    digest = hashlib.sha256()
    with spool.open() as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _sidecar(claim: _Claim, size: int, sha256: str, facts: MediaFacts) -> dict[str, object]:
    """What stands beside the bytes: everything that is needed to find and trust them without this service."""
    job, zone = claim.job, claim.camera.zone
    length = facts.duration_seconds
    end = (
        job.window.end
        if length is None
        else min(job.window.start + timedelta(seconds=length), job.window.end)
    )
    return {
        "schema": 1,
        "id": claim.asset_id,
        "key": claim.key(facts.extension),
        "camera": job.camera,
        "vendor": job.vendor,
        "kind": job.kind.value,
        "start": job.window.start.astimezone(zone).isoformat(),
        "end": end.astimezone(zone).isoformat(),
        "window": [instant.astimezone(zone).isoformat() for instant in (job.window.start, job.window.end)],
        "size": size,
        "sha256": sha256,
        "duration_seconds": length,
        "verdict": _verdict(claim, facts).value,
        "content_type": facts.content_type,
        "job": job.id,
        **({"record": job.record} if job.record else {}),
        "simulated": claim.services.simulated,
        "landed_at": claim.services.jobs.now().isoformat(),
    }


def _verdict(claim: _Claim, facts: MediaFacts) -> Verdict:
    """Whole bytes that last less than was wanted are a partial asset."""
    wanted = claim.job.window.length.total_seconds() * claim.services.ledger.policy.whole_from
    short = facts.duration_seconds is not None and facts.duration_seconds < wanted
    return Verdict.PARTIAL if facts.verdict == Verdict.COMPLETE and short else facts.verdict


def _asset(claim: _Claim, sidecar: Mapping[str, object]) -> Asset:
    """The asset that a sidecar describes."""
    length = sidecar["duration_seconds"]
    return Asset(
        id=str(sidecar["id"]),
        key=str(sidecar["key"]),
        camera=claim.job.camera,
        kind=claim.job.kind,
        start=datetime.fromisoformat(str(sidecar["start"])),
        end=datetime.fromisoformat(str(sidecar["end"])),
        size=int(str(sidecar["size"])),
        sha256=str(sidecar["sha256"]),
        verdict=Verdict(str(sidecar["verdict"])),
        content_type=str(sidecar["content_type"]),
        job=claim.job.id,
        duration_seconds=None if length is None else float(str(length)),
    )
