"""The embedded server, tried for real: what it keeps, where it listens, who may have it."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import kombu
import pytest
import redis

from gleaner.embedded_redis import SOCKET_PATH_BYTES, EmbeddedRedis, server_binary
from shared.errors import Misconfigured

START_AND_LEAVE = """
import os, signal, sys
from pathlib import Path
from gleaner.embedded_redis import EmbeddedRedis
server = EmbeddedRedis(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def server(home: Path) -> Iterator[EmbeddedRedis]:
    server = EmbeddedRedis(home)
    yield server
    server.stop()


def client_of(server: EmbeddedRedis) -> redis.Redis:
    return redis.Redis.from_url(server.state_url, decode_responses=True)


def answering_process(server: EmbeddedRedis) -> int:
    with client_of(server) as client:
        return client.info("server")["process_id"]


def wait_until_dead(server: EmbeddedRedis) -> None:
    deadline = time.monotonic() + 5
    while server.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)


def leave_a_server_behind(home: Path) -> int:
    supervisor = subprocess.run(
        [sys.executable, "-c", START_AND_LEAVE, home], stdout=subprocess.PIPE, timeout=20, check=False
    )
    assert supervisor.returncode == -signal.SIGKILL
    return int(supervisor.stdout)


def test_it_answers_on_a_private_socket_and_on_no_port(server: EmbeddedRedis) -> None:
    server.start()

    with client_of(server) as client:
        assert client.ping()
        assert client.config_get("port") == {"port": "0"}
    assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.folder.stat().st_mode) == 0o700


def test_it_keeps_all_it_can_and_evicts_nothing(server: EmbeddedRedis) -> None:
    server.start()

    with client_of(server) as client:
        settings = client.config_get("appendonly", "appendfsync", "maxmemory-policy", "save", "dir")
    assert settings == {
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "save": "3600 1",
        "dir": str(server.folder),
    }


def test_a_thousand_writes_survive_a_kill_and_a_restart(server: EmbeddedRedis) -> None:
    server.start()
    with client_of(server) as client:
        for number in range(1000):
            client.set(f"wish:{number}", number)

    assert server.pid
    os.kill(server.pid, signal.SIGKILL)
    wait_until_dead(server)
    assert server.poll() == -signal.SIGKILL
    server.start()

    with client_of(server) as client:
        assert client.mget([f"wish:{number}" for number in range(1000)]) == [str(n) for n in range(1000)]


def test_what_was_written_survives_a_polite_stop(home: Path) -> None:
    first = EmbeddedRedis(home)
    first.start()
    with client_of(first) as client:
        client.set("wish", "kept")
    first.stop()

    second = EmbeddedRedis(home)
    second.start()
    try:
        with client_of(second) as client:
            assert client.get("wish") == "kept"
    finally:
        second.stop()


def test_the_state_and_the_broker_are_different_databases_of_one_server(server: EmbeddedRedis) -> None:
    server.start()

    with kombu.Connection(server.broker_url) as broker, broker.SimpleQueue("bell") as queue:
        queue.put({"ring": 1})
        assert queue.get(timeout=5).payload == {"ring": 1}
        assert broker.default_channel.client.connection_pool.connection_kwargs["db"] == 1
    with client_of(server) as client:
        assert client.dbsize() == 0
        assert client.info("keyspace").keys() == {"db1"}


def test_a_home_with_odd_characters_is_reached_by_both_urls(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path / "my home, 100%? #1")
    server.start()
    try:
        with client_of(server) as client, kombu.Connection(server.broker_url) as broker:
            assert client.ping()
            broker.ensure_connection(max_retries=1, timeout=5)
    finally:
        server.stop()


def test_a_home_too_deep_for_a_socket_gets_a_private_short_place(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path / ("deep" * 20) / ("deeper" * 20))
    server.start()
    try:
        with client_of(server) as client:
            assert client.ping()
        assert len(os.fsencode(server.socket)) <= SOCKET_PATH_BYTES
        assert stat.S_IMODE(server.socket.parent.stat().st_mode) == 0o700
        assert EmbeddedRedis(tmp_path).socket != server.socket
    finally:
        server.stop()
        server.socket.parent.rmdir()


def test_a_short_place_that_is_not_a_folder_of_ours_is_refused(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path / ("deep" * 20) / ("deeper" * 20))
    server.socket.parent.symlink_to(tmp_path)
    try:
        with pytest.raises(Misconfigured, match="does not belong"):
            server.start()
    finally:
        server.socket.parent.unlink()


def test_a_server_left_behind_is_ended_and_its_data_taken_over(home: Path, server: EmbeddedRedis) -> None:
    left_behind = leave_a_server_behind(home)
    assert answering_process(server) == left_behind
    with client_of(server) as client:
        client.set("wish", "written to the server left behind")

    server.start()

    assert answering_process(server) == server.pid
    with client_of(server) as client:
        assert client.get("wish") == "written to the server left behind"


def test_a_server_left_behind_that_hangs_is_killed(home: Path) -> None:
    os.kill(leave_a_server_behind(home), signal.SIGSTOP)
    server = EmbeddedRedis(home, patience=0.3)

    server.start()

    assert answering_process(server) == server.pid
    server.stop()


def test_a_second_supervisor_is_turned_away_and_harms_nothing(home: Path, server: EmbeddedRedis) -> None:
    server.start()
    pid = server.pid

    with pytest.raises(Misconfigured, match="another `gleaner up`"):
        EmbeddedRedis(home).start()

    server.start()
    assert server.pid == pid
    assert server.poll() is None


def test_a_server_that_cannot_start_says_why_in_one_line(server: EmbeddedRedis) -> None:
    server.folder.mkdir(parents=True)
    (server.folder / "appendonlydir").write_text("a file where a folder should be")

    with pytest.raises(Misconfigured) as refusal:
        server.start()

    assert refusal.value.code == "embedded-redis"
    assert "did not start" in refusal.value.detail
    assert "\n" not in refusal.value.detail


def test_it_does_not_hear_the_ctrl_c_of_the_terminal(server: EmbeddedRedis) -> None:
    server.start()

    assert server.pid
    assert os.getsid(server.pid) != os.getsid(0)


def test_stopping_frees_the_home_and_may_be_done_twice(home: Path, server: EmbeddedRedis) -> None:
    server.start()

    server.stop()
    server.stop()

    with socket.socket(socket.AF_UNIX) as probe, pytest.raises((FileNotFoundError, ConnectionRefusedError)):
        probe.connect(str(server.socket))
    with_another = EmbeddedRedis(home)
    with_another.start()
    with_another.stop()


def test_a_strange_locale_does_not_keep_it_from_starting(home: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            START_AND_LEAVE.replace("os.kill(os.getpid(), signal.SIGKILL)", "server.stop()"),
            home,
        ],
        env={**os.environ, "LC_ALL": "xx_YY.UTF-8"},
        stdout=subprocess.DEVNULL,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0


def test_the_binary_is_that_of_the_wheel() -> None:
    version = subprocess.run(
        [server_binary(), "--version"], capture_output=True, text=True, check=True
    ).stdout
    assert "v=9." in version
