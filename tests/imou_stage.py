"""A worker with the real client of the Imou cloud, which the sandbox plays over real HTTP; the one clock is moved by hand."""

from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

from gleaner.sandbox.accounts import environ
from gleaner.sandbox.channels import Channel
from gleaner.sandbox.cloud import Cloud
from gleaner.sandbox.content import Addition
from gleaner.sandbox.server import running_sandbox
from shared.adapters.http import GuardedSession
from shared.adapters.memory import HandClock, ListQueue, MemoryCameras, MemoryShared
from shared.domain.camera import Camera
from shared.sealing import Seal
from shared.services import Services
from shared.settings import Source, read
from shared.signing import Keys
from shared.vendors.base import Toolbox
from shared.vendors.imou import VENDOR
from shared.vendors.imou.settings import ImouSettings
from tests.builders import NOON, services, some_settings
from webhook import create_app
from worker.harvest import harvest

NAMES = ("front-door", "back-door", "yard")
LISTING, BITMAP, TOKEN = "getCondensedRecords", "queryCondensedRecordBitmap", "accessToken"


@dataclass
class Stage:
    """Three cameras, one package each unless told otherwise, and what the worker does about them."""

    services: Services
    cloud: Cloud
    clock: HandClock
    bells: ListQueue
    url: str

    def round(self, most: int = 500) -> int:
        """All that is due now, or the first of it; how many steps that were."""
        return next((done for done in range(most) if not harvest(self.services, "imou")), most)

    def after(self, **length: float) -> None:
        """Let time pass, here and at the cloud."""
        self.clock.at += timedelta(**length)
        self.cloud.clock.set(self.clock.at)

    def calls(self, method: str, device: str | None = None) -> int:
        """How many calls the cloud has seen."""
        return sum(
            each.method == method and device in (None, each.device) for each in self.cloud.witness.calls
        )

    def listings(self) -> int:
        """How many listings were begun: each is one page, and the look whether that was the last."""
        calls = self.cloud.witness.calls
        return sum(each.method == LISTING and each.cursor == "-1" for each in calls)

    def listed_days(self, device: str) -> list[str]:
        """The days of a device that were listed, in their order."""
        calls = self.cloud.witness.calls
        begun = [each for each in calls if each.method == LISTING and each.cursor == "-1"]
        return [each.begin[:10] for each in begun if each.device == device]

    def add(self, device: str, *days: date, package: str = "aiInsight") -> None:
        """One more record on each of these days."""
        for day in days:
            self.cloud.add(Addition(device, "0", package, day))

    def told(self, path: str):
        """What an operator reads in the admin API."""
        return self.entrance.get(
            f"/admin/{path}", headers={"Authorization": "Bearer a token of the tests"}
        ).json

    @cached_property
    def entrance(self):
        """A program that speaks to the web process."""
        return create_app(self.services).test_client()

    def harvest_of(self, camera: str):
        """How the first package of a camera stands, as an operator reads it."""
        found = {each["name"]: each["harvests"][0] for each in self.told("cameras")["cameras"]}
        return found[camera]


def device_of(camera: str) -> str:
    return f"DEV{camera.upper()}"


def a_toolbox(clock: HandClock, memory=None) -> Toolbox:
    return Toolbox(GuardedSession(), memory or MemoryShared(clock), Seal(Keys(("a key",))), clock.now)


def a_client(url: str, toolbox: Toolbox):
    own = read(ImouSettings, Source(environ(url)["imou"], {}, None))
    return VENDOR.records(own, toolbox, (0, 0))


def _camera(name: str, packages: tuple[str, ...]) -> Camera:
    section = VENDOR.section({"device": device_of(name), "packages": [*packages]})
    return Camera(name, sections={"imou": section})


@contextmanager
def on_stage(*packages: str, every: int = 0, names: tuple[str, ...] = NAMES, memory=None):
    """A stage whose schedule is off unless told otherwise."""
    packages = packages or ("aiInsight",)
    channels = [Channel(device_of(name), name=name, packages=packages) for name in names]
    with running_sandbox(channels=channels) as running:
        clock, bells = HandClock(NOON), ListQueue()
        running.cloud.clock.set(NOON)
        made = services(
            clock,
            settings=some_settings(HARVEST_EVERY=str(every)),
            bells=bells,
            cameras=MemoryCameras(*(_camera(name, packages) for name in names)),
            sources={},
            memory=memory or MemoryShared(clock),
        )
        source = a_client(running.base_url, a_toolbox(clock, made.memory))
        yield Stage(
            replace(made, record_sources={"imou": source}), running.cloud, clock, bells, running.base_url
        )
