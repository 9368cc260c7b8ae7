"""Stories of jobs that share a device or a vendor, on the real steps: they wait for one another and harm nobody."""

from datetime import timedelta

import pytest

from shared.domain import events as e
from shared.domain.effects import SETTLE
from shared.domain.job import DebtKind, State, Verdict
from shared.errors import Gone
from shared.ports import News, Submission
from tests.builders import POLICY, some_settings
from tests.domain.world import World
from tests.stand_ins import Script, away, busy, in_trouble

HOUR = 3600
ARCHIVED = {State.ARCHIVED}


# -- the plain story ---------------------------------------------------------------------------------------------------


def test_with_every_callback_lost_a_window_is_archived_all_the_same():
    world = World()
    (job,) = world.wish()
    world.oblige()
    world.wait(300)
    after = world.now(job)
    assert (after.state, after.attempts, after.verdict, after.debts) == (
        State.ARCHIVED,
        1,
        Verdict.COMPLETE,
        (),
    )
    assert b"".join(world.archive.read(after.assets[0].key)) == b"film"
    assert world.vendor.withdrawn == []


def test_a_callback_spares_the_asking():
    world = World()
    (job,) = world.wish()
    world.work()
    file = world.deliver("s1").files
    world.tell(job, e.Prepared(1, file))
    world.work()
    assert (world.now(job).state, world.vendor.asked) == (State.ARCHIVED, [])


# -- 3. busy for two hours ---------------------------------------------------------------------------------------------


def test_a_device_busy_for_two_hours_is_asked_once_per_wait_whoever_waits():
    world = World(settings=some_settings(BUSY_WAIT="120"))
    jobs = world.wish(10)
    world.vendor.answers = Script(then=busy)
    world.wait(2 * HOUR)
    asked = len(world.vendor.submitted)
    assert 2 * HOUR / 120 - 1 <= asked <= 2 * HOUR / 120 + 1
    assert world.states(jobs) == {State.WANTED}
    assert sum(world.now(job).postponed for job in jobs) == asked
    assert {world.now(job).attempts for job in jobs} == {0}
    assert max(len(world.history(job)) for job in jobs) <= 4
    world.vendor.answers = Script(then=Submission("s"))
    world.oblige()
    world.wait(10 * 150)
    assert world.states(jobs) == ARCHIVED
    assert {world.now(job).attempts for job in jobs} == {1}


def test_a_busy_device_holds_up_no_other():
    world = World(cameras=2)
    (busy_one,), (free_one,) = world.wish(camera=0), world.wish(camera=1)
    world.vendor.answers = Script(
        then=lambda camera, *_: busy() if camera.name == "camera-0" else Submission("s")
    )
    world.oblige()
    world.wait(300)
    assert (world.now(busy_one).state, world.now(free_one).state) == (State.WANTED, State.ARCHIVED)


# -- 14. withdrawals ---------------------------------------------------------------------------------------------------


def give_one_up(world: World) -> None:
    """Let the first stream be gone without a file: it is given up, and asked for again."""
    world.vendor.asks = Script(Gone("stream-gone"), then=News())
    world.wait(90 + POLICY.finalising.total_seconds())


def test_an_attempt_that_was_given_up_is_withdrawn_once_and_before_the_next_submission():
    world = World()
    world.wish()
    said: list[str] = []
    world.vendor.withdrawals = Script(then=lambda *_: said.append("withdraw"))
    world.vendor.answers = Script(then=lambda *_: said.append("submit") or Submission(f"s{len(said)}"))
    give_one_up(world)
    assert said == ["submit", "withdraw", "submit"]
    assert world.vendor.withdrawn == ["s1"]


def test_a_lost_bell_does_not_let_the_next_submission_overtake_the_withdrawal():
    world = World()
    (job,) = world.wish()
    world.work()
    world.tell(job, e.StreamGone(1))
    world.clock.move(POLICY.finalising)
    world.services.sweep.run()
    assert [debt.kind for debt in world.now(job).debts] == [DebtKind.WITHDRAW]
    world.bells.rung = [bell for bell in world.bells.rung if bell != SETTLE]
    world.work()
    assert (len(world.vendor.submitted), world.vendor.withdrawn) == (2, ["s1"])


@pytest.mark.parametrize("error", [away(), Gone("stream-gone")], ids=lambda error: error.code)
def test_a_withdrawal_that_fails_is_noted_and_holds_nobody_up(error):
    world = World()
    (job,) = world.wish()
    world.vendor.withdrawals = Script(then=error)
    give_one_up(world)
    assert world.notes(job, "Settled") == [error.code]
    assert (world.now(job).debts, len(world.vendor.submitted)) == ((), 2)


def test_a_withdrawal_is_never_sent_for_a_handle_that_another_job_runs_under():
    world = World(room=2)
    first, second = world.wish(2)
    world.vendor.answers = Script(Submission("same"), Submission("same"), then=busy)
    world.work()
    assert world.states((first, second)) == {State.PREPARING}
    world.tell(first, e.CancelRequested())
    world.work()
    assert world.notes(first, "Settled") == ["stream-id-reused"]
    assert (world.vendor.withdrawn, world.now(second).state) == ([], State.PREPARING)


# -- 17. circuits ------------------------------------------------------------------------------------------------------


def circuit_open(world: World) -> bool:
    return world.services.circuits.get("sms").open


def test_one_job_that_is_always_in_trouble_opens_no_circuit():
    world = World()
    (job,) = world.wish()
    world.vendor.answers = Script(then=in_trouble)
    for _ in range(40):
        world.wait(15)
        assert not circuit_open(world)
    assert (world.now(job).state, world.now(job).attempts) == (State.FAILED, POLICY.retries)


def test_five_faults_in_a_row_over_two_jobs_open_the_circuit_and_nobody_is_charged_any_more():
    world = World(cameras=3)
    jobs = tuple(job for camera in range(3) for job in world.wish(1, camera))
    world.vendor.answers = world.vendor.probes = Script(then=in_trouble)
    world.wait(HOUR)
    assert circuit_open(world)
    assert len(world.vendor.submitted) == 5
    assert world.states(jobs) == {State.WANTED}
    assert {world.now(job).reason for job in jobs} == {"vendor-away"}
    assert (
        sum(world.now(job).attempts for job in jobs) == 4
    )  # the fifth fault told that they are the vendor's


def test_an_answer_between_them_keeps_the_circuit_closed():
    world = World(cameras=3)
    for camera in range(3):
        world.wish(1, camera)
    world.vendor.answers = Script(*[in_trouble] * 4, busy, *[in_trouble] * 4, then=busy)
    for _ in range(20):
        world.wait(15)
        assert not circuit_open(world)


def test_what_tries_whether_the_vendor_is_back_is_a_probe_and_never_an_attempt():
    world = World(cameras=2)
    jobs = (*world.wish(camera=0), *world.wish(camera=1))
    world.vendor.answers = Script(*[in_trouble] * 5, then=Submission("s"))
    world.vendor.probes = Script(*[away] * 3)
    world.oblige()
    world.wait(120)
    assert circuit_open(world)
    assert len(world.vendor.submitted) == 5
    probed = world.vendor.probed
    assert 1 <= probed <= 3
    world.wait(600)
    assert world.vendor.probed == 4
    assert world.states(jobs) == ARCHIVED
    assert sum(world.now(job).attempts for job in jobs) == 6


def test_while_another_process_probes_nobody_submits():
    world = World(cameras=2)
    world.wish(camera=0), world.wish(camera=1)
    world.vendor.answers = Script(*[in_trouble] * 5, then=Submission("s"))
    world.vendor.probes = Script(then=away)
    world.wait(60)
    assert circuit_open(world)
    probed = world.vendor.probed
    world.clock.move(timedelta(seconds=120))  # the last of our own probes is long over
    assert world.services.memory.hold("probe:sms", "another process", timedelta(hours=1))
    world.wait(HOUR / 4)
    assert (len(world.vendor.submitted), world.vendor.probed) == (5, probed)


def test_an_answer_to_an_ask_closes_the_circuit():
    world = World(cameras=3)
    running, *_ = world.wish(camera=0)
    world.work()
    world.vendor.answers, world.vendor.probes = Script(then=in_trouble), Script(then=away)
    world.wish(camera=1), world.wish(camera=2)
    world.wait(75)
    assert circuit_open(world)
    world.vendor.asks, world.vendor.answers = Script(then=News(progress=0.5)), Script(then=Submission("s"))
    world.wait(45)
    assert world.now(running).progress == 0.5
    assert not circuit_open(world)
