"""Who is given a place in a lane, on memory, on the imitation of Redis and on a real server: it goes round."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import redis

from shared.adapters.memory import HandClock, MemoryJobStore
from shared.adapters.redis_store import RedisJobStore
from shared.domain import events as e
from shared.domain.job import Lane, State
from shared.domain.lifecycle import Moved
from shared.ledger import NoRoom
from shared.ports import JobStore
from tests.builders import NOON, POLICY
from tests.contract.platform_stage import SECOND, Platform


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOON)


@pytest.fixture(params=["memory", "fake", "real"])
def store(request: pytest.FixtureRequest, clock: HandClock, prefix: str) -> JobStore:
    if request.param == "memory":
        return MemoryJobStore(clock)
    return RedisJobStore(request.getfixturevalue(f"{request.param}_client"), prefix, clock=clock)


@pytest.fixture
def platform(store: JobStore, clock: HandClock) -> Platform:
    return Platform(store, clock)


# -- whose turn it is --------------------------------------------------------------------------------------------------


def test_places_go_round_between_devices_however_old_the_windows_of_one_are(platform: Platform) -> None:
    platform.room = 1
    platform.wish("A", 10, age=1000)
    platform.wish("B", 3, age=10), platform.wish("C", 2)
    order = ""
    while device := platform.next():
        order += device
        platform.leave(device)
    assert order == "ABCABCABAAAAAAA"


def test_within_a_device_the_most_urgent_goes_first(platform: Platform) -> None:
    (old,) = platform.wish("A", age=100)
    (older,) = platform.wish("A", age=200)
    (expiring,) = platform.wish("A", usable_until=NOON + timedelta(minutes=5))
    taken = []
    while job_id := platform.store.take("sms"):
        taken.append(job_id)
        platform.ledger.record(job_id, e.CancelRequested())
    assert taken == [expiring.id, older.id, old.id]


def test_devices_that_were_never_served_go_first_by_the_urgency_of_their_work(platform: Platform) -> None:
    platform.room = 1
    platform.wish("A", 9, age=1000)
    assert platform.next() == "A"
    platform.wish("D", age=30), platform.wish("B", age=10), platform.wish("C", age=20)
    order = ""
    for device in "ADCB":
        platform.leave(device)
        order += platform.next() or "-"
    assert order == "DCBA"


def test_a_device_that_comes_again_after_a_pause_has_not_lost_its_turn(platform: Platform) -> None:
    platform.room = 1
    platform.wish("B"), platform.next(), platform.leave("B")
    platform.wish("A", 5, age=1000)
    assert platform.next() == "A"
    platform.wish("B")
    platform.leave("A")
    assert platform.next() == "B"
    platform.leave("B")
    platform.wish("B")
    assert platform.next() == "A"


def test_a_device_with_much_room_lets_another_in_with_the_next_place(platform: Platform) -> None:
    platform.room, platform.rooms = 4, {"A": 4}
    platform.wish("A", 12, age=1000)
    assert platform.crowd() == "AAAA"
    platform.wish("B", 2)
    platform.leave("A")
    assert platform.crowd() == "B"
    platform.leave("B")
    assert platform.crowd() == "A"
    platform.leave("A")
    assert platform.crowd() == "B"


def test_a_hold_that_is_released_and_a_retry_wait_for_the_turn_of_their_device(platform: Platform) -> None:
    platform.room = 1
    held, cancelled, _ = platform.wish("A", 3, age=1000)
    platform.wish("B", 2)
    platform.ledger.record(held.id, e.HoldRequested())
    platform.ledger.record(cancelled.id, e.CancelRequested())
    assert platform.next() == "A"
    platform.ledger.record(held.id, e.ReleaseRequested())
    platform.ledger.record(cancelled.id, e.RetryRequested())
    order = ""
    for device in "ABAB":
        platform.leave(device)
        order += platform.next() or "-"
    assert order == "BABA"


def test_a_download_that_runs_by_news_alone_has_had_its_devices_turn(platform: Platform) -> None:
    platform.room = 1
    first, *_ = platform.wish("A", 2, age=1000)
    platform.wish("B")
    platform.ledger.record(first.id, e.Submitted(1, "s"))
    assert platform.next() is None
    platform.leave("A")
    assert platform.next() == "B"


def test_devices_without_a_platform_take_turns_at_the_workers(platform: Platform) -> None:
    platform.rooms = {"A": 3}
    for device, age in (("A", 1000), ("B", 10)):
        platform.wish(device, 3, age=age, lanes=platform.lanes(device)[:1])
    assert [platform.next() for _ in range(5)] == ["A", "B", "A", "A", None]


def test_a_full_platform_holds_up_no_device_of_another(platform: Platform) -> None:
    platform.room = 1
    platform.wish("A", 2, age=1000), platform.wish("B", age=500)
    assert platform.next() == "A"
    other = platform.wish("C", lanes=(Lane("sms:C", 1), Lane("another", 1)))
    assert platform.store.take("sms") == other[0].id
    assert platform.store.take("sms") is None


# -- never more than there is room for, and never less -----------------------------------------------------------------


def test_of_two_devices_with_twenty_windows_none_idles_and_none_has_two_at_once(platform: Platform) -> None:
    platform.room = 2
    windows = {"A": platform.wish("A", 20, age=1000), "B": platform.wish("B", 20, age=500)}
    assert sorted(platform.crowd()) == ["A", "B"]
    for number in range(1, 20):
        for device in "AABB"[number % 2 :: 2]:  # sometimes A leaves first, sometimes B
            platform.leave(device)
            assert platform.store.overdue(10).waiting == {"sms": 1}
            assert platform.store.take("sms") == windows[device][number].id
            assert platform.store.take("sms") is None
            assert platform.store.overdue(10).jobs == ()
            assert isinstance(platform.claim(windows[device][number]), Moved)
            assert len(platform.store.lane(f"sms:{device}").runners) == 1


@pytest.mark.parametrize(
    "event",
    [
        e.CancelRequested(),
        e.Refused(1, "vendor-error"),
        e.NoFootage(1),
        e.PrepareFailed(1, "vendor-error"),
        e.Postponed("vendor-away", attempt=1),
        e.Prepared(1, (e.Sighting("file", "http://media.example/file.mp4"),)),
        e.WorkerDied("w"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_whoever_leaves_and_however_the_next_can_be_taken_at_once(platform: Platform, event: e.Event) -> None:
    first, second = platform.wish("A", 2)
    assert platform.next() == "A"
    platform.leave("A", event)
    found = platform.store.load(first.id)
    assert found
    if found.job.state == State.SUBMITTING:  # the answer may still come: nobody has left
        assert platform.store.take("sms") is None
        platform.clock.move(POLICY.silence)
        platform.ledger.record(first.id, e.DeadlinePassed())
    assert platform.store.take("sms") in {first.id, second.id}
    assert platform.store.take("sms") is None


def test_a_closed_lane_that_opens_offers_as_many_as_it_has_room_for(
    platform: Platform, clock: HandClock
) -> None:
    platform.rooms = {"A": 4}
    platform.wish("A", 9)
    assert platform.next() == "A"
    platform.ledger.record(platform.busy("A"), e.CancelRequested())
    assert platform.crowd() == ""
    clock.move(29 * SECOND)
    assert platform.store.overdue(10).waiting == {}
    clock.move(SECOND)
    assert platform.store.overdue(10).waiting == {"sms": 4}
    assert platform.crowd() == "AAAA"
    assert platform.store.lane("sms:A").waiting == 4


def test_a_sweep_counts_no_more_than_the_platform_has_room_for(platform: Platform) -> None:
    platform.room, platform.rooms = 3, {"A": 2}
    platform.wish("A", 9), platform.wish("B", 9), platform.wish("C", 9)
    assert platform.store.overdue(10).waiting == {"sms": 3}
    assert platform.next()
    assert platform.store.overdue(10).waiting == {"sms": 2}
    assert len(platform.crowd()) == 2
    assert platform.store.overdue(10).waiting == {}


def test_what_was_taken_holds_its_places_and_a_sweep_gives_them_to_whose_turn_it_is(
    platform: Platform,
) -> None:
    platform.room = 1
    (lost, _), (other,) = platform.wish("A", 2, age=1000), platform.wish("B")
    assert platform.store.take("sms") == lost.id
    assert platform.store.take("sms") is None
    assert isinstance(platform.claim(other), NoRoom)
    assert platform.store.overdue(10).waiting == {"sms": 1}
    assert platform.store.take("sms") == other.id
    assert isinstance(platform.claim(lost), NoRoom)
    assert isinstance(platform.claim(other), Moved)
    platform.leave("B")
    assert platform.store.take("sms") == lost.id


def test_what_was_taken_and_postponed_gives_its_places_back(platform: Platform) -> None:
    platform.room = 1
    platform.wish("A", 2, age=1000), platform.wish("B")
    platform.ledger.record(platform.store.take("sms") or "", e.Postponed("no-space"))
    assert platform.next() == "B"


# -- the room as the claimer knows it ----------------------------------------------------------------------------------


def test_less_room_than_the_jobs_know_is_learnt_with_the_first_claim(platform: Platform) -> None:
    platform.room = 16
    for device in "ABCD":
        platform.wish(device)
    platform.room = 2
    assert platform.crowd() == "AB"
    assert platform.store.overdue(10).waiting == {}
    platform.leave("A")
    assert platform.crowd() == "C"


def test_a_claim_that_is_refused_for_less_room_waits_on_and_is_not_offered_in_vain(
    platform: Platform,
) -> None:
    platform.rooms = {"A": 4}
    first, second = platform.wish("A", 2)
    assert platform.next() == "A"
    assert platform.store.take("sms") == second.id
    platform.rooms = {"A": 1}
    assert isinstance(platform.claim(second), NoRoom)
    assert platform.store.take("sms") is None
    assert platform.leave("A") == first.id
    assert platform.store.take("sms") == second.id


def test_more_room_than_the_jobs_know_is_learnt_with_the_first_claim(platform: Platform) -> None:
    platform.wish("A", 5)
    platform.rooms = {"A": 3}
    assert platform.crowd() == "AAA"


def test_a_camera_that_has_moved_to_another_device_waits_there(platform: Platform) -> None:
    (there,) = platform.wish("B", age=1000)
    assert platform.next() == "B"
    (moved,) = platform.wish("A")
    assert platform.store.take("sms") == moved.id
    assert isinstance(platform.claim(moved, moved_to="B"), NoRoom)
    assert (platform.store.lane("sms:A").waiting, platform.store.lane("sms:B").waiting) == (0, 1)
    assert platform.store.take("sms") is None
    platform.ledger.record(there.id, e.CancelRequested())
    assert platform.store.take("sms") == moved.id


# -- what the sweep and the server have to do --------------------------------------------------------------------------


def test_work_for_which_there_is_room_and_nobody_comes_is_overdue(
    platform: Platform, clock: HandClock
) -> None:
    platform.wish("A", 2)
    platform.store.overdue(10)
    clock.move(60 * SECOND)
    assert platform.store.overdue_seconds() == 60
    platform.store.overdue(10)
    assert platform.store.overdue_seconds() == 60
    assert platform.next() == "A"
    platform.store.overdue(10)
    clock.move(60 * SECOND)
    assert platform.store.overdue_seconds() == 0  # the other waits for room, and rightly


def test_a_waiter_that_is_too_old_is_for_its_clock(platform: Platform, clock: HandClock) -> None:
    platform.wish("A")
    assert platform.next() == "A"
    (old,) = platform.wish("A", give_up_at=NOON + SECOND)
    clock.move(SECOND)
    assert platform.store.overdue(10).jobs == (old.id,)
    platform.ledger.record(old.id, e.DeadlinePassed())
    assert platform.store.lane("sms:A").waiting == 0


def _calls(client: redis.Redis, action: Callable[[], object]) -> int:
    """How many commands the server executed for it, those of its scripts included."""

    def total() -> int:
        return sum(command["calls"] for command in client.info("commandstats").values())

    before = total()
    action()
    return total() - before


def test_neither_a_sweep_nor_a_leave_nor_a_take_costs_more_for_all_who_wait(
    real_client: redis.Redis, prefix: str, clock: HandClock
) -> None:
    def costs(devices: int, windows: int) -> list[int]:
        store = RedisJobStore(real_client, f"{prefix}{devices}:", clock=clock)
        platform = Platform(store, clock, room=3)
        for device in range(devices):
            platform.wish(f"{device:03}", windows)
        platform.crowd()
        actions = (lambda: store.overdue(10), lambda: platform.leave("001"), platform.next)
        return [_calls(real_client, action) for action in actions]

    assert costs(5, windows=2) == costs(40, windows=8)


def test_devices_found_shut_are_not_looked_at_again_by_each_who_comes_for_work(
    real_client: redis.Redis, prefix: str, clock: HandClock
) -> None:
    platform = Platform(RedisJobStore(real_client, prefix, clock=clock), clock, room=50)
    devices = [f"{device:03}" for device in range(30)]
    for device in devices:
        platform.wish(device, 2)
    platform.crowd()
    for device in devices:
        platform.busy(device)
    assert platform.store.take("sms") is None
    assert _calls(real_client, lambda: platform.store.take("sms")) < 20
    clock.move(30 * SECOND)
    assert len(platform.crowd()) == 3 * len(devices)


def test_a_device_that_has_room_though_nobody_left_it_is_found_after_the_patience(
    real_client: redis.Redis, prefix: str, clock: HandClock
) -> None:
    store = RedisJobStore(real_client, prefix, clock=clock, patience=30 * SECOND)
    platform = Platform(store, clock)
    platform.wish("A", 2)
    assert platform.crowd() == "A"
    real_client.delete(f"{prefix}lane:sms:A:run")  # something that must never happen
    assert store.take("sms") is None
    clock.move(30 * SECOND)
    assert store.overdue(10).waiting == {"sms": 1}
    assert platform.crowd() == "A"
