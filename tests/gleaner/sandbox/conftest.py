"""A running sandbox that lives fast, a client that speaks to it, and somebody to be called back."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from gleaner.sandbox import Device, Pace, running_sandbox

DOOR = Device("34020000001110000228", ("34020000001320000666",), "2", "front-door")
YARD = Device("34020000001110000229", ("34020000001320000667", "34020000001320000668"), "", "yard", 2)
PLAYBACK = "/api/smsload/playback/v1"
QUICK = Pace(longest=0.08, cadence=0.02, callback_retry=0.05, callback_timeout=2.0)


class Receiver:
    """Somebody who is called back; `answers` are given in turn, the last one for ever."""

    def __init__(self, url: str, answers: list[tuple[int, bytes]]) -> None:
        self.url = url
        self.answers = answers
        self.bodies: list[dict[str, Any]] = []
        self.times: list[float] = []

    @property
    def progress(self) -> list[Any]:
        return [body["downloadProgress"] for body in self.bodies]

    @property
    def addresses(self) -> list[str]:
        return [body["fileUrl"] for body in self.bodies]


@contextmanager
def listening(answers: list[tuple[int, bytes]]) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.headers["Content-Type"] == "application/json"
            receiver.bodies.append(body)
            receiver.times.append(time.monotonic())
            status, answer = receiver.answers[min(len(receiver.bodies), len(receiver.answers)) - 1]
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        receiver = Receiver(f"http://127.0.0.1:{server.server_port}/callbacks/sms/token", answers)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield receiver
        server.shutdown()


class Vendor:
    """The sandbox as a client meets it, with a look behind the curtain."""

    def __init__(self, base_url: str, platform: Any, http: requests.Session) -> None:
        self.base_url = base_url
        self.platform = platform
        self.http = http

    def order(self, device: Device = DOOR, **changes: Any) -> dict[str, Any]:
        fields = {
            "device_unicode": device.device_unicode,
            "source_type": "3",
            "channel": device.channels[0],
            "start_time": "2026-06-01T10:00:00",
            "end_time": "2026-06-01T10:30:00",
        } | changes
        return {name: value for name, value in fields.items() if value is not None}

    def post(self, path: str, body: Any) -> dict[str, Any]:
        answer = self.http.post(self.base_url + PLAYBACK + path, json=body, timeout=5)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "application/json"
        return dict(answer.json())

    def submit(self, device: Device = DOOR, **changes: Any) -> dict[str, Any]:
        return self.post("/download", self.order(device, **changes))

    def start(self, device: Device = DOOR, **changes: Any) -> str:
        answer = self.submit(device, **changes)
        assert answer["code"] == "0", answer
        return str(answer["data"]["stream_id"])

    def ask(self, stream_id: str) -> dict[str, Any]:
        return self.post("/queryDownloadProgress", {"stream_id": stream_id})

    def tear_down(self, stream_id: str, device: Device = DOOR, command: str = "3") -> dict[str, Any]:
        fields = {"device_unicode": device.device_unicode, "channel": device.channels[0]}
        return self.post("/control", fields | {"stream_id": stream_id, "command": command})

    def throw(self, device: Device | None = None, **switches: Any) -> None:
        self.platform.throw(switches, device.device_unicode if device else "")

    def address(self, stream_id: str) -> str:
        """Of the file, once there is one."""
        self.eventually(lambda: self.ask(stream_id)["data"]["file_url"])
        return str(self.ask(stream_id)["data"]["file_url"])

    def fetch(self, url: str, **headers: str) -> requests.Response:
        return self.http.get(url, headers=headers, timeout=5)

    def eventually(self, thing: Callable[[], Any], within: float = 3.0) -> None:
        deadline = time.monotonic() + within
        while not thing():
            assert time.monotonic() < deadline, "it never happened"
            time.sleep(0.01)


@pytest.fixture
def door() -> Device:
    return DOOR


@pytest.fixture
def yard() -> Device:
    return YARD


@contextmanager
def playing(**pace: float) -> Iterator[Vendor]:
    quick = replace(QUICK, **pace)
    with running_sandbox(devices=(DOOR, YARD), pace=quick) as running, requests.Session() as http:
        http.trust_env = False
        yield Vendor(running.base_url, running.platform, http)


@pytest.fixture
def play() -> Iterator[Callable[..., Vendor]]:
    """Start a sandbox of the pace that a test needs."""
    with ExitStack() as stack:
        yield lambda **pace: stack.enter_context(playing(**pace))


@pytest.fixture(scope="session")
def strict_vendor() -> Iterator[Vendor]:
    """For tests that are refused and so leave nothing behind."""
    with playing() as vendor:
        yield vendor


@pytest.fixture
def vendor(play: Callable[..., Vendor]) -> Vendor:
    return play()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening([(200, b'{"code": 0}')]) as receiver:
        yield receiver
