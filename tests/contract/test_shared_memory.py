"""What shared memory promises, on memory, on the imitation of Redis and on a real server."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from shared.adapters.memory import HandClock, MemoryShared
from shared.adapters.redis_shared import RedisShared
from shared.adapters.redis_store import RedisJobStore
from shared.errors import Transient
from shared.ports import SharedMemory

MOMENT = timedelta(milliseconds=80)
HOUR = timedelta(hours=1)


@pytest.fixture(params=["memory", "fake", "real"])
def memory(request: pytest.FixtureRequest, prefix: str) -> SharedMemory:
    if request.param == "memory":
        return MemoryShared(HandClock())
    return RedisShared(request.getfixturevalue(f"{request.param}_client"), prefix)


def _let_pass(memory: SharedMemory, moments: float = 1.2) -> None:
    if isinstance(memory, MemoryShared):
        memory._clock.move(moments * MOMENT)  # type: ignore[attr-defined]
    else:
        time.sleep(moments * MOMENT.total_seconds())


def test_a_value_is_put_where_there_was_none_and_only_once(memory):
    assert memory.get("unit") is None
    assert memory.swap("unit", None, "percent")
    assert not memory.swap("unit", None, "fraction")
    assert memory.get("unit") == "percent"


def test_only_the_expected_value_is_replaced_or_removed(memory):
    memory.swap("k", None, "1")
    assert not memory.swap("k", "2", "3")
    assert memory.swap("k", "1", "2")
    assert memory.swap("k", "2", None)
    assert memory.get("k") is None


def test_a_value_goes_when_its_time_is_over(memory):
    memory.swap("k", None, "1", MOMENT)
    assert memory.get("k") == "1"
    _let_pass(memory)
    assert memory.get("k") is None
    assert memory.swap("k", None, "2")


def test_a_lease_has_one_owner_who_may_renew_it_until_it_runs_out(memory):
    assert memory.hold("sweep", "a", MOMENT)
    assert not memory.hold("sweep", "b", MOMENT)
    assert memory.hold("sweep", "a", MOMENT)
    assert memory.hold("other", "b", MOMENT)
    _let_pass(memory)
    assert memory.hold("sweep", "b", MOMENT)


def test_a_lease_that_is_given_back_is_free_at_once_and_only_its_owner_gives_it(memory):
    memory.release("sweep", "nobody")
    memory.hold("sweep", "a", HOUR)
    memory.release("sweep", "b")
    assert not memory.hold("sweep", "b", HOUR)
    memory.release("sweep", "a")
    memory.release("sweep", "a")
    assert memory.hold("sweep", "b", HOUR)


def test_a_lease_that_ran_out_is_not_taken_from_its_next_owner(memory):
    memory.hold("sweep", "a", MOMENT)
    _let_pass(memory)
    memory.hold("sweep", "b", HOUR)
    memory.release("sweep", "a")
    assert not memory.hold("sweep", "a", HOUR)


def test_counters_grow_together_up_to_the_first_limit_that_is_reached(memory):
    limits = {"day": 3, "month": 30}
    assert [memory.count(limits, HOUR) for _ in range(5)] == [None, None, None, "day", "day"]
    assert (memory.get("day"), memory.get("month")) == ("3", "3")


def test_where_one_counter_is_full_none_grows_and_the_first_of_the_full_is_named(memory):
    for _ in range(2):
        memory.count({"month": 2}, HOUR)
    assert memory.count({"day": 5, "month": 2, "year": 0}, HOUR) == "month"
    assert (memory.get("day"), memory.get("month"), memory.get("year")) == (None, "2", None)
    assert memory.count({"never": 0}, HOUR) == "never"


def test_a_counter_without_a_limit_only_counts(memory):
    assert [memory.count({"day": None, "month": 100}, HOUR) for _ in range(12)] == [None] * 12
    assert (memory.get("day"), memory.get("month")) == ("12", "12")
    assert memory.count({}, HOUR) is None


def test_a_lowered_limit_holds_at_once(memory):
    for _ in range(4):
        memory.count({"day": 10}, HOUR)
    assert memory.count({"day": 2}, HOUR) == "day"
    assert memory.get("day") == "4"


def test_a_counter_lasts_a_while_beyond_its_last_increment_and_then_begins_anew(memory):
    life = 4 * MOMENT
    for _ in range(2):
        memory.count({"day": 2}, life)
        _let_pass(memory, 2.5)
    assert memory.count({"day": 2}, life) == "day"  # which is no increment
    _let_pass(memory, 2)
    assert memory.get("day") is None
    assert memory.count({"day": 2}, life) is None
    assert memory.get("day") == "1"


def test_many_at_once_pass_a_limit_exactly_as_often_as_it_says(memory):
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: memory.count({"day": None, "month": 100}, HOUR), range(160)))
    assert (answers.count(None), answers.count("month")) == (100, 60)
    assert (memory.get("day"), memory.get("month")) == ("100", "100")


def test_a_server_that_is_away_is_trouble_that_passes():
    at_once = Retry(NoBackoff(), 0)
    client = redis.Redis(unix_socket_path="/nowhere/redis.sock", retry=at_once, decode_responses=True)
    shared, jobs = RedisShared(client), RedisJobStore(client)
    for ask in (
        shared.get,
        lambda key: shared.count({key: 1}, HOUR),
        lambda key: shared.release(key, "a"),
        jobs.load,
        jobs.find,
    ):
        with pytest.raises(Transient) as trouble:
            ask("k")
        assert trouble.value.code == "store-away"


def test_a_lease_tells_who_has_it(memory):
    assert memory.holder("sweep") is None
    memory.hold("sweep", "a", timedelta(seconds=30))
    assert memory.holder("sweep") == "a"
    memory.release("sweep", "a")
    assert memory.holder("sweep") is None
