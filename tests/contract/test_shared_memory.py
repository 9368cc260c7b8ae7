"""What shared memory promises, on memory, on the imitation of Redis and on a real server."""

import time
from datetime import timedelta

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from shared.adapters.memory import HandClock, MemoryShared
from shared.adapters.redis_store import RedisJobStore, RedisShared
from shared.errors import Transient
from shared.ports import SharedMemory

MOMENT = timedelta(milliseconds=80)


@pytest.fixture(params=["memory", "fake", "real"])
def memory(request: pytest.FixtureRequest, prefix: str) -> SharedMemory:
    if request.param == "memory":
        return MemoryShared(HandClock())
    return RedisShared(request.getfixturevalue(f"{request.param}_client"), prefix)


def _let_pass(memory: SharedMemory) -> None:
    if isinstance(memory, MemoryShared):
        memory._clock.move(MOMENT)  # type: ignore[attr-defined]
    else:
        time.sleep(MOMENT.total_seconds() * 1.2)


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


def test_a_server_that_is_away_is_trouble_that_passes():
    at_once = Retry(NoBackoff(), 0)
    client = redis.Redis(unix_socket_path="/nowhere/redis.sock", retry=at_once, decode_responses=True)
    for ask in (RedisShared(client).get, RedisJobStore(client).load, RedisJobStore(client).find):
        with pytest.raises(Transient) as trouble:
            ask("k")
        assert trouble.value.code == "store-away"
