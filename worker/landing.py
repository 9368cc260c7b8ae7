"""What a worker holds while it fetches, and how whole bytes become an asset: checked, hashed, named, described.

Only bytes that were whole, checked and hashed get a final name, and the sidecar comes last. What landed before, and whose
worker died before it could say so, is taken over as it is.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Event, Thread

from shared.domain import events as e
from shared.domain import planning
from shared.domain.camera import Camera
from shared.domain.job import Asset, File, Job, Kind, Verdict
from shared.domain.media import MediaFacts
from shared.domain.rules.moving import Late
from shared.errors import GleanerError, NotFound, Refused, Transient
from shared.ports import Spool
from shared.services import Services

SCHEMA = 2  # of sidecars; 1 had neither `reasons` nor `examined`, and is read as ever


class Replaced(Exception):
    """Another worker has the claim, or the job no longer wants the bytes, or there is nobody to say it to."""


@dataclass(frozen=True)
class Claim:
    """What one claim works with."""

    services: Services
    job: Job
    file: File
    camera: Camera
    began: float  # by the services' tick

    @property
    def asset_id(self) -> str:
        """What the file will be known by, landed and before."""
        return planning.asset_id(self.job, self.file)

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
        return timedelta(seconds=self.services.tick() - self.began)

    def beat(self, size: int) -> None:
        """Say that bytes are safe; Replaced when nobody wants to hear it, or can."""
        services = self.services
        try:
            kept = e.Kept(self.job.claim, size, services.lease().until)
            heard = services.ledger.record(self.job.id, kept)
        except GleanerError as error:  # the store's trouble is no fault of the file
            raise Replaced from error
        if isinstance(heard, Late):
            raise Replaced


def adopted(claim: Claim) -> e.Event | None:
    """An asset that landed before, and whose worker died before it could say so."""
    landed = claim.services.archive.landed(claim.key("").rstrip("."))
    if landed is None:
        return None
    with suppress(Transient), claim.services.archive.spool(claim.asset_id, claim.job.claim) as spool:
        spool.restart(None)  # what that worker left behind there goes with an empty spool
    return e.AssetLanded(claim.file.identity, _asset(claim, landed), claim.job.claim)


def land(claim: Claim, spool: Spool) -> e.Event:
    """Check whole bytes, hash them, and give them their final name."""
    with _beating(claim, spool.size):
        return _land(claim, spool)


@contextmanager
def _beating(claim: Claim, size: int) -> Iterator[None]:
    """Keep the claim for as long as this takes, by a thread: checks, hashes and copies of large files may outlast a lease."""
    over = Event()
    pause = claim.services.settings.lease.total_seconds() / 4

    def beat() -> None:
        with suppress(Replaced):  # whoever lands asks once more before it does
            while not over.wait(pause):
                claim.beat(size)

    thread = Thread(target=beat, name="beat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _land(claim: Claim, spool: Spool) -> e.Event:
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
    if same := _kept_already(claim, sha256):
        spool.restart(None)  # an empty one goes
        return e.AssetLanded(claim.file.identity, _asset(claim, same), claim.job.claim)
    sidecar = _sidecar(claim, spool.size, sha256, _measured(claim, facts))
    claim.services.archive.publish(spool, str(sidecar["key"]), sidecar)
    claim.services.reach("fetch-published")
    return e.AssetLanded(claim.file.identity, _asset(claim, sidecar), claim.job.claim)


def _kept_already(claim: Claim, sha256: str) -> Mapping[str, object] | None:
    """The sidecar of the record's earlier picture if it has the same bytes: they are not kept twice.

    The job that brought it is asked first: its record may not know of it yet.
    """
    services, job = claim.services, claim.job
    if not claim.picture or job.record is None:
        return None
    first = services.jobs.load(services.jobs.find(planning.picture_wish(job.camera, job.record)) or "")
    entry = services.records.load(job.record)
    keys = [asset.key for asset in first.job.assets] if first else []
    for key in [*keys, *([entry.picture_key] if entry and entry.picture_key else [])]:
        sidecar = services.archive.sidecar(key)
        if sidecar and sidecar["sha256"] == sha256 and _lies_there(claim, key, sidecar):
            return sidecar
    return None


def _lies_there(claim: Claim, key: str, sidecar: Mapping[str, object]) -> bool:
    """Whether the media is beside its sidecar still: what is fetched already is not given up for a word."""
    try:
        return claim.services.archive.size(key) == sidecar["size"]
    except NotFound:
        return False


def _reject(claim: Claim, spool: Spool, no: Refused) -> e.Event:
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


def _sidecar(claim: Claim, size: int, sha256: str, facts: MediaFacts) -> dict[str, object]:
    """What stands beside the bytes: everything that is needed to find and trust them without this service.

    Its fields are published in `docs/sidecar.schema.json`.
    """
    job, zone = claim.job, claim.camera.zone
    length = facts.duration_seconds
    end = (
        job.window.end
        if length is None
        else min(job.window.start + timedelta(seconds=length), job.window.end)
    )
    return {
        "schema": SCHEMA,
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
        "verdict": facts.verdict.value,
        "reasons": dict(facts.reasons),
        "examined": list(facts.examined),
        "content_type": facts.content_type,
        "job": job.id,
        **({"record": job.record} if job.record else {}),
        "simulated": claim.services.simulated,
        "landed_at": claim.services.jobs.now().isoformat(),
    }


def _measured(claim: Claim, facts: MediaFacts) -> MediaFacts:
    """The facts beside what was wanted: whole bytes that last less are a partial asset, and so are those in doubt."""
    length, wanted = facts.duration_seconds, claim.job.window.length.total_seconds()
    if length is None or length >= wanted * claim.services.ledger.policy.whole_from:
        return facts
    verdict = facts.verdict if facts.verdict == Verdict.ENCRYPTED else Verdict.PARTIAL
    return replace(facts.doubted("short", f"{length:g} of {wanted:g} seconds"), verdict=verdict)


def _asset(claim: Claim, sidecar: Mapping[str, object]) -> Asset:
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
        job=str(sidecar["job"]),
        duration_seconds=None if length is None else float(str(length)),
    )
