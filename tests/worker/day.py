"""A simulated day: the real client and the real harvest against the simulated cloud over HTTP, on memory twins and one hand."""

from collections import Counter
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from gleaner.sandbox.accounts import environ
from gleaner.sandbox.channels import DAYS, EVENTS, Channel
from gleaner.sandbox.content import Addition
from gleaner.sandbox.records import PUBLISHED_AFTER
from gleaner.sandbox.server import RunningSandbox
from shared.adapters.http import GuardedSession
from shared.adapters.memory import HandClock, ListQueue, MemoryCameras, MemoryJobStore, MemoryShared
from shared.adapters.memory_archive import MemoryArchive
from shared.ledger import Ledger
from shared.ports import RecordQuery
from shared.sealing import Seal
from shared.settings import Source, read
from shared.signing import Keys
from shared.vendors.base import Toolbox
from shared.vendors.imou.client import ImouRecords
from shared.vendors.imou.section import ImouCamera
from shared.vendors.imou.settings import ImouSettings
from tests.builders import POLICY, a_camera, services
from worker.harvest import harvest

SHANGHAI = ZoneInfo("Asia/Shanghai")
EVERY = timedelta(minutes=5)  # between two looks of the workers


def channels(
    number: int, packages: tuple[str, ...] = (DAYS,), lively: tuple[float, ...] = (1.0,)
) -> tuple[Channel, ...]:
    """So many cameras; by turns so `lively`."""
    return tuple(
        Channel(f"CAM{place:04}", "0", f"cam-{place:04}", packages, lively[place % len(lively)])
        for place in range(number)
    )


class CountedArchive(MemoryArchive):
    """Counts how often each description was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: Counter[str] = Counter()

    def describe(self, key, description):
        """Put it there."""
        written = super().describe(key, description)
        self.written[key] += written
        return written


class Day:
    """Cameras whose hours are told by the cloud, harvested as they come."""

    def __init__(self, sandbox: RunningSandbox, start: datetime, **limits: str) -> None:
        self.cloud, self.clock = sandbox.cloud, HandClock(start)
        self.cloud.throw({"any_time": True})
        self.move(start)
        memory, archive = MemoryShared(self.clock), CountedArchive()
        values = environ(sandbox.base_url)["imou"] | limits
        settings = read(ImouSettings, Source(values, {}, None))
        tools = Toolbox(GuardedSession(), memory, Seal(Keys(("a key",))), self.clock.now)
        cameras = [
            a_camera(each.name, sections={"imou": ImouCamera(each.device, each.number, each.packages)})
            for each in self.cloud.channels
        ]
        self.bells, self.archive = ListQueue(), archive
        jobs = MemoryJobStore(self.clock)
        self.services = services(
            self.clock,
            jobs=jobs,
            ledger=Ledger(jobs, self.bells, POLICY),
            memory=memory,
            archive=archive,
            cameras=MemoryCameras(*cameras),
            record_sources={"imou": ImouRecords(settings, tools, pauses=())},
        )

    def move(self, to: datetime) -> None:
        """Let it be that instant, here and at the cloud."""
        self.clock.at = to
        self.cloud.clock.set(to)

    def round(self) -> None:
        """All that is due now."""
        while harvest(self.services, "imou"):
            pass

    def publish(self) -> None:
        """One more chapter of each camera, of the hour that is just over: every camera has news each hour."""
        day = (self.clock.at - timedelta(minutes=1)).astimezone(SHANGHAI).date()
        for channel in self.cloud.channels:
            self.cloud.add(Addition(channel.device, channel.number, DAYS, day))

    def pass_hours(self, hours: int, busy: bool = False) -> None:
        """Let time pass, and the workers look every few minutes. The cloud publishes by its own clock, and `busy`, hourly."""
        end = self.clock.at + timedelta(hours=hours)
        while self.clock.at < end:
            self.move(self.clock.at + EVERY)
            if busy and not self.clock.at.minute:
                self.publish()
            self.round()

    def sidecars(self) -> Counter[str]:
        """How often the description of each record was written."""
        return Counter(
            {
                entry.record.id: times
                for entry in self.entries()
                for key, times in self.archive.written.items()
                if entry.record.id in key
            }
        )

    def chapters(self, day: date) -> dict[str, int]:
        """How many chapters the cloud has told of a day by now, by camera; those without are left out."""
        told = {
            channel.name: sum(len(record.chapters) for record in self._rows(channel, day))
            for channel in self.cloud.channels
        }
        return {name: number for name, number in told.items() if number}

    def events(self, day: date) -> int:
        """How many events the cloud has told of a day by now."""
        return sum(len(self._rows(channel, day, EVENTS)) for channel in self.cloud.channels)

    def least(self, day: date) -> int:
        """The calls without which a day cannot be followed: one for each hour with news of a package, and a closing pair."""
        return sum(
            len(self.hours(channel, package, day)) + 2
            for channel in self.cloud.channels
            for package in channel.packages
        )

    def hours(self, channel: Channel, package: str, day: date) -> set[int]:
        """Those in which the cloud told something new of a day."""
        moments = [
            moment
            for record in self._rows(channel, day, package)
            for moment in [each.published for each in record.chapters] or [record.created + PUBLISHED_AFTER]
        ]
        return {(moment - timedelta(minutes=1)).astimezone(SHANGHAI).hour for moment in moments}

    def _rows(self, channel: Channel, day: date, package: str = DAYS):
        return self.cloud.content.records(channel, package, day, self.clock.at)

    @property
    def calls(self) -> int:
        """All that went out, for whatever purpose."""
        return self.cloud.witness.total

    def entries(self, day: date | None = None, package: str | None = None):
        """The records, of a day and a package or all of them, each as it is now."""
        found, cursor = [], None
        while True:
            page = self.services.records.list(RecordQuery(day=day, limit=500, before=cursor))
            found += [entry for entry in page.entries if package in (None, entry.record.package)]
            if not (cursor := page.next):
                return found
