"""Large files, as fast as they go: our fetch beside `curl`, `sync` and `sha256sum`, which is what it takes to trust a file.

Ours is the fetch step as a worker runs it, with a real Redis, the archive on disk and the guarded HTTP, called in this
process: only Celery is left out. The check of the media is ours alone, so it is timed apart and its time taken off.
"""

import hashlib
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import BinaryIO

from bench.footage import Clip, make
from bench.product import CAMERA
from bench.serving import serving
from gleaner.embedded_redis import EmbeddedRedis
from shared.domain import events as e
from shared.domain.effects import FETCH
from shared.domain.job import Kind, State, Window
from shared.domain.media import MediaFacts
from shared.ports import MediaCheck
from shared.services import Services
from shared.settings import Settings, Source, read
from shared.wiring import build
from worker.fetch import fetch

FILES, SIZE, SECONDS = 3, 512_000_000, 1500
CAMERA_NAME = "large"


@dataclass
class Timed:
    """A check that notes how long it took in all."""

    check: MediaCheck
    seconds: float = field(default=0.0, init=False)

    def __call__(self, stream: BinaryIO, kind: Kind) -> MediaFacts:
        """The check."""
        began = time.monotonic()
        try:
            return self.check(stream, kind)
        finally:
            self.seconds += time.monotonic() - began


@dataclass(frozen=True)
class Pair:
    """One file, fetched by either. Seconds: ours without the check; curl's without hashing; the hash by two programs."""

    ours: float
    check: float
    curl: float
    sha256sum: float
    hashlib: float

    @property
    def ratio(self) -> float:
        """Our throughput to curl's."""
        return (self.curl + self.sha256sum) / self.ours

    @property
    def same_hash(self) -> float:
        """The same, were curl's file hashed by the library that we use."""
        return (self.curl + self.hashlib) / self.ours


@contextmanager
def fetching(home: Path) -> Iterator[Services]:
    """The parts of a worker, with a Redis of their own, until the block ends."""
    home.mkdir()
    (home / "cameras.toml").write_text(CAMERA.format(name=CAMERA_NAME, device="34020000001110009999"))
    server = EmbeddedRedis(home)
    told = {
        "GLEANER_HOME": str(home),
        "CAMERAS_FILE": str(home / "cameras.toml"),
        "SMS_BASE_URL": "http://127.0.0.1:9",
        "REDIS_URL": server.state_url,
        "CELERY_BROKER_URL": "memory://",
    }
    server.start()
    try:
        where = Source(told, {}, home)
        yield build(read(Settings, where), where)
    finally:
        server.stop()


def prepared(services: Services, number: int, address: str) -> str:
    """A job whose file can be fetched, for the nth half hour of yesterday; its id."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    start = midnight + number * timedelta(minutes=30)
    (job,) = services.wishes.playback(CAMERA_NAME, Window(start, start + timedelta(seconds=SECONDS)))
    services.ledger.record(job.id, e.PrepareStarted(services.lease()))
    services.ledger.record(job.id, e.Prepared(1, (e.Sighting("clip", address),), "stream"))
    return job.id


def large(folder: Path, rounds: int) -> dict[str, object]:
    """Pairs of each file in each round; the ratio is curl's time to ours, above 1 when ours is faster."""
    (folder / "files").mkdir()
    clips = [make(folder / "files", f"large-{number}.mp4", SIZE, SECONDS) for number in range(FILES)]
    pairs: list[Pair] = []
    with serving(folder / "files") as media, fetching(folder / "home") as services:
        for number in range(rounds * FILES):
            clip = clips[number % FILES]
            job_id = prepared(services, number, media.address(clip.name))
            pairs.append(_pair(services, job_id, clip, media.address(clip.name), folder, number % 2 == 0))
            one = pairs[-1]
            print(
                f"  {number + 1}/{rounds * FILES} ours {one.ours:.1f} s, curl {one.curl + one.sha256sum:.1f} s",
                flush=True,
            )
    return {
        "bytes_each": clips[0].size,
        "rounds": rounds,
        "pairs": len(pairs),
        "ours_seconds": _middle(pair.ours for pair in pairs),
        "check_seconds": _middle(pair.check for pair in pairs),
        "curl_and_sync_seconds": _middle(pair.curl for pair in pairs),
        "sha256sum_seconds": _middle(pair.sha256sum for pair in pairs),
        "ratio": _middle(pair.ratio for pair in pairs),
        "ratio_range": [round(edge(pair.ratio for pair in pairs), 2) for edge in (min, max)],
        "ratio_with_the_same_hash": _middle(pair.same_hash for pair in pairs),
    }


def _middle(values: Iterable[float]) -> float:
    return round(median(values), 2)


def _pair(services: Services, job_id: str, clip: Clip, address: str, folder: Path, first: bool) -> Pair:
    """Who goes first changes from pair to pair."""
    ours = _ours(services, job_id, clip) if first else None
    curl = _curl(address, folder / "by-curl", clip)
    return Pair(*(ours or _ours(services, job_id, clip)), *curl)


def _ours(services: Services, job_id: str, clip: Clip) -> tuple[float, float]:
    """Seconds of a fetch without its check, and of the check."""
    timed = Timed(services.check)
    _settle()
    began = time.monotonic()
    fetch(replace(services, check=timed), FETCH)
    took = time.monotonic() - began
    found = services.jobs.load(job_id)
    if found is None or found.job.state != State.ARCHIVED or found.job.assets[0].sha256 != clip.sha256:
        raise RuntimeError(f"{clip.name} did not land: {found and (found.job.state, found.job.reason)}")
    (services.settings.home / "archive" / found.job.assets[0].key).unlink()
    return took - timed.seconds, timed.seconds


def _curl(address: str, to: Path, clip: Clip) -> tuple[float, float, float]:
    """Seconds of `curl` and `sync`, of `sha256sum`, and of the same by hashlib."""
    _settle()
    began = time.monotonic()
    subprocess.run(["curl", "-s", "-f", "--noproxy", "*", "-o", str(to), address], check=True)
    subprocess.run(["sync", str(to)], check=True)
    fetched = time.monotonic()
    said = subprocess.run(["sha256sum", str(to)], check=True, capture_output=True, text=True).stdout
    ended = time.monotonic()
    with to.open("rb") as file:
        again = hashlib.file_digest(file, "sha256").hexdigest()
    hashed = time.monotonic()
    to.unlink()
    if {said.split()[0], again} != {clip.sha256}:
        raise RuntimeError(f"curl brought other bytes than {clip.name}")
    return fetched - began, ended - fetched, hashed - ended


def _settle() -> None:
    """What the one before has left to be written must not be the next one's burden."""
    subprocess.run(["sync"], check=True)
    time.sleep(0.2)
