"""The receiver as it runs, alone with its Redis: what it answers while Redis does not, and how its processes share the work."""

import json
import os
import secrets
import signal
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
import redis

from gleaner.embedded_redis import EmbeddedRedis
from tests.e2e.system import until
from tests.fuzz.receiver import JSON, Receiver, receiving

CALLERS = 32  # at once; more than its threads
OPEN = "01"  # the kernel's word for an established connection


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    """One of its own, for it is frozen and stopped."""
    server = EmbeddedRedis(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory, server: EmbeddedRedis) -> Iterator[Receiver]:
    with receiving(tmp_path_factory.mktemp("receiver"), server.state_url, "{alone}:") as running:
        yield running


def told(connection: HTTPConnection, path: str, progress: float) -> tuple[int, str | None]:
    """The status, and when to come again."""
    body = json.dumps({"streamId": "stream-1", "fileUrl": "", "downloadProgress": progress})
    connection.request("POST", path, body, {"Content-Type": JSON})
    answer = connection.getresponse()
    answer.read()
    return answer.status, answer.headers["Retry-After"]


@pytest.mark.parametrize("how", ["frozen", "stopped"])
def test_while_redis_is_away_all_are_told_to_come_again_and_afterwards_all_are_heard(
    receiver: Receiver, server: EmbeddedRedis, how: str
) -> None:
    job = receiver.job({"frozen": 1, "stopped": 2}[how])
    path = receiver.path(job)
    go, back = _away(server, how)

    def call(_: int) -> list[tuple[int, str | None]]:
        connection = receiver.connection()
        answers = [told(connection, path, 0.5) for _ in range(3)]
        connection.close()
        return answers

    go()
    try:
        with ThreadPoolExecutor(CALLERS) as pool:
            answers = {answer for each in pool.map(call, range(CALLERS)) for answer in each}
    finally:
        back()
    assert answers == {(503, "2")}
    with ThreadPoolExecutor(CALLERS) as pool:
        until(lambda: {answer for each in pool.map(call, range(CALLERS)) for answer in each} == {(200, None)})
    found = receiver.services.jobs.load(job.id)
    assert found is not None
    assert found.job.progress == 0.5


def _away(server: EmbeddedRedis, how: str) -> tuple[Callable[[], None], Callable[[], None]]:
    if how == "stopped":
        return server.stop, server.start
    pid = server.pid or 0
    return lambda: os.kill(pid, signal.SIGSTOP), lambda: os.kill(pid, signal.SIGCONT)


def test_each_wave_of_callers_who_stay_is_shared_by_all_processes(receiver: Receiver) -> None:
    path = receiver.path(receiver.job(3))
    until(lambda: len(receiver.pids()) == 2)
    for wave in range(3):
        with ExitStack() as held, ThreadPoolExecutor(CALLERS) as pool:
            callers = [receiver.connection() for _ in range(CALLERS)]
            for each in callers:
                held.callback(each.close)
            assert {status for status, _ in pool.map(lambda each: told(each, path, 0.1), callers)} == {200}
            taken = [_callers(pid, receiver.port) for pid in receiver.pids()]
            assert sum(taken) == CALLERS
            assert min(taken) >= CALLERS // 4, (wave, taken)
        until(lambda: not any(_callers(pid, receiver.port) for pid in receiver.pids()))


def test_callers_who_stay_are_answered_together_and_each_by_his_own_name(
    receiver: Receiver, server: EmbeddedRedis
) -> None:
    path = receiver.path(receiver.job(4))
    with ExitStack() as held, ThreadPoolExecutor(CALLERS) as pool:
        callers = [receiver.connection() for _ in range(CALLERS)]
        for each in callers:
            held.callback(each.close)
        list(pool.map(lambda each: told(each, path, 0.1), callers))
        before = _asked(server)
        for _ in range(20):
            assert list(pool.map(lambda each: _named(each, path), callers)) == [True] * CALLERS
        loads, scripts = (after - was for after, was in zip(_asked(server), before, strict=True))
    assert loads == 20 * CALLERS
    assert scripts < loads * 0.8


def _named(connection: HTTPConnection, path: str) -> bool:
    name = secrets.token_hex(8)
    connection.request("POST", path, json.dumps({"downloadProgress": 0.1}), {"X-Request-Id": name})
    answer = connection.getresponse()
    answer.read()
    return answer.status == 200 and answer.headers["X-Request-Id"] == name


def _asked(server: EmbeddedRedis) -> tuple[int, int]:
    """How many jobs were loaded, and how many scripts were run for it."""
    with redis.Redis.from_url(server.state_url) as client:
        commands = client.info("commandstats")
        return commands["cmdstat_hmget"]["calls"], commands["cmdstat_evalsha"]["calls"]


@pytest.mark.parametrize("leaving", ["told to leave", "who leave"])
def test_who_does_not_hang_up_holds_up_nobody(tmp_path: Path, server: EmbeddedRedis, leaving: str) -> None:
    """Each has two seconds to hang up: 40 of them in a row would be longer than a process may be silent, or take to leave."""
    with receiving(tmp_path, server.state_url, "{leaving}:") as receiver, ExitStack() as held:
        path = receiver.path(receiver.job(5))
        callers = [held.enter_context(receiver.socket()) for _ in range(40)]
        for caller in callers:
            caller.sendall(_request(path))
            assert _answered(caller)
        pids = receiver.pids()
        if leaving == "told to leave":
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
        for caller in callers:
            caller.sendall(_request(path, "Connection: close\r\n" if leaving == "who leave" else ""))
        for pid in pids if leaving == "told to leave" else ():
            os.kill(pid, signal.SIGTERM)
            os.kill(pid, signal.SIGCONT)
        for caller in callers:
            caller.settimeout(5)
            assert _answered(caller)
        assert told(held.enter_context(closing(receiver.connection())), path, 0.3)[0] == 200
        assert leaving == "told to leave" or receiver.pids() == pids


@pytest.mark.parametrize(
    ("more", "status"), [("Bad Header: 1\r\n", 400), ("".join(f"X-{n}: 1\r\n" for n in range(120)), 431)]
)
def test_what_is_no_request_is_answered_as_such_among_those_that_are(
    receiver: Receiver, more: str, status: int
) -> None:
    path = receiver.path(receiver.job(6))
    with ExitStack() as held:
        callers = [held.enter_context(receiver.socket()) for _ in range(CALLERS)]
        for caller in callers:
            caller.sendall(_request(path))
            assert _answered(caller)
        for place, caller in enumerate(callers):
            caller.sendall(_request(path, more if place % 2 else ""))
        for place, caller in enumerate(callers):
            expected = status if place % 2 else 200
            assert caller.recv(4096).startswith(f"HTTP/1.1 {expected} ".encode())


def _answered(caller: socket.socket) -> bool:
    """Whether the answer is 200; it is read to its end."""
    heard = b""
    while not heard.endswith(b"}"):
        heard += caller.recv(4096) or b"}"
    return heard.startswith(b"HTTP/1.1 200 ")


def _request(path: str, more: str = "") -> bytes:
    body = '{"downloadProgress": 0.2}'
    return f"POST {path} HTTP/1.1\r\nHost: x\r\n{more}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def _callers(pid: int, port: int) -> int:
    """How many connections to a port a process holds."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    to_port = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{port:04X}") and row[3] == OPEN}
    fds = Path(f"/proc/{pid}/fd").iterdir()
    return sum(1 for each in fds if os.path.lexists(each) and str(each.readlink()) in to_port)
