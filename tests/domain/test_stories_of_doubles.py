"""Stories of everything happening twice or being lost, on the real steps: it is the same as once."""

from dataclasses import replace
from datetime import timedelta

from shared.adapters.memory import HandClock, MemoryJobStore
from shared.domain import events as e
from shared.domain.effects import SETTLE, Step
from shared.domain.job import DebtKind, Kind, State, Verdict, Window
from shared.domain.lifecycle import Moved
from shared.domain.rules.moving import Late
from shared.ledger import NoRoom
from shared.ports import Change, Query, Result, Submission
from shared.sweep import Sweep
from tests.builders import NOON, POLICY
from tests.domain.world import World
from tests.stand_ins import Killed, Script, busy, check, in_trouble

HOUR = 3600
ARCHIVED = {State.ARCHIVED}


# -- 19. everything twice ----------------------------------------------------------------------------------------------


class Resending(MemoryJobStore):
    """A store whose client sends each commit twice, as one does whose connection broke before the answer."""

    def commit(self, change: Change) -> Result:
        super().commit(change)
        return super().commit(change)


def twice(world: World) -> None:
    """Every bell is delivered twice, and two sweeps run."""
    world.bells.rung = [bell for bell in world.bells.rung for _ in range(2)]
    second = Sweep(
        *(getattr(world.services.sweep, name) for name in ("ledger", "memory", "records", "harvests")),
        world.services.sweep.every,
        world.services.sweep.retention,
        "b",
    )
    assert second.run() is None or world.services.sweep.run() is None


def test_redelivered_bells_two_sweeps_and_resent_commits_are_the_same_as_one_of_each():
    once, doubled = World(cameras=2), World(cameras=2, jobs=Resending(HandClock(NOON)))
    doubled.clock = doubled.services.jobs._clock
    ends = []
    for world in (once, doubled):
        jobs = (*world.wish(2, 0), *world.wish(2, 1))
        world.vendor.answers = Script(busy, in_trouble)
        world.vendor.answers.then = world.vendor._yes
        world.oblige()
        for _ in range(60):
            if world is doubled:
                twice(world)
            world.wait(15)
        counted = [(j.state, j.attempts, j.postponed, j.attempt, len(j.assets)) for j in map(world.now, jobs)]
        ends.append((counted, len(world.vendor.submitted), world.vendor.withdrawn))
    assert ends[0] == ends[1]
    assert {state for state, *_ in ends[0][0]} == ARCHIVED


def test_of_two_workers_that_claim_one_job_one_is_late():
    world = World()
    (job,) = world.wish()
    ledger = world.services.ledger
    claims = [ledger.record(job.id, e.PrepareStarted(world.lease())) for _ in range(2)]
    assert [type(claim) for claim in claims] == [Moved, Late]


def test_a_second_worker_sweeper_and_bell_in_the_midst_of_a_submission_find_nothing_to_do():
    world = World()
    (job,) = world.wish()

    def meanwhile(*_: object) -> Submission:
        world.services.sweep.run()
        world.bells.rung *= 2
        world.work()
        return Submission("s1")

    world.vendor.answers = Script(then=meanwhile)
    world.work()
    assert (len(world.vendor.submitted), world.now(job).attempt, world.now(job).state) == (
        1,
        1,
        State.PREPARING,
    )


def test_a_second_worker_in_the_midst_of_a_fetch_finds_nothing_to_do():
    world = World()
    (job,) = world.wish()
    world.oblige()
    opened = []

    def meanwhile(stream: object, kind: Kind) -> object:
        opened.append(stream)
        world.services.sweep.run()
        world.work()
        return check(stream, kind)

    world.services = replace(world.services, check=meanwhile)
    world.wait(150)
    assert (len(opened), len(world.media.opened), world.now(job).state) == (1, 1, State.ARCHIVED)


def test_a_lane_has_room_for_one_whoever_claims():
    world = World()
    first, second = world.wish(2)
    ledger, lanes = world.services.ledger, first.lanes
    assert isinstance(ledger.record(first.id, e.PrepareStarted(world.lease(), lanes)), Moved)
    assert isinstance(ledger.record(second.id, e.PrepareStarted(world.lease(), lanes)), NoRoom)
    assert world.now(second).attempt == 0


# -- 20. what ended jobs owe -------------------------------------------------------------------------------------------


def paid_after_lost_bells(world: World) -> None:
    """All bells are lost; the next sweep makes up for them."""
    world.lose_the_bells()
    assert world.services.jobs.overdue(10).debts == 1
    world.services.sweep.run()
    assert SETTLE in world.bells.rung
    world.work()
    assert world.services.jobs.overdue(10).debts == 0


def test_a_withdrawal_that_a_cancelled_job_owes_is_made_up():
    world = World()
    (job,) = world.wish()
    world.work()
    world.tell(job, e.CancelRequested())
    paid_after_lost_bells(world)
    assert (world.vendor.withdrawn, world.now(job).debts) == (["s1"], ())


def test_an_alert_that_a_failed_job_owes_is_made_up(caplog):
    world = World()
    (job,) = world.wish()
    world.tell(job, e.PrepareStarted(world.lease()))
    world.tell(job, e.Refused(1, "vendor-error"))
    paid_after_lost_bells(world)
    assert [record.job for record in caplog.records if record.levelname == "ERROR"] == [job.id]
    assert world.now(job).debts == ()


def test_the_verdict_after_the_grace_is_made_up():
    world = World()
    (job,) = world.wish()
    world.oblige()
    world.wait(120)
    assert [debt.kind for debt in world.now(job).debts] == [DebtKind.VERDICT]
    world.clock.move(POLICY.grace)
    paid_after_lost_bells(world)
    assert (world.now(job).verdict, world.now(job).debts) == (Verdict.COMPLETE, ())


def test_the_wishes_for_what_is_missing_are_made_up_and_made_once():
    world = World()
    (job,) = world.wish()
    world.vendor.asks.then = lambda stream_id: world.deliver(stream_id, b"600 s of film")
    world.wait(120)
    world.tell(job, e.GraceOver(held=(job.window,)))
    paid_after_lost_bells(world)
    (child,) = (each for each in world.services.jobs.list(Query()).jobs if each.parent == job.id)
    gap = Window(job.window.start + timedelta(minutes=10), job.window.end)
    assert (child.window, child.origin, world.now(job).debts) == (gap, "gap", ())


def test_a_worker_that_dies_while_it_pays_pays_again():
    world = World()
    (job,) = world.wish()
    world.work()
    world.vendor.withdrawals = Script(Killed())
    world.tell(job, e.CancelRequested())
    world.work()
    assert (world.deaths[Step.SETTLE], len(world.now(job).debts)) == (1, 1)
    world.wait(150)
    assert (world.vendor.withdrawn, world.now(job).debts) == (["s1", "s1"], ())
