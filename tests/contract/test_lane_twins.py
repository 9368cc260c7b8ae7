"""Memory and Redis are told the same at random, and whatever can be seen of lanes must be the same after every step."""

from collections.abc import Callable, Iterator
from random import Random, SystemRandom
from uuid import uuid4

import pytest
import redis

from shared.adapters.memory import HandClock, MemoryJobStore
from shared.adapters.redis_store import RedisJobStore
from shared.domain import events as e
from shared.domain.job import Job
from tests.builders import NOON, a_job
from tests.contract.platform_stage import PLATFORM, SECOND, Platform

DEVICES = ("A", "B", "C")


class Twins:
    """One clock, two stores; the dice say what happens."""

    def __init__(self, client: redis.Redis, seed: int) -> None:
        self.clock, self.seed, self.dice = HandClock(NOON), seed, Random(seed)
        stores = MemoryJobStore(self.clock), RedisJobStore(client, f"{{{uuid4().hex}}}:", clock=self.clock)
        self.platforms = [Platform(store, self.clock, room=2) for store in stores]
        self.memory = stores[0]
        self.jobs: list[str] = []
        self.taken: str | None = None
        often = [self.wish, self.work, self.work, self.leave, self.take, self.sweep] * 2
        self.moves = [*often, self.operate, self.operate, self.claim, self.busy, self.rooms, self.time]

    def step(self) -> None:
        """Something happens."""
        self.dice.choice(self.moves)()
        self.both(self.seen)

    def both(self, do: Callable[[Platform], object]) -> object:
        one, other = map(do, self.platforms)
        assert one == other, f"seed {self.seed}"
        return one

    def record(self, job_id: str, event: e.Event) -> None:
        self.both(lambda platform: platform.ledger.record(job_id, event))

    def seen(self, platform: Platform) -> object:
        lanes = (PLATFORM, *(f"sms:{device}" for device in DEVICES))
        jobs = [platform.store.load(job_id) for job_id in self.jobs]
        return [platform.store.lane(name) for name in lanes], jobs, platform.store.overdue_seconds()

    # -- what happens --------------------------------------------------------------------------------------------------

    def wish(self) -> None:
        device, age = self.dice.choice(DEVICES), self.dice.randrange(4)
        lanes = self.platforms[0].lanes(device)[: self.dice.choice((1, 2, 2, 2, 2))]
        job = a_job(camera=device, lanes=lanes, created_at=NOON - age * SECOND)
        self.both(lambda platform: platform.ledger.create(job))
        self.jobs.append(job.id)

    def take(self) -> None:
        """What was taken before is lost."""
        self.taken = self.both(lambda platform: platform.store.take("sms"))

    def work(self) -> None:
        """What was taken is claimed, or what can be taken; now and then its camera has moved to another device."""
        if self.taken is None:
            self.take()
        if self.taken is not None:
            moved_to = self.dice.choice(("",) * 9 + DEVICES)
            self.both(lambda platform: platform.claim(self.taken, moved_to))
        self.taken = None

    def claim(self) -> None:
        """Somebody claims what he was not given."""
        if self.jobs:
            job_id = self.dice.choice(self.jobs)
            self.both(lambda platform: platform.claim(job_id))

    def leave(self) -> None:
        for job in self.running():
            self.record(job.id, self.dice.choice((e.Refused(job.attempt, "no"), e.CancelRequested())))

    def busy(self) -> None:
        for job in self.running():
            lane = {"wait": self.dice.choice((5, 40)) * SECOND, "lane": job.lanes[0].name}
            self.record(job.id, e.Postponed("device-busy", attempt=job.attempt, asked=True, **lane))

    def running(self) -> Iterator[Job]:
        """One of those that run, if any does."""
        views = [self.memory.lane(f"sms:{device}") for device in DEVICES]
        ids = sorted(job_id for view in views for job_id in view.runners)
        if ids:
            yield self.job(self.dice.choice(ids))

    def job(self, job_id: str) -> Job:
        found = self.memory.load(job_id)
        assert found
        return found.job

    def operate(self) -> None:
        """An operator, or news of a download, or the death of a worker."""
        if self.jobs:
            job = self.job(self.dice.choice(self.jobs))
            words = e.CancelRequested(), e.HoldRequested(), e.ReleaseRequested(), e.RetryRequested()
            facts = e.WorkerDied("w"), e.Submitted(job.attempt + 1, "s")
            self.record(job.id, self.dice.choice((*words, *facts)))

    def rooms(self) -> None:
        """The settings change."""
        device, room, shared = self.dice.choice(DEVICES), self.dice.choice((1, 2)), self.dice.choice((2, 3))
        for platform in self.platforms:
            platform.rooms[device], platform.room = room, shared

    def time(self) -> None:
        self.clock.move(self.dice.choice((1, 20, 31)) * SECOND)

    def sweep(self) -> None:
        self.both(lambda platform: platform.store.overdue(100))


@pytest.mark.parametrize(("which", "walks"), [("fake", 2), ("real", 8)])
def test_memory_and_redis_do_the_same_whatever_happens(
    which: str, walks: int, request: pytest.FixtureRequest
) -> None:
    client = request.getfixturevalue(f"{which}_client")
    for _ in range(walks):
        twins = Twins(client, SystemRandom().randrange(10**6))
        for _ in range(100):
            twins.step()
