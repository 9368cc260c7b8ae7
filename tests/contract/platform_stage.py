"""A stage for lanes: a store, and devices that share the room of one platform, with workers that know how much it is."""

from datetime import timedelta

from shared.adapters.memory import HandClock, ListQueue
from shared.domain import events as e
from shared.domain.job import Job, Lane, Lease
from shared.domain.lifecycle import Moved
from shared.ledger import Ledger
from shared.ports import JobStore
from tests.builders import NOON, POLICY, a_job

SECOND = timedelta(seconds=1)
PLATFORM = "sms"


class Platform:
    """A ledger on a store, and devices that share the room of one platform. `age` is how old a wish is, in seconds."""

    def __init__(self, store: JobStore, clock: HandClock, room: int = 16) -> None:
        self.store, self.clock, self.room = store, clock, room
        self.ledger = Ledger(store, ListQueue(), POLICY)
        self.rooms: dict[str, int] = {}

    def lanes(self, device: str) -> tuple[Lane, Lane]:
        return Lane(f"sms:{device}", self.rooms.get(device, 1)), Lane(PLATFORM, self.room)

    def wish(self, device: str, number: int = 1, age: float = 0, **changes: object) -> list[Job]:
        """Windows of a device, the oldest first."""
        jobs = []
        for place in range(number):
            at = NOON - timedelta(seconds=age - place)
            made = a_job(**{"camera": device, "lanes": self.lanes(device), "created_at": at} | changes)
            job = self.ledger.create(made)
            assert job
            jobs.append(job)
        return jobs

    def claim(self, job: Job | str, moved_to: str = "") -> object:
        """A worker claims a job, with the lanes as it knows them; the camera may have moved to another device."""
        job_id = job if isinstance(job, str) else job.id
        found = self.store.load(job_id)
        assert found
        lease = Lease("w", self.clock.now() + timedelta(minutes=2))
        lanes = self.lanes(moved_to or found.job.camera)
        return self.ledger.record(job_id, e.PrepareStarted(lease, lanes))

    def next(self) -> str | None:
        """A worker takes and claims the next job; whose it is."""
        job_id = self.store.take("sms")
        if job_id is None:
            return None
        assert isinstance(self.claim(job_id), Moved)
        found = self.store.load(job_id)
        assert found
        return found.job.camera

    def crowd(self) -> str:
        """All that workers get until there is no room, as one word."""
        return "".join(iter(self.next, None))

    def leave(self, device: str, event: e.Event | None = None) -> str:
        """The first of a device's running jobs leaves its lanes; which one."""
        job_id = min(self.store.lane(f"sms:{device}").runners)
        self.ledger.record(job_id, event or e.CancelRequested())
        return job_id

    def busy(self, device: str) -> str:
        """The device turns a job away, and is closed for half a minute; which job."""
        wait = {"wait": 30 * SECOND, "lane": f"sms:{device}"}
        return self.leave(device, e.Postponed("device-busy", attempt=1, asked=True, **wait))
