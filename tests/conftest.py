"""What all tests share: one real server for the whole run, and stores on it that do not see one another."""

import os
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from uuid import uuid4

import fakeredis
import pytest
import redis

from gleaner.embedded_redis import EmbeddedRedis
from shared.settings import Settings, read, source
from shared.vendors import load

# Whoever runs the tests may have settings of his own; none of them is anybody's business here.
_DECLARING = (Settings, *(vendor.settings for vendor in load(read(Settings, source({})).vendors).values()))
for _name in {each.metadata["env"] for declaring in _DECLARING for each in fields(declaring)}:
    os.environ.pop(_name, None)

_LONG = ("e2e", "fuzz")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files with what takes longest come first, so that workers who share the files end together."""
    ranks = {item.path: len(_LONG) for item in items}
    for item in items:
        for rank, mark in enumerate(_LONG):
            if item.get_closest_marker(mark):
                ranks[item.path] = min(ranks[item.path], rank)
    items.sort(key=lambda item: ranks[item.path])


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server of our own, as `gleaner up` starts it."""
    server = EmbeddedRedis(tmp_path_factory.mktemp("home"))
    server.start()
    yield server.state_url
    server.stop()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    """One of the test's own, in the home of the test's own: it may be stopped, frozen and emptied."""
    server = EmbeddedRedis(tmp_path / "home")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def prefix() -> str:
    """Keys that no other test uses."""
    return f"{{test-{uuid4().hex[:12]}}}:"


@pytest.fixture(scope="session")
def real_client(redis_url: str) -> Iterator[redis.Redis]:
    """A client of the real server."""
    with redis.Redis.from_url(redis_url, decode_responses=True, protocol=2, socket_timeout=5) as client:
        yield client


@pytest.fixture(scope="session")
def fake_client() -> Iterator[redis.Redis]:
    """A client of the imitation, which runs the same scripts."""
    with fakeredis.FakeRedis(decode_responses=True) as client:
        yield client
