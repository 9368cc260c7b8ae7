"""Stories of the world going away, on the real steps: no job fails, and all go on."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from shared.adapters.memory_archive import MemoryArchive
from shared.domain import events as e
from shared.domain.effects import Step
from shared.domain.job import State
from shared.errors import AnswerUnknown, Transient, Whose
from shared.ports import Submission
from tests.builders import POLICY
from tests.domain.tale import a_file
from tests.domain.world import World
from tests.stand_ins import Killed, Script, away, in_trouble

HOUR = 3600
ARCHIVED = {State.ARCHIVED}


# -- 16. the world goes away -------------------------------------------------------------------------------------------


def test_a_vendor_that_is_down_for_an_hour_fails_no_job():
    world = World(cameras=3)
    jobs = tuple(job for camera in range(3) for job in world.wish(2, camera))
    world.vendor.answers, world.vendor.probes = Script(then=away), Script(then=away)
    world.wait(HOUR)
    assert world.states(jobs) == {State.WANTED}
    assert {world.now(job).attempts for job in jobs} == {0}
    assert len(world.vendor.submitted) < 20
    world.vendor.answers, world.vendor.probes = Script(then=Submission("s")), Script()
    world.oblige()
    world.wait(HOUR / 4)
    assert world.states(jobs) == ARCHIVED


def test_a_vendor_that_hangs_for_an_hour_fails_no_job():
    world = World(cameras=3)
    jobs = tuple(job for camera in range(3) for job in world.wish(1, camera))
    hangs = AnswerUnknown("answer-lost")
    world.vendor.answers, world.vendor.probes = Script(then=hangs), Script(then=hangs)
    world.wait(HOUR)
    assert world.states(jobs) == {State.WANTED}
    world.vendor.answers, world.vendor.probes = Script(then=Submission("s")), Script()
    world.oblige()
    world.wait(HOUR / 4)
    assert world.states(jobs) == ARCHIVED


def test_one_lone_job_outlives_a_vendor_that_hangs_for_an_hour():
    world = World(cameras=1)
    jobs = world.wish()
    hangs = AnswerUnknown("answer-lost")
    world.vendor.answers, world.vendor.probes = Script(then=hangs), Script(then=hangs)
    world.wait(HOUR)
    assert world.states(jobs) == {State.WANTED}
    assert len(world.vendor.submitted) == 1
    world.vendor.answers, world.vendor.probes = Script(then=Submission("s")), Script()
    world.oblige()
    world.wait(HOUR / 4)
    assert world.states(jobs) == ARCHIVED


def test_a_vendor_that_answers_questions_and_fails_every_submission_fails_no_job():
    world = World(cameras=3)
    jobs = tuple(job for camera in range(3) for job in world.wish(2, camera))
    world.vendor.answers = Script(then=in_trouble)
    world.wait(HOUR)
    assert world.states(jobs) == {State.WANTED}
    assert sum(world.now(job).attempts for job in jobs) < 6
    world.vendor.answers = Script(then=Submission("s"))
    world.oblige()
    world.wait(HOUR / 4)
    assert world.states(jobs) == ARCHIVED


def test_downloads_that_run_while_the_vendor_is_away_are_not_given_up():
    world = World(cameras=2)
    jobs = (*world.wish(camera=0), *world.wish(camera=1))
    world.work()
    world.vendor.asks = Script(then=away)
    world.wait(1800)
    assert world.states(jobs) == {State.PREPARING}
    world.oblige()
    world.wait(300)
    assert world.states(jobs) == ARCHIVED
    assert {world.now(job).attempts for job in jobs} == {1}


def test_a_media_host_that_is_down_for_an_hour_fails_no_job_and_costs_no_submission():
    world = World(cameras=2)
    jobs = (*world.wish(camera=0), *world.wish(camera=1))
    world.oblige()
    down = Transient("media-host-away", whose=Whose.VENDOR, asked=False)
    for stream in ("s1", "s2"):
        world.media.trouble(a_file(stream).address, *[down] * 60)
    world.wait(HOUR)
    assert world.states(jobs) == {State.READY}
    world.media._troubles.clear()
    world.wait(90)
    assert world.states(jobs) == ARCHIVED
    assert len(world.vendor.submitted) == 2


def test_a_broker_that_is_emptied_again_and_again_loses_no_job():
    world = World()
    jobs = world.wish(3)
    world.oblige()
    lost = world.lose_the_bells()
    for second in range(0, 1800, 15):
        world.clock.move(timedelta(seconds=15))
        lost += world.lose_the_bells()
        world.services.sweep.run()
        if second % 60:
            lost += world.lose_the_bells()
        world.work()
    assert lost > len(jobs)
    assert world.states(jobs) == ARCHIVED


def test_a_full_disk_fails_no_job():
    world = World(cameras=2)
    fetching, wanted = *world.wish(camera=0), *world.wish(camera=1)
    world.work()
    world.tell(fetching, e.Prepared(1, world.deliver("s1").files))
    world.tell(wanted, e.PrepareFailed(1, "vendor-error"))
    world.archive.room = 0
    world.wait(HOUR)
    assert (world.now(fetching).state, world.now(fetching).reason) == (State.READY, "no-space")
    world.archive.room = 2**40
    world.oblige()
    world.wait(600)
    assert world.states((fetching, wanted)) == ARCHIVED


class Unreadable(MemoryArchive):
    """An archive whose disk has gone away."""

    def landed(self, stem: str) -> Mapping[str, object] | None:
        raise Transient("archive-unreadable", whose=Whose.VENDOR, asked=False)


def test_an_archive_that_cannot_be_read_fails_no_job():
    world = World()
    (job,) = world.wish()
    world.work()
    world.tell(job, e.Prepared(1, world.deliver("s1").files))
    healthy, world.services = world.services, replace(world.services, archive=Unreadable())
    world.wait(HOUR)
    assert (world.now(job).state, world.now(job).reason) == (State.READY, "archive-unreadable")
    world.services = healthy
    world.wait(90)
    assert (world.now(job).state, world.now(job).attempts) == (State.ARCHIVED, 1)


def test_nothing_is_asked_for_while_the_disk_is_full():
    world = World()
    (job,) = world.wish()
    world.archive.room = world.services.settings.space_reserve
    world.wait(HOUR)
    assert (world.vendor.submitted, world.now(job).reason) == ([], "no-space")
    assert (world.now(job).state, world.now(job).attempts, len(world.history(job))) == (State.WANTED, 0, 2)


def test_a_camera_that_vanished_from_the_file_lets_its_jobs_wait():
    world = World()
    (job,) = world.wish()
    cameras = world.services.cameras
    camera = cameras.cameras.pop("camera-0")
    world.wait(HOUR)
    assert (world.now(job).state, world.now(job).reason) == (State.WANTED, "camera-unknown")
    cameras.cameras["camera-0"] = camera
    world.oblige()
    world.wait(300)
    assert world.now(job).state == State.ARCHIVED


# -- 18. a step that kills its process ---------------------------------------------------------------------------------


def test_a_submission_that_kills_its_worker_every_time_ends_failed_and_the_others_are_unharmed():
    world = World(cameras=2)
    (cursed,), (other,) = world.wish(camera=0), world.wish(camera=1)
    world.vendor.answers = Script(
        then=lambda camera, *_: Killed() if camera.name == "camera-0" else Submission("s")
    )
    world.oblige()
    world.wait(HOUR / 2)
    assert (world.now(cursed).state, world.now(cursed).reason) == (State.FAILED, "crashed")
    assert (world.deaths[Step.PREPARE], world.now(other).state) == (POLICY.crashes, State.ARCHIVED)


def test_a_fetch_that_kills_its_worker_every_time_ends_failed_and_the_others_are_unharmed():
    world = World(cameras=2)
    (cursed,), (other,) = world.wish(camera=0), world.wish(camera=1)
    world.oblige()
    world.media.trouble(a_file("s1").address, *[Killed()] * 9)
    world.wait(HOUR / 2)
    assert (world.now(cursed).state, world.now(cursed).reason) == (State.FAILED, "crashed")
    assert (world.deaths[Step.FETCH], world.now(other).state) == (POLICY.crashes, State.ARCHIVED)


def test_an_archive_that_is_away_lets_jobs_wait_before_the_vendor_is_asked():
    class Away(MemoryArchive):
        away = True

        def free_bytes(self) -> int:
            if self.away:
                raise Transient("archive-foreign", whose=Whose.VENDOR, asked=False)
            return super().free_bytes()

    archive = Away()
    world = World(archive=archive)
    jobs = world.wish()
    world.wait(HOUR)
    assert (world.states(jobs), world.vendor.submitted) == ({State.WANTED}, [])
    archive.away = False
    world.oblige()
    world.wait(HOUR / 4)
    assert world.states(jobs) == ARCHIVED
