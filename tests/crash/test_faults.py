"""The network between us and the store, and between us and the vendors, fails in every way: nothing is lost, doubled or torn."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from gleaner.embedded_redis import server_binary
from tests.crash.invariants import judge, kinds
from tests.crash.proxy import Fault, Proxy, proxy
from tests.crash.stage import Stage, say, stage
from tests.e2e.system import free_port, until

FAULTS: tuple[Fault, ...] = ("delay", "slow", "cut", "black-hole", "half-open", "refuse")
LASTS = 6.0  # seconds; longer than a lease and than every time-out of the store's clients
CAMERAS, JOBS, DAYS = 6, 18, 4

# Whoever is cut off in the midst of a fetch leaves the sandbox's server with a file that only the collector closes.
collected_late = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
pytestmark = [pytest.mark.crash, pytest.mark.timeout(300), collected_late]


@contextmanager
def _store(home: Path) -> Iterator[int]:
    """A server on a port, with the settings that ours has."""
    home.mkdir()
    port = free_port()
    keeps = (
        "--appendonly",
        "yes",
        "--appendfsync",
        "everysec",
        "--maxmemory-policy",
        "noeviction",
        "--save",
        "",
    )
    command = [server_binary(), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(home), *keeps]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            with redis.Redis(port=port) as client:
                until(lambda: _answers(client), 15)
            yield port
        finally:
            server.kill()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


@pytest.fixture(scope="module")
def before_the_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, Proxy]]:
    """A system whose store lies behind a proxy; we look into it directly."""
    home = tmp_path_factory.mktemp("store")
    with _store(home / "server") as port, proxy(("127.0.0.1", port)) as between:
        url = f"redis://127.0.0.1:{between.port}/0"
        with stage(home / "home", CAMERAS, REDIS_URL=url) as running:
            running.redis_url = f"redis://127.0.0.1:{port}/0"
            yield running, between


@pytest.fixture(scope="module")
def before_the_vendors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, Proxy]]:
    """A system whose vendors, and what they serve, lie behind a proxy."""
    vendors = free_port()
    with (
        proxy(("127.0.0.1", vendors)) as between,
        stage(tmp_path_factory.mktemp("vendors"), CAMERAS, port=vendors, through=between.port) as running,
    ):
        yield running, between


def _suffer(running: Stage, between: Proxy, fault: Fault) -> None:
    """The fault begins in the midst of the work, lasts, and ends; then all has to come to its end."""
    met = between.met
    for number in range(JOBS):
        running.wish(running.cameras[number % CAMERAS])
    for camera in running.cameras[:DAYS]:
        running.harvest(camera)
    time.sleep(0.3)
    between.suffer(fault)
    time.sleep(LASTS)
    between.suffer("none")
    seconds = running.settled(120)
    found = judge(running)
    say(
        f"{fault}: met {between.met - met} times in {LASTS:g} s; over {seconds:.1f} s after its end, {found.counts}, "
        f"{len(found.violations)} violations, spool {dict(kinds(found.leftovers))}"
    )
    assert between.met > met
    assert not found.violations, "\n".join(found.violations)


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_before_the_store_costs_anything(
    before_the_store: tuple[Stage, Proxy], fault: Fault
) -> None:
    _suffer(*before_the_store, fault)


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_before_the_vendors_costs_anything(
    before_the_vendors: tuple[Stage, Proxy], fault: Fault
) -> None:
    _suffer(*before_the_vendors, fault)
