"""Stories of the device's own list: asked before it is occupied and when less has come, and never trusted too far."""

from datetime import timedelta

import pytest

from shared.domain.camera import Short
from shared.domain.effects import Step
from shared.domain.job import Job, Origin, State, Verdict, Window
from shared.ports import News, Query
from tests.builders import NOON, POLICY, a_camera
from tests.domain.world import World
from tests.stand_ins import Killed, Script, busy


def short_by(world: World, *lengths: int) -> None:
    """From now on the vendor delivers so many seconds each time it is asked, the last of them for ever."""
    left = list(lengths)

    def deliver(stream_id: str) -> News:
        seconds = left.pop(0) if len(left) > 1 else left[0]
        return world.deliver(stream_id, f"{seconds} s of film, {stream_id}".encode())

    world.vendor.asks.then = deliver


def children(world: World, job: Job) -> list[Job]:
    """The wishes that a job's missing spans became."""
    return [each for each in world.services.jobs.list(Query()).jobs if each.parent == job.id]


def test_a_device_that_lists_nothing_is_not_occupied():
    world = World()
    world.vendor.held = ()
    (job,) = world.wish()
    world.work()
    now = world.now(job)
    assert (now.state, now.reason, now.attempts) == (State.EMPTY, "no-footage", 0)
    assert world.vendor.submitted == []
    assert world.services.jobs.lane(job.lanes[0].name).runners == {}


def test_a_fresh_window_that_is_not_listed_is_looked_for_until_it_is_an_hour_old():
    world = World()
    world.vendor.held = ()
    (job,) = world.services.wishes.playback("camera-0", Window(NOON - timedelta(minutes=10), NOON))
    world.wait(600)
    now = world.now(job)
    assert (now.state, now.reason, now.attempts, now.postponed) == (State.WANTED, "not-listed-yet", 0, 0)
    world.wait(POLICY.empty_after.total_seconds())
    assert world.now(job).state == State.EMPTY
    assert world.vendor.submitted == []


def test_a_fresh_window_that_comes_to_be_listed_is_asked_for():
    world = World()
    world.vendor.held = ()
    (job,) = world.services.wishes.playback("camera-0", Window(NOON - timedelta(minutes=10), NOON))
    world.wait(120)
    world.vendor.held = (job.window,)
    world.oblige()
    world.wait(180)
    assert world.now(job).state == State.ARCHIVED


@pytest.mark.parametrize("held", [None, "part"])
def test_a_device_that_lists_something_or_cannot_list_is_asked_for_its_footage(held):
    world = World()
    (job,) = world.wish()
    tail = Window(job.window.end - timedelta(minutes=1), job.window.end)
    world.vendor.held = (tail,) if held else None
    world.work()
    assert world.now(job).state == State.PREPARING


def test_the_list_is_asked_once_however_often_the_device_is_busy():
    world = World()
    world.vendor.answers = Script(*(busy for _ in range(5)), then=world.vendor.answers.then)
    world.wish()
    world.wait(400)
    assert len(world.vendor.submitted) == 6
    assert len(world.vendor.listed) == 1


def test_windows_that_wait_for_the_lane_do_not_ask_for_lists():
    world = World()
    world.wish(10)
    world.wait(60)
    assert len(world.vendor.listed) == 1


def test_what_is_missing_is_brought_by_wishes_of_its_own():
    world = World()
    (job,) = world.wish()
    world.vendor.held = (job.window,)
    short_by(world, 600, 1200)
    world.wait(600)
    (child,) = children(world, job)
    assert child.window == Window(job.window.start + timedelta(minutes=10), job.window.end)
    assert (child.origin, child.generation, child.state) == (Origin.GAP, 1, State.ARCHIVED)
    assert (child.verdict, world.now(job).verdict) == (Verdict.COMPLETE, Verdict.PARTIAL)
    assert len(world.vendor.submitted) == 2


def test_a_line_of_ever_shorter_deliveries_comes_to_an_end():
    world = World()
    (job,) = world.wish()
    world.vendor.held = (job.window,)
    short_by(world, 100)
    world.wait(3600)
    line, each = [job], job
    while found := children(world, each):
        (each,) = found
        line.append(each)
    assert len(line) == POLICY.generations + 1
    assert {world.now(each).state for each in line} == {State.ARCHIVED}
    assert len(world.vendor.submitted) == len(line)


@pytest.mark.parametrize(("second", "kept"), [(1500, 1500), (700, 900)])
def test_without_a_list_the_window_is_asked_for_once_more_and_the_longer_stays_in_the_archive(second, kept):
    world = World()
    (job,) = world.wish()
    short_by(world, 900, second)
    world.wait(900)
    now = world.now(job)
    (asset,) = now.assets
    assert (now.state, now.reason, asset.duration_seconds) == (State.ARCHIVED, "short", kept)
    assert (len(world.vendor.submitted), now.attempts, now.debts) == (2, 2, ())
    assert world.archive.sidecar(asset.key)
    (aside,) = now.aside
    assert world.archive.sidecar(aside.key) is None
    assert list(world.archive.rejected()) == [aside.key]


def test_whoever_rejects_short_footage_finds_it_aside_and_the_job_failed():
    world = World(cameras=0)
    world.services.cameras.cameras["camera-0"] = a_camera("camera-0", short=Short.REJECT)
    (job,) = world.wish()
    short_by(world, 900)
    world.wait(900)
    now = world.now(job)
    assert (now.state, now.reason, now.assets, now.debts) == (State.FAILED, "short", (), ())
    assert len(world.archive.rejected()) == 2


def test_a_worker_that_dies_between_the_move_and_its_word_moves_nothing_twice():
    deaths = iter([Killed()])

    def reach(point: str) -> None:
        if point == "settle-aside" and (death := next(deaths, None)):
            raise death

    world = World(reach=reach)
    (job,) = world.wish()
    short_by(world, 900)
    world.wait(1200)
    now = world.now(job)
    assert world.deaths[Step.SETTLE] == 1
    assert (len(now.assets), now.debts, len(world.archive.rejected())) == (1, (), 1)


def test_a_camera_that_is_only_being_edited_is_judged_as_its_owner_wants_it_in_the_end():
    world = World()
    (job,) = world.wish()
    short_by(world, 900)
    world.wait(120)
    cameras = dict(world.services.cameras.cameras)
    world.services.cameras.cameras["camera-0"] = a_camera("camera-0", sections={})
    world.wait(300)
    world.services.cameras.cameras.update(cameras)
    world.wait(900)
    now = world.now(job)
    assert (now.state, now.reason, len(world.vendor.submitted)) == (State.ARCHIVED, "short", 2)


def test_a_camera_that_left_the_file_is_asked_for_nothing_more():
    world = World()
    (job,) = world.wish()
    short_by(world, 900)
    world.wait(120)
    world.services.cameras.cameras.clear()
    world.wait(300)
    assert world.now(job).verdict is None
    world.clock.move(POLICY.give_up)
    world.wait(300)
    now = world.now(job)
    assert (now.state, now.verdict, len(world.vendor.submitted)) == (State.ARCHIVED, Verdict.PARTIAL, 1)
