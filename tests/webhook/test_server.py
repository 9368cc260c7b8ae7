"""The server that Procfile and containers run: its signals touch no request, and what it says is in the one form."""

import gc
import json
import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
import requests
from gunicorn.config import Config

from gleaner.procfile import commands, project_file
from tests.e2e.system import cameras_file, free_port, until
from tests.e2e.test_window import Callers

OLD, NEW = secrets.token_urlsafe(32), secrets.token_urlsafe(32)


@dataclass
class Server:
    """It, and its home."""

    home: Path
    url: str
    process: subprocess.Popen

    def status(self, token: str) -> int:
        """What an operator with this token is answered."""
        bearing = {"Authorization": f"Bearer {token}", "Connection": "close"}
        return requests.get(f"{self.url}/admin/cameras", headers=bearing, timeout=10).status_code

    def lines(self) -> list[dict]:
        """All that it has said."""
        return [json.loads(line) for line in (self.home / "out").read_text().splitlines()]


@pytest.fixture
def server(tmp_path: Path, redis_url: str, prefix: str) -> Iterator[Server]:
    (tmp_path / "cameras.toml").write_text(cameras_file(1))
    (tmp_path / "admin-token").write_text(OLD)
    port = free_port()
    told = {
        "GLEANER_HOME": str(tmp_path), "PORT": str(port), "SPACE_RESERVE": "1MB",
        "REDIS_URL": redis_url, "REDIS_PREFIX": prefix, "SMS_BASE_URL": "http://127.0.0.1:1",
    }  # fmt: skip
    values = {**told, "GLEANER_HOST": "127.0.0.1", "FETCH_CONCURRENCY": "1"}
    argv = commands(project_file("Procfile").read_text(), values, ())["web"]
    with (tmp_path / "out").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", *argv],
            env={**os.environ, **told, "PYTHONPATH": str(Path.cwd())},
            cwd=tmp_path, stdout=out, stderr=out,
        )  # fmt: skip
    running = Server(tmp_path, f"http://127.0.0.1:{port}", process)
    try:
        until(lambda: "Booting" in (tmp_path / "out").read_text())
        yield running
    finally:
        process.kill()
        process.wait()


def test_no_request_is_refused_or_cut_by_a_reload_and_all_that_the_server_says_is_in_the_one_form(
    server: Server,
) -> None:
    headers = {"Authorization": f"Bearer {OLD}"}
    asked = {"method": "GET", "url": f"{server.url}/admin/cameras", "headers": headers}
    with Callers(asked=asked) as callers:
        (server.home / "admin-token").write_text(f"{NEW},{OLD}")
        server.process.send_signal(signal.SIGHUP)
        until(lambda: server.status(NEW) == 200, 10)
        until(lambda: len([line for line in server.lines() if "exiting" in line["message"]]) == 2)
    assert set(callers.answers["asked"]) == {200}
    assert all(server.status(NEW) == 200 for _ in range(20))
    (server.home / "admin-token").write_text(NEW)
    server.process.send_signal(signal.SIGUSR1)
    until(lambda: server.status(OLD) == 401, 10)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == 0
    assert {line["levelname"] for line in server.lines()} == {"INFO"}


@pytest.fixture
def told() -> Iterator[ModuleType]:
    """What the server is told, which sets up the logs of a process."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield import_module("webhook.server")
    root.handlers[:], root.level = before, level


@pytest.fixture
def leaving(told: ModuleType) -> type:
    """A child that has just been told to leave, and only notes whom it lets in."""
    threads = told.Threads

    class Leaving(threads):
        def __init__(self, listener: socket.socket) -> None:
            self.alive, self._accepting, self.nr_conns = False, False, 0
            self.cfg, self.sockets, self.inside = Config(), [listener], []

        def enqueue_req(self, conn: object) -> None:
            self.inside.append(conn)

    return Leaving


def test_children_are_forked_with_nothing_in_them_to_be_looked_through_for_garbage(told: ModuleType) -> None:
    parent = Config()
    parent.set("when_ready", told.when_ready)
    assert gc.get_freeze_count() == 0
    try:
        parent.when_ready(None)
        assert gc.get_freeze_count() > 10_000
    finally:
        gc.unfreeze()


def test_who_stands_in_the_door_when_a_child_leaves_is_let_in_and_who_comes_later_is_refused(
    leaving: type,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as ending:
        listener.setblocking(False)
        address = listener.getsockname()
        for _ in range(3):
            ending.enter_context(socket.create_connection(address))
        child = leaving(listener)
        child.set_accept_enabled(False)
        assert len(child.inside) == 3
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)
        for conn in child.inside:
            conn.close()
