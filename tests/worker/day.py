"""A simulated day: the real client and the real harvest against the simulated cloud over HTTP, on memory twins and one hand."""

from collections import Counter
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from gleaner.sandbox.accounts import environ
from gleaner.sandbox.channels import DAYS, Channel
from gleaner.sandbox.content import Addition
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


def channels(number: int) -> tuple[Channel, ...]:
    """So many cameras, with a day's digest each."""
    return tuple(
        Channel(f"CAM{place:04}", name=f"cam-{place:04}", packages=(DAYS,)) for place in range(number)
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
        self.changes: Counter[tuple[str, date]] = Counter()
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
            self.changes[channel.name, day] += 1

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
        """How many chapters the cloud has told of a day by now, by camera: each came in an hour of its own."""
        return {
            channel.name: sum(len(record.chapters) for record in self._rows(channel, day))
            for channel in self.cloud.channels
        }

    def least(self, day: date) -> int:
        """The calls without which a busy day cannot be followed: one for each hour with news, and a closing pair."""
        return sum(self.changes[channel.name, day] + 2 for channel in self.cloud.channels)

    def _rows(self, channel: Channel, day: date):
        return self.cloud.content.records(channel, DAYS, day, self.clock.at)

    @property
    def calls(self) -> int:
        """All that went out, for whatever purpose."""
        return self.cloud.witness.total

    def entries(self):
        """The records, each as it is now."""
        return self.services.records.list(RecordQuery(limit=500)).entries
