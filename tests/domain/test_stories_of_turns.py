"""Stories of devices that share the room of one platform, on the real steps: places go round, and none stays empty."""

from datetime import timedelta

import pytest

from shared.domain import events as e
from shared.domain.job import Job, State
from shared.ports import Submission
from tests.builders import POLICY, some_settings
from tests.domain.tale import an_asset
from tests.domain.world import World
from tests.stand_ins import Killed, Script, busy

ARCHIVED = {State.ARCHIVED}


def asked_for(world: World) -> str:
    """The devices in the order in which the vendor was asked for their windows, as digits."""
    return "".join(camera.removeprefix("camera-") for camera, _ in world.vendor.submitted)


def longest_wait(order: str, device: str) -> int:
    """How often the most favoured other device was served while this one waited for a turn."""
    between = order[: order.rindex(device)].split(device)
    others = set(order) - {device}
    return max(gap.count(other) for gap in between for other in others)


def running(world: World, device: int) -> Job:
    """The job that a device runs."""
    (job_id,) = world.services.jobs.lane(f"device-of-camera-{device}").runners
    found = world.services.jobs.load(job_id)
    assert found
    return found.job


def finish(world: World, job: Job) -> None:
    """The vendor reports that a download is over, and workers answer the bells: no sweep comes by."""
    file = world.deliver(f"file-of-{job.id}").files
    world.tell(job, e.Prepared(job.attempt, file))
    world.work()


# -- nobody starves ----------------------------------------------------------------------------------------------------


def test_of_three_devices_none_waits_for_more_than_one_turn_of_each_other():
    world = World(cameras=3, platform=2)
    jobs = world.wish(10, 0)
    world.clock.move(timedelta(hours=1))
    jobs += (*world.wish(10, 1), *world.wish(10, 2))
    world.oblige()
    world.wait(3600)
    assert world.states(jobs) == ARCHIVED
    order = asked_for(world)
    assert len(order) == 30
    assert max(longest_wait(order, device) for device in "012") == 1


def test_a_device_with_much_room_keeps_another_out_for_one_download_at_most():
    world = World(cameras=2, platform=4)
    world.vendor.rooms["camera-0"] = 4
    world.wish(12, 0)
    world.work()
    assert asked_for(world) == "0000"
    (second,) = world.wish(1, 1)
    world.work()
    assert world.now(second).state == State.WANTED
    first = min(world.services.jobs.lane("platform").runners)
    finish(world, world.services.jobs.load(first).job)
    assert world.now(second).state == State.PREPARING
    assert asked_for(world) == "00001"


def test_a_device_that_is_always_busy_takes_nobodys_turn():
    world = World(cameras=3, platform=1, settings=some_settings(BUSY_WAIT="30"))
    for camera in range(3):
        world.wish(4, camera)
    world.vendor.answers = Script(
        then=lambda camera, *_: busy() if camera.name == "camera-0" else world.vendor._yes()
    )
    world.oblige()
    world.wait(1500)
    order = asked_for(world)
    assert (order.count("1"), order.count("2")) == (4, 4)
    assert max(longest_wait(order.replace("0", ""), device) for device in "12") == 1


# -- no place stays empty ----------------------------------------------------------------------------------------------


def test_of_two_devices_with_twenty_windows_each_none_idles_and_none_runs_two():
    world = World(cameras=2, platform=2)
    windows = {device: sorted(world.wish(20, device), key=lambda job: job.id) for device in range(2)}
    world.work()
    for number in range(19):
        for device in (0, 1) if number % 2 else (1, 0):
            finish(world, running(world, device))
            assert running(world, device).id == windows[device][number + 1].id
    assert asked_for(world).count("0") == asked_for(world).count("1") == 20


LEAVES = {
    "archived": lambda world, job: world.tell(job, e.AssetLanded("file", an_asset(job, "file"))),
    "cancelled": lambda world, job: world.tell(job, e.CancelRequested()),
    "empty": lambda world, job: world.tell(job, e.NoFootage(1)),
    "given up": lambda world, job: world.tell(job, e.AskFailed(1)),
    "ready": lambda world, job: world.tell(job, e.Prepared(1, world.deliver("f").files)),
}


@pytest.mark.parametrize("how", sorted(LEAVES))
def test_however_a_download_leaves_the_next_is_asked_for_by_its_bell_alone(how):
    world = World(cameras=2, platform=1)
    (first,), (other,) = world.wish(1, 0), world.wish(1, 1)
    world.work()
    assert running(world, 0).id == first.id
    if how == "given up":
        for _ in range(POLICY.unanswered - 1):
            world.tell(first, e.AskFailed(1))
    LEAVES[how](world, first)
    assert world.now(first).state != State.PREPARING
    world.work()
    assert world.now(other).state == State.PREPARING


def test_a_claim_that_never_returns_frees_its_place_and_the_next_is_asked_for():
    world = World(cameras=2, platform=1)
    world.wish(1, 0)
    (other,) = world.wish(1, 1)
    world.vendor.answers = Script(Killed(), then=busy)
    world.work()
    world.vendor.answers.then = Submission("s")
    world.wait(POLICY.silence.total_seconds() + 150)
    assert world.now(other).state == State.PREPARING


def test_a_device_with_room_for_four_that_was_closed_is_used_to_the_full_when_it_opens():
    world = World(room=4, platform=8, settings=some_settings(BUSY_WAIT="30"))
    world.wish(9)
    world.vendor.answers = Script(busy)
    world.vendor.answers.then = world.vendor._yes
    world.work()
    assert len(world.vendor.submitted) == 1
    world.wait(30)
    assert len(world.services.jobs.lane("device-of-camera-0").runners) == 4
