"""Stories of unfinished bytes: what somebody may still come for stays, the rest goes after a safe while, told in one line."""

import logging
from collections.abc import Mapping
from datetime import timedelta

import pytest

from shared.adapters.memory_archive import MemoryArchive
from shared.domain import events as e
from shared.domain.job import Job, State
from shared.domain.planning import asset_id
from shared.tidy import SAFE_LEASES
from tests.domain.world import World
from worker.fetch import AT_ONCE

FILM = b"film" * 100_000
HALF = len(FILM) // 2
NOBODYS = "0123456789abcdef0123"


def half_fetched(world: World, camera: int = 0) -> Job:
    """A job whose film broke off midway, and waits."""
    (job,) = world.wish(camera=camera)
    world.work()
    news = world.deliver(f"s{len(world.vendor.submitted)}", FILM)
    world.media.stop_after(news.files[0].address, HALF // (1 + AT_ONCE))
    world.tell(job, e.Prepared(1, news.files))
    world.work()
    assert world.archive.unfinished()[name(world, job)] == HALF
    return job


def name(world: World, job: Job) -> str:
    now = world.now(job)
    return asset_id(now, now.files[0])


def looks(world: World, leases: float) -> int:
    """Time passes, with all the looks that there are; how many spools went."""
    lease = world.services.settings.lease
    removed = world.services.tidy.run()
    for _ in range(int(leases)):
        world.clock.move(lease)
        removed += world.services.tidy.run()
    return removed


def cancelled(world: World, job: Job) -> None:
    world.tell(job, e.CancelRequested())


def failed(world: World, job: Job) -> None:
    world.clock.at = world.now(job).give_up_at
    world.tell(job, e.DeadlinePassed())
    assert world.now(job).state == State.FAILED


def forgotten(world: World, job: Job) -> None:
    cancelled(world, job)
    for debt in world.now(job).debts:
        world.tell(job, e.Settled(debt.kind, debt.attempt))
    assert world.services.jobs.forget(world.clock.now() + timedelta(seconds=1), 10) == 1


@pytest.mark.parametrize("end", [cancelled, failed, forgotten])
def test_the_bytes_of_a_job_that_ended_go_after_a_safe_while_and_one_line_says_so(end, caplog):
    world = World()
    end(world, half_fetched(world))
    with caplog.at_level(logging.INFO):
        assert looks(world, SAFE_LEASES - 1) == 0
        assert sum(world.archive.unfinished().values()) == HALF
        assert looks(world, 1) == 1
    assert world.archive.unfinished() == {}
    (line,) = [record for record in caplog.records if "unfinished" in record.message]
    assert (line.spools, line.bytes) == (1, HALF)
    assert looks(world, 3) == 0


def test_bytes_that_no_job_has_ever_named_go_too_all_at_once_and_in_one_line(caplog):
    world = World()
    for number in range(3):
        with world.archive.spool(f"{NOBODYS[:-1]}{number}") as spool:
            spool.write(b"whose?")
    with caplog.at_level(logging.INFO):
        assert looks(world, SAFE_LEASES) == 3
    assert [record.bytes for record in caplog.records if "unfinished" in record.message] == [18]


def test_the_bytes_of_a_job_that_may_still_go_on_stay_however_long_it_waits():
    world = World(cameras=2)
    waits, held = half_fetched(world), half_fetched(world, 1)
    world.tell(held, e.HoldRequested())
    assert looks(world, 3 * 24 * 30) == 0
    world.tell(held, e.ReleaseRequested())
    for stream in ("s1", "s2"):
        world.media.stop_after(world.now(waits).files[0].address.replace("s1", stream), None)
    world.wait(300)
    assert world.states((waits, held)) == {State.ARCHIVED}
    starts = [start for _, start in world.media.opened]
    assert (starts.count(0), starts.count(HALF)) == (2, 2)


def test_a_job_that_is_wanted_once_more_finds_its_bytes_and_the_while_begins_anew():
    world = World()
    job = half_fetched(world)
    cancelled(world, job)
    looks(world, SAFE_LEASES - 2)
    world.tell(job, e.RetryRequested())
    looks(world, 1)
    cancelled(world, job)
    assert looks(world, SAFE_LEASES - 1) == 0
    assert looks(world, 2) == 1


def test_what_a_worker_has_open_is_never_touched_whoever_names_it():
    world = World()
    with world.archive.spool(NOBODYS) as spool:
        spool.write(b"a zombie's")
        assert looks(world, SAFE_LEASES * 3) == 0
        spool.write(b" bytes")
        assert spool.size == 16
    assert looks(world, 1) == 1


class Watched(MemoryArchive):
    """Counts how often somebody looks at what is unfinished."""

    looks = 0

    def unfinished(self) -> Mapping[str, int]:
        self.looks += 1
        return super().unfinished()


def test_of_all_who_look_at_the_same_time_one_does():
    archive = Watched()
    world = World(archive=archive)
    for turn in range(1, 4):
        for _ in range(4):
            world.services.tidy.run()
        assert archive.looks == turn
        world.clock.move(world.services.settings.lease)


def test_the_room_that_they_took_is_free_again_and_promised_to_nobody():
    world = World()
    free = world.archive.free_bytes()
    cancelled(world, half_fetched(world))
    assert world.services.space.standing().free == free - HALF
    looks(world, SAFE_LEASES)
    standing = world.services.space.standing()
    assert (standing.free, standing.promised) == (free, 0)


def test_many_live_jobs_are_all_asked_whether_they_name_it():
    world = World(cameras=1, room=500)
    first = half_fetched(world)
    world.wish(windows=450)
    assert looks(world, SAFE_LEASES * 2) == 0
    assert world.archive.unfinished() == {name(world, first): HALF}
