"""Readable defaults: a camera, a job in any state, and services made of memory twins."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from shared.adapters.memory import HandClock, ListQueue, MemoryCameras, MemoryJobStore, MemoryShared
from shared.adapters.memory_archive import MemoryArchive, MemoryMedia
from shared.adapters.memory_records import MemoryRecordStore
from shared.domain import lifecycle, planning
from shared.domain.camera import Camera
from shared.domain.events import Sighting
from shared.domain.job import Job, Kind, Lane, Origin, Window
from shared.domain.records import Chapter, Record, record_id
from shared.domain.retries import Policy
from shared.ledger import Ledger
from shared.ports import JobStore, Listed
from shared.ring import InForce, Ring
from shared.services import Services
from shared.settings import Settings, Source, read
from shared.signing import Keys
from tests.stand_ins import StandInVendor, check

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)  # in Shanghai
DEVICE = Lane("sms:device", 1)
POLICY = Policy()

_serial = iter(range(10**9))


def a_window(minutes_ago: float = 180, minutes: float = 5) -> Window:
    """A window that was over long ago."""
    start = NOON - timedelta(minutes=minutes_ago)
    return Window(start, start + timedelta(minutes=minutes))


def a_camera(name: str = "front-door", **changes: Any) -> Camera:
    """A camera that the vendor `sms` knows."""
    return replace(Camera(name=name, sections={"sms": object()}), **changes)


def a_job(**changes: Any) -> Job:
    """A playback job, wanted since noon."""
    number = next(_serial)
    window = changes.pop("window", a_window())
    job = Job(
        id=f"01jtest{number:019d}",
        kind=Kind.PLAYBACK,
        vendor="sms",
        camera="front-door",
        window=window,
        wish=planning.wish(Kind.PLAYBACK, f"front-door-{number}", window),
        origin=Origin.HAND,
        created_at=NOON,
        updated_at=NOON,
        give_up_at=NOON + POLICY.give_up,
        due_at=None,
        lanes=(DEVICE,),
    )
    job = replace(job, **changes)
    return replace(job, due_at=lifecycle.due(job, POLICY))


TODAY = date(2026, 11, 20)


def a_record(key: str = "1", **changes: Any) -> Record:
    """A record of today's morning, with one chapter."""
    camera, package = changes.get("camera", "front-door"), changes.get("package", "digest")
    record = Record(
        id=record_id("imou", camera, package, key),
        vendor="imou",
        camera=camera,
        package=package,
        day=TODAY,
        created_at=NOON - timedelta(hours=4),
        vendor_id=key,
        tags=("人",),
        chapters=(Chapter("08:00", ("人",), "一人走过门口", 12.0, NOON - timedelta(hours=3)),),
        duration_seconds=12.0,
        size=1000,
    )
    return replace(record, **changes)


def a_listed(key: str = "1", signed: str = "1", **changes: Any) -> Listed:
    """A record as a listing has it, with an address of its picture that is `signed`."""
    return Listed(
        a_record(key, **changes), Sighting("picture", f"http://pictures.example/{key}?sign={signed}")
    )


def a_ledger(jobs: JobStore | None = None, clock: HandClock | None = None, policy: Policy = POLICY) -> Ledger:
    """A ledger on a memory store, with its doorbells as a list."""
    return Ledger(jobs or MemoryJobStore(clock or HandClock(NOON)), ListQueue(), policy)


def some_settings(**environ: str) -> Settings:
    """The defaults, but for the variables that are given."""
    return read(Settings, Source(environ, {}, Path("/nowhere")))


def services(clock: HandClock | None = None, policy: Policy = POLICY, **parts: Any) -> Services:
    """Services of memory twins around one clock, with a stand-in vendor.

    Any part can be given by its name; `bells` are the doorbells of the ledger that is made.
    """
    clock = clock or HandClock(NOON)
    jobs, bells = parts.pop("jobs", None) or MemoryJobStore(clock), parts.pop("bells", None) or ListQueue()
    made = {
        "settings": some_settings(),
        "memory": MemoryShared(clock),
        "records": MemoryRecordStore(),
        "ledger": Ledger(jobs, bells, policy),
        "cameras": MemoryCameras(a_camera()),
        "archive": MemoryArchive(),
        "media": MemoryMedia(),
        "check": check,
        "sources": {"sms": StandInVendor()},
        "ring": Ring(InForce(Keys(("a key of the tests",)), ("a token of the tests",))),
        "public_url": "http://gleaner.example",
        "owner": "test",
    }
    return Services(jobs=jobs, **made | parts)
