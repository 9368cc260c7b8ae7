"""A web entrance on memory twins, with a few cameras, a vendor of records that is a stand-in, the vendor's real reader of callbacks, and helpers for readable tests."""

import hashlib
import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from jinja2 import BytecodeCache

from shared.adapters import media
from shared.adapters.memory import HandClock, ListQueue, MemoryCameras, MemoryJobStore, MemoryShared
from shared.adapters.memory_archive import MemoryArchive
from shared.adapters.memory_records import MemoryRecordStore
from shared.domain import events as e
from shared.domain.job import Asset, Job, Kind, Verdict, Window
from shared.domain.retries import Policy
from shared.ledger import Ledger
from shared.ports import Quota, RecordEntry
from shared.ring import InForce, Ring
from shared.sealing import Seal
from shared.services import Services
from shared.settings import Settings, Source, read
from shared.signing import Keys
from shared.vendors.base import Toolbox
from shared.vendors.sms import VENDOR
from shared.vendors.sms.section import SmsCamera
from tests.builders import NOON, a_camera, a_listed, a_window
from tests.stand_ins import StandInRecords
from webhook import create_app

TOKEN = "root-token-of-the-tests"


def _section(device: str) -> SmsCamera:
    return SmsCamera(device, "34020000001320000101")


CAMERAS = (
    a_camera("front-door", sections={"sms": _section("34020000001110000101"), "imou": object()}),
    a_camera("berlin", timezone="Europe/Berlin", sections={"sms": _section("34020000001110000102")}),
    a_camera("records-only", sections={"other": object()}),
)


class NoNetwork:
    """Nobody here asks a vendor for anything."""

    def post_json(self, url, body, headers, timeout):
        raise AssertionError("a view must not wait for a vendor")


class CountedRecords(StandInRecords):
    """A vendor of records that says what of its patience is used up."""

    counted: tuple[Quota, ...] = ()

    def quotas(self):
        return self.counted


class _Compiled(BytecodeCache):
    """Templates once compiled, for every app after: compiling took longer than all else that these tests do."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket) -> None:
        if kept := self._kept.get(bucket.key):
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


TEMPLATES = _Compiled()


@dataclass
class World:
    """The services, and the few things that happen to them from outside."""

    clock: HandClock = field(default_factory=partial(HandClock, NOON))
    settings: Settings = field(default_factory=lambda: read(Settings, Source({}, {}, Path("/nowhere"))))
    changes: dict[str, object] = field(default_factory=dict)

    def __post_init__(self):
        jobs, memory = MemoryJobStore(self.clock), MemoryShared(self.clock)
        self.bells = ListQueue()
        self.archive = MemoryArchive()
        ledger = Ledger(jobs, self.bells, Policy())
        keys = Keys(("key of the tests",))
        tools = Toolbox(NoNetwork(), memory, Seal(keys), jobs.now)
        vendor = VENDOR.playback(read(VENDOR.settings, Source({}, {}, Path("/nowhere"))), tools)
        self.source = CountedRecords("digest", "events")
        self.services = Services(
            settings=self.settings,
            jobs=jobs,
            records=MemoryRecordStore(),
            memory=memory,
            ledger=ledger,
            cameras=MemoryCameras(*CAMERAS),
            archive=self.archive,
            media=None,
            check=media.check,
            sources={"sms": vendor},
            record_sources={"imou": self.source},
            ring=Ring(InForce(keys, (TOKEN, "the-token-before"))),
            public_url="http://127.0.0.1:8000",
            tick=lambda: self.clock.now().timestamp(),
        )
        self.services = replace(self.services, **self.changes)

    def wish(self, camera: str = "front-door", window: Window | None = None) -> Job:
        """A job that somebody wished for."""
        return self.services.wishes.playback(camera, window or a_window())[0]

    def submitting(self) -> Job:
        """A job whose submission is on its way."""
        job = self.wish()
        self.happen(job, e.PrepareStarted(self.services.lease()))
        return self.now(job)

    def preparing(self, stream_id: str | None = "stream-1") -> Job:
        """A job that the vendor is at work for."""
        job = self.submitting()
        self.happen(job, e.Submitted(1, stream_id))
        return self.now(job)

    def archived(self, content: bytes = b"footage", camera: str = "front-door", **changes) -> Job:
        """A job whose one file has landed."""
        job = self.wish(camera, changes.pop("window", None))
        self.happen(job, e.PrepareStarted(self.services.lease()))
        self.happen(job, e.Prepared(1, (e.Sighting("file", "http://media.example/clip.mp4?token=secret"),)))
        self.happen(job, e.FetchStarted(self.services.lease()))
        asset = self.land(job, content, **changes)
        self.happen(job, e.AssetLanded("file", asset, 1))
        return self.now(job)

    def land(self, job: Job, content: bytes, content_type: str = "video/mp4", **changes) -> Asset:
        """Put bytes into the archive."""
        key = changes.pop("key", f"{job.camera}/2026/11/20/090000-playback-{job.id}.mp4")
        sha256 = hashlib.sha256(content).hexdigest()
        with self.archive.spool(job.id) as spool:
            spool.write(content)
            sidecar = {"size": len(content), "sha256": sha256, "content_type": content_type}
            self.archive.publish(spool, key, sidecar)
        asset = Asset(
            id=f"asset-{job.id}",
            key=key,
            camera=job.camera,
            kind=Kind.PLAYBACK,
            start=job.window.start,
            end=job.window.end,
            size=len(content),
            sha256=sha256,
            verdict=Verdict.COMPLETE,
            content_type=content_type,
            job=job.id,
            duration_seconds=300.0,
        )
        return replace(asset, **changes)

    def listed(self, key: str = "1", **changes) -> RecordEntry:
        """A record as the vendor lists it now, with the job for its picture."""
        listed = a_listed(key, **changes)
        entry = self.services.records.upsert(listed.record, listed.picture)
        picture = self.services.wishes.picture(entry)
        self.services.records.acknowledge(entry.record.id, entry.revision, [picture.id] if picture else [])
        return self.services.records.load(entry.record.id)

    def pictured(self, key: str = "1", content: bytes = b"picture", **changes) -> RecordEntry:
        """A record whose picture has landed."""
        entry = self.listed(key, **changes)
        job = self.services.jobs.load(entry.jobs[-1]).job
        self.happen(job, e.FetchStarted(self.services.lease()))
        place = f"{job.camera}/2026/11/20/080000-picture-{job.id}.jpg"
        asset = self.land(job, content, "image/jpeg", key=place, kind=Kind.PICTURE, duration_seconds=None)
        self.happen(job, e.AssetLanded(entry.picture.identity, asset, 1))
        self.services.records.link(entry.record.id, asset.key)
        return self.services.records.load(entry.record.id)

    def harvested(
        self, camera: str = "front-door", package: str = "digest", trouble: str = "", detail: str = ""
    ) -> None:
        """All that is wanted of a package is listed, or the next day of it meets trouble."""
        harvests = self.services.harvests
        [subject] = [each for each in harvests.subjects(camera) if each.package == package]
        harvests.wish(camera)
        while claim := harvests.take(subject.vendor, "a worker"):
            if claim.subject.package != package:
                harvests.listed(claim, "")
            elif trouble:
                harvests.failed(claim, trouble, detail)
            else:
                harvests.listed(claim, "", detail)

    def happen(self, job: Job, event: e.Event) -> None:
        """Let an event happen to a job."""
        self.services.ledger.record(job.id, event)

    def now(self, job: Job) -> Job:
        """The job as it is now."""
        return self.services.jobs.load(job.id).job

    def swept(self) -> None:
        """A sweep ends."""
        self.services.sweep.run()

    def callback_path(self, job: Job, attempt: int = 1) -> str:
        """Where the vendor calls back."""
        return self.services.callback_url("sms", job.id, attempt).removeprefix(self.services.public_url)

    def client(self) -> FlaskClient:
        """A client without credentials, and without cookies so far."""
        app = create_app(self.services)
        app.testing = True
        app.jinja_env.bytecode_cache = TEMPLATES
        return app.test_client()

    def admin(self, token: str = TOKEN) -> FlaskClient:
        """A program with an admin token."""
        client = self.client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client


@pytest.fixture
def make_world():
    """Makes worlds that differ."""
    return World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def stranger(world: World) -> FlaskClient:
    """Somebody without credentials."""
    return world.client()


@pytest.fixture
def admin(world: World) -> FlaskClient:
    """A program with the admin token."""
    return world.admin()


class Browser:
    """Loads pages, and sends their forms with the token that they hold."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **more):
        return self.client.get(path, headers={"Accept": "text/html"}, **more)

    def csrf(self) -> str:
        return re.search(r'name="csrf_token" value="([^"]+)"', self.get("/").text)[1]

    def send(self, path: str, headers=None, **form):
        form.setdefault("csrf_token", self.csrf())
        return self.client.post(path, data=form, headers={"Accept": "text/html", **(headers or {})})

    def log_in(self, token: str = TOKEN):
        return self.send("/login", token=token)


@pytest.fixture
def browser(stranger: FlaskClient) -> Browser:
    """A browser that is not logged in."""
    return Browser(stranger)


@pytest.fixture
def operator(browser: Browser) -> Browser:
    """A browser that is logged in."""
    assert browser.log_in().status_code == 303
    return browser


@pytest.fixture
def an_hour_ago():
    """A window of five minutes as JSON."""
    start = NOON - timedelta(hours=1)
    return {"start": start.isoformat(), "end": (start + timedelta(minutes=5)).isoformat()}
