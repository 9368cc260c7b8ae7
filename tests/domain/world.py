"""A small world: services of memory twins, a stand-in vendor, workers that answer the bells, and a sweep every 15 s."""

from collections import Counter
from datetime import timedelta
from typing import Any

from shared.adapters.memory import HandClock, ListQueue, MemoryCameras
from shared.adapters.memory_archive import MemoryArchive, MemoryMedia
from shared.domain import events as e
from shared.domain.effects import Step
from shared.domain.job import Job, Lease, State, Window
from shared.domain.retries import Policy
from shared.ports import News
from shared.services import Services
from tests.builders import NOON, POLICY, a_camera, services
from tests.domain.tale import a_file
from tests.stand_ins import Killed, StandInVendor
from worker import ask, fetch, harvest, prepare, settle, tell

STEPS = {
    Step.PREPARE: prepare.prepare,
    Step.ASK: ask.ask,
    Step.FETCH: fetch.fetch,
    Step.SETTLE: settle.settle,
    Step.HARVEST: harvest.harvest,
    Step.TELL: tell.tell,
}
SWEEP_SECONDS = 15


class World:
    """Everything that is real here is the domain, the ledger, the sweep, the circuits and the worker's steps."""

    def __init__(
        self,
        room: int = 1,
        cameras: int = 1,
        policy: Policy = POLICY,
        platform: int | None = None,
        **parts: Any,
    ) -> None:
        self.clock = HandClock(NOON)
        self.vendor = StandInVendor(room, platform)
        self.media = MemoryMedia()
        self.archive = MemoryArchive()
        self.bells = ListQueue()
        known = MemoryCameras(*(a_camera(f"camera-{number}") for number in range(cameras)))
        made = {
            "cameras": known,
            "sources": {"sms": self.vendor},
            "media": self.media,
            "archive": self.archive,
        }
        self.services: Services = services(self.clock, policy, bells=self.bells, **made | parts)
        self.deaths: Counter[Step] = Counter()

    # -- what people and vendors do ------------------------------------------------------------------------------------

    def wish(self, windows: int = 1, camera: int = 0) -> tuple[Job, ...]:
        """Half-hours of yesterday, one job each."""
        end = NOON - timedelta(hours=24)
        span = Window(end - windows * timedelta(minutes=30), end)
        return self.services.wishes.playback(f"camera-{camera}", span)

    def deliver(self, stream_id: str, content: bytes = b"film") -> News:
        """The vendor's answer at the end of a download: a file of its own, which is really there."""
        file = a_file(stream_id)
        self.media.put(file.address, content)
        return News(stream_id, 1.0, True, (file,))

    def oblige(self) -> None:
        """From now on the vendor delivers whatever it is asked about."""
        self.vendor.asks.then = self.deliver

    def tell(self, job: Job, event: e.Event) -> None:
        """Let an event happen to a job."""
        self.services.ledger.record(job.id, event)

    # -- what the machines do ------------------------------------------------------------------------------------------

    def work(self) -> None:
        """Workers answer the bells until none rings. One that is killed is gone; its bell is not rung again."""
        while self.bells.rung:
            bell = self.bells.rung.pop(0)
            try:
                while STEPS[bell.step](self.services, bell.queue):
                    pass
            except Killed:
                self.deaths[bell.step] += 1

    def wait(self, seconds: float) -> None:
        """Time passes, with a sweep every 15 seconds, and work is done."""
        self.work()
        for _ in range(int(seconds // SWEEP_SECONDS)):
            self.clock.move(timedelta(seconds=SWEEP_SECONDS))
            self.services.sweep.run()
            self.work()

    def lose_the_bells(self) -> int:
        """The broker is emptied; how many bells were in it."""
        lost = len(self.bells.rung)
        self.bells.rung.clear()
        return lost

    # -- how it stands -------------------------------------------------------------------------------------------------

    def now(self, job: Job) -> Job:
        """The job as it is now."""
        found = self.services.jobs.load(job.id)
        assert found
        return found.job

    def states(self, jobs: tuple[Job, ...]) -> set[State]:
        """The states of jobs."""
        return {self.now(job).state for job in jobs}

    def history(self, job: Job) -> list[str]:
        """The kinds of events in a job's history, in order."""
        return [line.event for line in self.services.jobs.history(job.id)]

    def notes(self, job: Job, event: str) -> list[str | None]:
        """The reasons in a job's history beside one kind of event."""
        return [line.reason for line in self.services.jobs.history(job.id) if line.event == event]

    def lease(self, seconds: float = 120) -> Lease:
        """Another worker's lease from now on."""
        return Lease("another worker", self.clock.now() + timedelta(seconds=seconds))
