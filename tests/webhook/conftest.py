"""A web entrance on memory twins, with one camera, the vendor's real reader of callbacks, and helpers for readable tests."""

import hashlib
import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from shared.adapters import media
from shared.adapters.memory import HandClock, ListQueue, MemoryCameras, MemoryJobStore, MemoryShared
from shared.adapters.memory_archive import MemoryArchive
from shared.domain import events as e
from shared.domain.job import Asset, Job, Kind, Verdict, Window
from shared.domain.retries import Policy
from shared.ledger import Ledger
from shared.services import Services
from shared.settings import Settings, Source, read
from shared.signing import Keys
from shared.vendors.base import Toolbox
from shared.vendors.sms import VENDOR
from shared.vendors.sms.section import SmsCamera
from tests.builders import NOON, a_camera, a_window
from webhook import create_app

TOKEN = "root-token-of-the-tests"


def _section(device: str) -> SmsCamera:
    return SmsCamera(device, "34020000001320000101")


CAMERAS = (
    a_camera("front-door", sections={"sms": _section("34020000001110000101")}),
    a_camera("berlin", timezone="Europe/Berlin", sections={"sms": _section("34020000001110000102")}),
    a_camera("records-only", sections={"other": object()}),
)


class NoNetwork:
    """Nobody here asks a vendor for anything."""

    def post_json(self, url, body, headers, timeout):
        raise AssertionError("a view must not wait for a vendor")


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
        vendor = VENDOR.build(
            read(VENDOR.settings, Source({}, {}, Path("/nowhere"))), Toolbox(NoNetwork(), memory)
        )
        self.services = Services(
            settings=self.settings,
            jobs=jobs,
            memory=memory,
            ledger=ledger,
            cameras=MemoryCameras(*CAMERAS),
            archive=self.archive,
            media=None,
            check=media.check,
            sources={"sms": vendor},
            keys=Keys(("key of the tests",)),
            admin_tokens=(TOKEN, "the-token-before"),
            public_url="http://127.0.0.1:8000",
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
