"""What a job store promises, on memory, on the imitation of Redis and on a real server."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.adapters.memory import HandClock, ListQueue, MemoryJobStore
from shared.adapters.redis_store import RedisJobStore
from shared.domain import events as e
from shared.domain.job import DebtKind, Lane, Lease, Origin, State, Window
from shared.domain.lifecycle import Moved
from shared.domain.rules.moving import Late
from shared.errors import NotFound
from shared.ledger import Ledger, NoRoom
from shared.ports import Change, JobStore, Query, Result
from tests.builders import DEVICE, NOON, POLICY, a_job

SECOND = timedelta(seconds=1)


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOON)


@pytest.fixture(params=["memory", "fake", "real"])
def store(request: pytest.FixtureRequest, clock: HandClock, prefix: str) -> JobStore:
    if request.param == "memory":
        return MemoryJobStore(clock)
    client = request.getfixturevalue(f"{request.param}_client")
    return RedisJobStore(client, prefix, clock=clock)


@pytest.fixture
def ledger(store: JobStore) -> Ledger:
    return Ledger(store, ListQueue(), POLICY)


@pytest.fixture
def claim(ledger: Ledger, clock: HandClock) -> Callable[[str], object]:
    def _claim(job_id: str) -> object:
        return ledger.record(
            job_id, e.PrepareStarted(Lease("w", clock.now() + timedelta(minutes=2)), (DEVICE,))
        )

    return _claim


def _changed(ledger: Ledger, store: JobStore, job_id: str, **fields: object) -> Change:
    found = store.load(job_id)
    assert found
    return replace(ledger._commit(found.job, found.version, store.history(job_id)[-1]), **fields)  # type: ignore[arg-type]


def test_a_job_comes_back_as_it_was_saved(ledger: Ledger, store: JobStore) -> None:
    job = ledger.create(a_job(detail="智见", parent="p"))
    assert job
    found = store.load(job.id)
    assert found
    assert found.job == job
    assert found.version == 1
    assert found.now == NOON


def test_an_unknown_job_is_none_and_recording_on_it_is_an_error(ledger: Ledger, store: JobStore) -> None:
    assert store.load("nobody") is None
    assert store.history("nobody") == ()
    with pytest.raises(NotFound):
        ledger.record("nobody", e.CancelRequested())


def test_the_same_wish_is_saved_once(ledger: Ledger, store: JobStore) -> None:
    first = a_job()
    assert ledger.create(first)
    assert ledger.create(a_job(wish=first.wish)) is None
    assert store.find(first.wish) == first.id
    assert store.find("other") is None


def test_a_stale_version_is_a_conflict_and_changes_nothing(ledger: Ledger, store: JobStore) -> None:
    job = a_job()
    ledger.create(job)
    stale = _changed(ledger, store, job.id, commit="c" * 32)
    ledger.record(job.id, e.HoldRequested())
    before = store.load(job.id), store.history(job.id)
    assert store.commit(stale) == Result.CONFLICT
    assert (store.load(job.id), store.history(job.id)) == before


def test_a_change_that_is_sent_again_is_saved_once(ledger: Ledger, store: JobStore) -> None:
    job = a_job()
    ledger.create(job)
    change = _changed(ledger, store, job.id, commit="d" * 32)
    assert [store.commit(change), store.commit(change)] == [Result.SAVED, Result.SAVED]
    found = store.load(job.id)
    assert found
    assert found.version == 2


def test_a_change_that_is_sent_again_after_others_is_still_known(ledger: Ledger, store: JobStore) -> None:
    job = a_job()
    ledger.create(job)
    change = _changed(ledger, store, job.id, commit="d" * 32)
    store.commit(change)
    for event in (e.HoldRequested(), e.ReleaseRequested(), e.HoldRequested()):
        ledger.record(job.id, event)
    assert store.commit(change) == Result.SAVED
    found = store.load(job.id)
    assert found
    assert found.job.on_hold


def test_exactly_what_is_due_can_be_taken_most_urgent_first(
    ledger: Ledger, store: JobStore, clock: HandClock
) -> None:
    late, soon = a_job(lanes=()), a_job(lanes=(), usable_until=NOON + timedelta(days=1))
    waiting = a_job(lanes=(), retry_at=NOON + SECOND)
    for job in (late, soon, waiting):
        ledger.create(job)
    assert [store.take("sms") for _ in range(3)] == [soon.id, late.id, None]
    clock.move(SECOND)
    assert store.overdue(10).waiting == {"sms": 3}
    assert {store.take("sms") for _ in range(3)} == {soon.id, late.id, waiting.id}


def test_only_one_worker_gets_the_room_of_a_lane(
    ledger: Ledger, store: JobStore, claim: Callable[[str], object]
) -> None:
    one, two = a_job(), a_job()
    ledger.create(one), ledger.create(two)
    assert isinstance(claim(one.id), Moved)
    assert isinstance(claim(two.id), NoRoom)
    lane = store.lane(DEVICE.name)
    assert lane.runners == {one.id: "1:"}
    assert lane.waiting == 1
    found = store.load(two.id)
    assert found
    assert found.job.state == State.WANTED
    assert found.version == 1


def test_leaving_a_lane_wakes_the_next_waiter(
    ledger: Ledger, store: JobStore, claim: Callable[[str], object]
) -> None:
    jobs = [a_job(created_at=NOON + n * SECOND, updated_at=NOON) for n in range(3)]
    for job in jobs:
        ledger.create(job)
    for job in jobs:
        assert store.take("sms") == job.id
        claim(job.id)
    assert store.take("sms") is None
    assert store.lane(DEVICE.name).waiting == 2
    ledger.record(jobs[0].id, e.CancelRequested())
    assert store.take("sms") == jobs[1].id
    assert store.take("sms") is None
    assert isinstance(claim(jobs[1].id), Moved)


def test_a_waiter_that_was_woken_and_cancelled_gives_its_place_to_the_next(
    ledger: Ledger, store: JobStore, claim: Callable[[str], object]
) -> None:
    jobs = [a_job(created_at=NOON + n * SECOND, updated_at=NOON) for n in range(3)]
    for job in jobs:
        ledger.create(job)
        store.take("sms")
        claim(job.id)
    ledger.record(jobs[0].id, e.CancelRequested())
    ledger.record(jobs[1].id, e.CancelRequested())
    assert store.take("sms") == jobs[2].id


def test_a_job_that_waits_for_two_lanes_waits_for_the_one_that_is_full(
    ledger: Ledger, store: JobStore, claim: Callable[[str], object], clock: HandClock
) -> None:
    platform = Lane("sms", 1)
    lease = Lease("w", clock.now() + timedelta(minutes=2))
    one, two = a_job(lanes=(Lane("sms:1", 1), platform)), a_job(lanes=(Lane("sms:2", 1), platform))
    for job in (one, two):
        ledger.create(job)
        store.take("sms")
        ledger.record(job.id, e.PrepareStarted(lease, job.lanes))
    assert store.lane("sms").waiting == 1
    assert store.lane("sms:2").waiting == 0
    ledger.record(one.id, e.CancelRequested())
    assert store.take("sms") == two.id


def test_a_closed_lane_is_asked_once_it_opens(ledger: Ledger, store: JobStore, clock: HandClock) -> None:
    one, two = a_job(), a_job()
    ledger.create(one), ledger.create(two)
    lease = Lease("w", clock.now() + timedelta(minutes=2))
    ledger.record(store.take("sms") or "", e.PrepareStarted(lease, (DEVICE,)))
    busy = e.Postponed("device-busy", attempt=1, asked=True, wait=30 * SECOND, lane=DEVICE.name)
    ledger.record(one.id, busy)
    assert isinstance(ledger.record(store.take("sms") or "", e.PrepareStarted(lease, (DEVICE,))), NoRoom)
    assert store.lane(DEVICE.name).not_before == NOON + 30 * SECOND
    clock.move(29 * SECOND)
    assert store.overdue(10).waiting == {}
    assert store.take("sms") is None
    clock.move(2 * SECOND)
    assert store.overdue(10).waiting == {"sms": 2}


def test_news_of_a_running_download_takes_its_place_even_where_there_is_none(
    ledger: Ledger, store: JobStore, claim: Callable[[str], object]
) -> None:
    one, two = a_job(), a_job()
    ledger.create(one), ledger.create(two)
    claim(one.id)
    assert isinstance(ledger.record(two.id, e.Submitted(1, "s")), Moved)
    assert store.lane(DEVICE.name).runners.keys() == {one.id, two.id}
    assert store.held_stream([DEVICE.name], "s", but=one.id)
    assert not store.held_stream([DEVICE.name], "s", two.id)


def test_live_jobs_are_overdue_once_their_clock_runs_out(
    ledger: Ledger, store: JobStore, clock: HandClock, claim: Callable[[str], object]
) -> None:
    job = a_job()
    ledger.create(job)
    claim(job.id)
    assert store.overdue(10).jobs == ()
    assert store.overdue_seconds() == 0
    clock.move(timedelta(minutes=3))
    assert store.overdue(10).jobs == (job.id,)
    assert store.overdue_seconds() == 60
    ledger.record(job.id, e.CancelRequested())
    assert store.overdue(10).jobs == ()
    assert store.overdue_seconds() == 0


def test_a_wish_too_old_is_for_its_clock_and_not_for_a_queue(
    ledger: Ledger, store: JobStore, clock: HandClock
) -> None:
    job = a_job(give_up_at=NOON + SECOND)
    ledger.create(job)
    store.take("sms")
    clock.move(SECOND)
    assert store.overdue(10).jobs == (job.id,)


def test_a_job_that_was_taken_and_never_claimed_is_offered_again(ledger: Ledger, store: JobStore) -> None:
    job = a_job()
    ledger.create(job)
    assert store.take("sms") == job.id
    assert store.take("sms") is None
    assert store.overdue(10).waiting == {"sms": 1}
    assert store.take("sms") == job.id


def test_debts_are_handed_to_one_at_a_time_until_they_are_paid(
    ledger: Ledger, store: JobStore, clock: HandClock, claim: Callable[[str], object]
) -> None:
    job = a_job()
    ledger.create(job)
    claim(job.id)
    ledger.record(job.id, e.Submitted(1, "stream"))
    ledger.record(job.id, e.CancelRequested())
    assert store.overdue(10).debts == 1
    assert store.take_owed(60 * SECOND) == job.id
    assert store.take_owed(60 * SECOND) is None
    clock.move(61 * SECOND)
    assert store.take_owed(60 * SECOND) == job.id
    ledger.record(job.id, e.Settled(DebtKind.WITHDRAW, 1))
    clock.move(61 * SECOND)
    assert store.take_owed(60 * SECOND) is None
    assert store.overdue(10).debts == 0


def test_history_counts_what_repeats_and_keeps_what_was_late(
    ledger: Ledger, store: JobStore, clock: HandClock, claim: Callable[[str], object]
) -> None:
    job = a_job()
    ledger.create(job)
    for _ in range(3):
        claim(job.id)
        busy = e.Postponed("device-busy", attempt=store.load(job.id).job.attempt, wait=SECOND)  # type: ignore[union-attr]
        ledger.record(job.id, busy)
        clock.move(SECOND)
    assert isinstance(ledger.record(job.id, e.Kept(1, 5, NOON)), Late)
    lines = [(line.event, line.count, line.attempt, line.late) for line in store.history(job.id)]
    assert lines == [
        ("Wished", 1, 0, False),
        ("PrepareStarted", 3, 3, False),
        ("Postponed", 3, 3, False),
        ("Kept", 1, 3, True),
    ]


def test_jobs_are_listed_newest_first_in_pages_and_filtered(ledger: Ledger, store: JobStore) -> None:
    jobs = [a_job(camera=f"cam{n % 2}", origin=Origin.PLAN if n % 3 else Origin.HAND) for n in range(9)]
    for job in jobs:
        ledger.create(job)
    ledger.record(jobs[4].id, e.CancelRequested())
    first = store.list(Query(limit=4))
    rest = store.list(Query(limit=5, before=first.next))
    assert [job.id for job in (*first.jobs, *rest.jobs)] == [job.id for job in reversed(jobs)]
    assert rest.next is None

    def ids(query: Query) -> list[str]:
        return [job.id for job in store.list(query).jobs]

    assert ids(Query(camera="cam1", limit=2)) == [jobs[7].id, jobs[5].id]
    assert ids(Query(states=frozenset({State.CANCELLED}))) == [jobs[4].id]
    assert ids(Query(states=frozenset({State.CANCELLED, State.FAILED}), camera="cam0")) == [jobs[4].id]
    assert ids(Query(origin=Origin.HAND)) == [jobs[6].id, jobs[3].id, jobs[0].id]
    assert ids(Query(start=jobs[0].window.end)) == []
    assert len(ids(Query(end=jobs[0].window.end))) == 9
    counts = store.counts()
    assert counts[State.WANTED] == 8
    assert counts[State.CANCELLED] == 1
    assert counts[State.FAILED] == 0


def test_spans_say_what_became_of_a_window_and_outlive_the_job(
    ledger: Ledger, store: JobStore, clock: HandClock
) -> None:
    job = a_job()
    ledger.create(job)
    around = Window(job.window.start - SECOND, job.window.start + SECOND)
    assert [(s.outcome, s.job) for s in store.spans(job.camera, around)] == [("under-way", job.id)]
    ledger.record(job.id, e.CancelRequested())
    clock.move(timedelta(days=40))
    assert store.forget(clock.now() - timedelta(days=30), 10) == 1
    assert store.load(job.id) is None
    assert store.find(job.wish) is None
    assert store.list(Query()).jobs == ()
    assert [s.outcome for s in store.spans(job.camera, around)] == ["cancelled"]
    assert store.spans(job.camera, Window(job.window.end, job.window.end + SECOND)) == ()


def test_what_lives_or_owes_is_not_forgotten(ledger: Ledger, store: JobStore, clock: HandClock) -> None:
    live, owing = a_job(), a_job(give_up_at=NOON)
    ledger.create(live), ledger.create(owing)
    ledger.record(owing.id, e.DeadlinePassed())
    clock.move(timedelta(days=400))
    assert store.forget(clock.now(), 10) == 0
    ledger.record(owing.id, e.Settled(DebtKind.ALERT))
    clock.move(SECOND)
    assert store.forget(clock.now(), 10) == 1
    assert store.load(live.id)
