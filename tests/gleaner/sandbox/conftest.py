"""A running sandbox that lives fast, clients that speak to both of its vendors, and somebody to be called back."""

from __future__ import annotations

import hashlib
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from gleaner.sandbox.accounts import APP_ID, APP_SECRET
from gleaner.sandbox.channels import Channel
from gleaner.sandbox.devices import Device
from gleaner.sandbox.pace import Pace
from gleaner.sandbox.server import running_sandbox
from gleaner.sandbox.terms import Terms

DOOR = Device("34020000001110000228", ("34020000001320000666",), "2", "front-door")
YARD = Device("34020000001110000229", ("34020000001320000667", "34020000001320000668"), "", "yard", 2)
PLAYBACK = "/api/smsload/playback/v1"
LIST = "/api/iot/device/playback/v1/list"
QUICK = Pace(longest=0.08, cadence=0.02, callback_retry=0.05, callback_timeout=2.0)


class Receiver:
    """Somebody who is called back; `answers` are given in turn, the last one for ever."""

    def __init__(self, url: str, answers: list[tuple[int, bytes]]) -> None:
        self.url = url
        self.answers = answers
        self.mail: list[tuple[str, bytes]] = []
        self.bodies: list[dict[str, Any]] = []
        self.times: list[float] = []
        self.at_once = self.most_at_once = 0
        self.slow = 0.0
        self._guard = threading.Lock()

    def take(self, media_type: str, raw: bytes) -> tuple[int, bytes]:
        """Note one callback and say what it is answered; `bodies` holds those that are objects of the page's names."""
        with self._guard:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            self.mail.append((media_type, raw))
            if media_type == "application/json" and b'"downloadProgress": ' in raw and b'"fileUrl": "' in raw:
                self.bodies.append(json.loads(raw))
            self.times.append(time.monotonic())
            answer = self.answers[min(len(self.mail), len(self.answers)) - 1]
        time.sleep(self.slow)
        with self._guard:
            self.at_once -= 1
        return answer

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
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = receiver.take(self.headers["Content-Type"], raw)
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

    def throw(self, device: Device | str = "", **switches: Any) -> None:
        """As a client of the control route would."""
        target = device.device_unicode if isinstance(device, Device) else device
        wish = {"switches": switches, "device": target}
        assert self.http.post(self.base_url + "/sandbox/switches", json=wish, timeout=5).status_code == 200

    def list(self, device: Device = DOOR, within: float = 5, **changes: Any) -> requests.Response:
        """The recordings of the first channel in the window of an order; `changes` are of the content."""
        content = {
            "channel": device.channels[0],
            "start_time": "2026-06-01T10:00:00",
            "end_time": "2026-06-01T10:30:00",
        } | changes
        body = {"device_unicode": device.device_unicode, "content": content}
        return self.http.post(self.base_url + LIST, json=body, timeout=within)

    def listed(self, device: Device = DOOR, **changes: Any) -> dict[str, Any]:
        answer = self.list(device, **changes).json()
        assert answer["code"] == "0", answer
        return dict(answer["data"])

    def state(self) -> dict[str, Any]:
        return dict(self.http.get(self.base_url + "/sandbox/state", timeout=5).json())

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


PORCH = Channel("CLOUDCAM0001", "0", "porch")
GATE = Channel("CLOUDCAM0002", "0", "gate")
GARAGE = Channel("CLOUDCAM0002", "1", "garage", ("aiCloudRecord",))
SHANGHAI = ZoneInfo("Asia/Shanghai")


class Account:
    """The sandbox's cloud as a client meets it, with a look behind the curtain. Its token is asked for when needed."""

    def __init__(self, base_url: str, cloud: Any, http: requests.Session) -> None:
        self.base_url = base_url
        self.cloud = cloud
        self.http = http
        self.token = ""

    @property
    def today(self) -> datetime:
        """The cloud's last midnight."""
        now = self.cloud.clock.now().astimezone(SHANGHAI)
        return now.replace(hour=0, minute=0, second=0, microsecond=0)

    def system(self, **changes: Any) -> dict[str, Any]:
        """A fresh and signed one, then changed; None leaves a field out."""
        now, nonce = int(self.cloud.clock.now().timestamp()), uuid.uuid4().hex
        fields = {"ver": "1.0", "appId": APP_ID, "time": now, "nonce": nonce} | changes
        source = f"time:{fields['time']},nonce:{fields['nonce']},appSecret:{APP_SECRET}"
        fields = {"sign": hashlib.md5(source.encode()).hexdigest()} | fields
        return {name: value for name, value in fields.items() if value is not None}

    def post(self, method: str, body: Any) -> requests.Response:
        return self.http.post(f"{self.base_url}/openapi/{method}", json=body, timeout=5)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a sound call; whatever `system` holds is changed."""
        system = self.system(**params.pop("system", {}))
        given = {name: value for name, value in params.items() if value is not None}
        answer = self.post(method, {"id": "7", "system": system, "params": given})
        assert answer.status_code == 200
        assert answer.json()["id"] == "7"
        return dict(answer.json()["result"])

    def sign_in(self) -> str:
        self.token = self.call("accessToken")["data"]["accessToken"]
        return self.token

    def query(self, channel: Channel = PORCH, days: int = 0, **changes: Any) -> dict[str, Any]:
        """What a listing of one day asks for, so many days ago."""
        day = self.today.date() - timedelta(days=days)
        return {
            "token": self.token or self.sign_in(),
            "deviceId": channel.device,
            "channelId": channel.number,
            "beginTime": f"{day} 00:00:00",
            "endTime": f"{day} 23:59:59",
            "packageType": "aiCloudRecord",
            "recordId": "-1",
            "count": 100,
        } | changes

    def result(self, channel: Channel = PORCH, days: int = 0, **changes: Any) -> dict[str, Any]:
        return self.call("getCondensedRecords", **self.query(channel, days, **changes))

    def records(self, channel: Channel = PORCH, days: int = 0, **changes: Any) -> list[dict[str, Any]]:
        result = self.result(channel, days, **changes)
        assert (result["code"], result["msg"]) == ("0", "操作成功")
        return list(result["data"]["records"])

    def events(self, days: int = 1, **changes: Any) -> list[dict[str, Any]]:
        return self.records(days=days, packageType="aiInsight", **changes)

    def ids(self, **changes: Any) -> list[str]:
        return [record["recordId"] for record in self.events(**changes)]

    def steer(self, what: str, **body: Any) -> requests.Response:
        return self.http.post(f"{self.base_url}/sandbox/{what}", json=body, timeout=5)

    def throw(self, channel: Channel | None = None, **switches: Any) -> None:
        self.cloud.throw(switches, channel.device if channel else "")

    def evening(self) -> None:
        """Yesterday at eight, so that a day is under way whenever the tests run."""
        self.cloud.clock.set(self.today - timedelta(hours=4))

    def fetch(self, url: str) -> requests.Response:
        return self.http.get(url, timeout=5)


@contextmanager
def clouded(**terms: Any) -> Iterator[Account]:
    channels = (PORCH, GATE, GARAGE)
    with (
        running_sandbox(devices=(DOOR,), channels=channels, terms=Terms(**terms)) as running,
        requests.Session() as http,
    ):
        http.trust_env = False
        yield Account(running.base_url, running.cloud, http)


@pytest.fixture
def cloud_of() -> Iterator[Callable[..., Account]]:
    """Start a cloud on the terms that a test needs."""
    with ExitStack() as stack:
        yield lambda **terms: stack.enter_context(clouded(**terms))


@pytest.fixture
def account(cloud_of: Callable[..., Account]) -> Account:
    return cloud_of()


@pytest.fixture(scope="session")
def strict_account() -> Iterator[Account]:
    """For requests that are refused and so leave nothing behind."""
    with clouded() as account:
        yield account


@pytest.fixture
def porch() -> Channel:
    return PORCH


@pytest.fixture
def gate() -> Channel:
    return GATE


@pytest.fixture
def garage() -> Channel:
    return GARAGE
