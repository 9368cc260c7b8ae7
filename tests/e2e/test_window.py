"""One window, end to end, in a running system: the plain way, and through kills, an emptied broker and a vendor away."""

import errno
import hashlib
import json
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import requests

from gleaner.embedded_redis import socket_path
from gleaner.sandbox.devices import read_devices
from gleaner.sandbox.muxer import Footage, scenes
from gleaner.sandbox.pace import Pace
from gleaner.sandbox.server import RunningSandbox, running_sandbox
from shared.signing import Keys, callback_token
from tests.e2e.page_driver import page_driver
from tests.e2e.system import System, cameras_file, free_port, start, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

CAMERAS = 5
VENDOR_PORT = free_port()
VENDORS_DOOR = free_port()


def _start(home: Path, **settings: str) -> System:
    door = {"CALLBACK_BIND": f"127.0.0.1:{VENDORS_DOOR}"}
    return start(home, cameras_file(CAMERAS), f"http://127.0.0.1:{VENDOR_PORT}", **door, **settings)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """One system for the whole file, with a door of its own for vendors; who plays one on the port is up to each test."""
    home = tmp_path_factory.mktemp("system")
    running = _start(home)
    yield running
    assert running.stop() == 0


@pytest.fixture
def sandbox(system: System) -> Iterator[RunningSandbox]:
    """The simulated platform with this system's cameras, living fast."""
    devices = read_devices(system.home / "cameras.toml")
    with running_sandbox(VENDOR_PORT, devices=devices, pace=Pace(longest=0.3, cadence=0.1)) as playing:
        yield playing


def _files(system: System, job: dict[str, object]) -> list[Path]:
    archive = system.home / "archive"
    sidecars = [path for path in archive.rglob("*.json") if json.loads(path.read_text())["job"] == job["id"]]
    return [path.with_suffix("") for path in sidecars if ".rejected" not in path.parts]


def test_a_driver_written_from_the_page_alone_is_asked_properly_and_its_bytes_land(
    system: System, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mp4"
    Footage(scenes()[0], 60, "clip").write(clip)
    with page_driver(VENDOR_PORT, clip.read_bytes()) as driver:
        ids = system.submit(
            "cam-0", "2026-11-19T08:00:00", "2026-11-19T08:01:00", **{"X-Request-Id": "by-hand-1"}
        )
        (job,) = system.archived(ids)
        until(lambda: len(driver.callback_answers) == 3)
    assert driver.faults == []
    assert len(driver.asked) == 1
    assert driver.asked[0]["start_time"] == "2026-11-19T08:00:00"
    assert driver.asked[0]["channel"] == "34020000001320000000"
    assert {(status, answer["code"]) for status, answer in driver.callback_answers} == {(200, 0)}
    asked = [line for line in system.lines("worker-sms") if line.get("request") == "by-hand-1"]
    assert any("gleaner.prepare" in line["message"] for line in asked)
    assert [line for name in ("web", "worker-fetch", "beat") for line in system.lines(name)]
    (file,) = _files(system, job)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == driver.sha256 == job["assets"][0]["sha256"]
    assert job["attempts"] == 1


def test_a_fetch_worker_killed_in_the_middle_costs_neither_the_file_nor_a_second_submission(
    system: System, sandbox: RunningSandbox
) -> None:
    sandbox.platform.throw({"media_rate": 60_000})
    (job_id,) = system.submit("cam-1", "2026-11-19T09:00:00", "2026-11-19T09:05:00")
    until(lambda: system.job(job_id)["state"] == "fetching")
    time.sleep(1)
    killed = system.pids("-Q", "fetch")
    assert killed
    assert system.job(job_id)["state"] == "fetching"
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    sandbox.platform.throw({"media_rate": 0})
    (job,) = system.archived([job_id], 40)
    assert len(_files(system, job)) == 1
    assert len(job["assets"]) == 1
    assert sum(tally.asked for tally in sandbox.platform.witness.windows.values()) == 1
    deaths = [line for line in job["history"] if line["event"] == "WorkerDied"]
    ended = [line["reason"] for line in deaths if line["from"] != line["to"]]
    assert ended == ["lease-over"]  # two who heal may see the same death: to the second it is late


def test_a_broker_emptied_again_and_again_loses_none_of_fifty_jobs(
    system: System, sandbox: RunningSandbox
) -> None:
    jobs = [
        job_id
        for camera in range(CAMERAS)
        for job_id in system.submit(f"cam-{camera}", "2026-11-18T08:00:00", "2026-11-18T13:00:00")
    ]
    assert len(jobs) == 50
    with redis.Redis(unix_socket_path=str(socket_path(system.home / "redis")), db=1) as broker:
        for _ in range(8):
            broker.flushdb()
            time.sleep(0.3)
    system.archived(jobs, 60)
    tallies = sandbox.platform.witness.windows.values()
    assert [tally.accepted for tally in tallies] == [1] * 50


def test_a_vendor_away_for_a_hundred_retry_waits_fails_no_job(system: System) -> None:
    jobs = system.submit("cam-2", "2026-11-17T08:00:00", "2026-11-17T10:00:00")
    jobs += system.submit("cam-3", "2026-11-17T08:00:00", "2026-11-17T09:00:00")
    time.sleep(5)  # a hundred times RETRY_WAIT
    waiting = [system.job(job_id) for job_id in jobs]
    assert {job["state"] for job in waiting} == {"wanted"}
    assert {job["attempts"] for job in waiting} == {0}
    devices = read_devices(system.home / "cameras.toml")
    with running_sandbox(VENDOR_PORT, devices=devices, pace=Pace(longest=0.3, cadence=0.1)):
        system.archived(jobs, 30)


def test_what_cannot_be_asked_for_is_refused_by_name_and_changes_nothing(system: System) -> None:
    before = system.call("GET", "/admin/status").json()["states"]
    good = {"camera": "cam-4", "start": "2026-11-19T08:00:00", "end": "2026-11-19T08:01:00"}
    assert system.call("POST", "/admin/jobs", good, token="wrong").status_code == 401
    for wrong, field in (
        ({"camera": "nobody"}, "camera"),
        ({"start": "2026-11-19T09:00:00"}, "start"),
        ({"end": "2099-01-01T00:00:00"}, "end"),
    ):
        answer = system.call("POST", "/admin/jobs", good | wrong)
        assert answer.status_code == 422
        assert field in answer.json()["errors"]
        assert answer.headers["Content-Type"] == "application/problem+json"
    assert system.call("GET", "/admin/status").json()["states"] == before


def test_vendors_are_heard_at_their_own_door_and_find_nothing_else_there(system: System) -> None:
    guess, door = "/callbacks/sms/" + "x" * 40, System(system.home, VENDORS_DOOR, system.process)
    elsewhere = {"Host": f"127.0.0.1:{system.port}"}
    assert door.call("POST", guess, {"streamId": "s"}).json()["code"] == "unknown-callback"
    assert door.call("GET", "/admin/status").json()["code"] == "unknown-route"
    assert requests.get(door.url, headers=elsewhere, timeout=10).json()["code"] == "unknown-route"
    assert door.call("GET", "/healthz").status_code == 200
    assert system.call("POST", guess, {"streamId": "s"}).json()["code"] == "unknown-route"


class Callers:
    """Who calls without a pause, some over one connection and some over a new one each time; what they were answered."""

    def __init__(self, **calls: dict[str, object]) -> None:
        self._over = threading.Event()
        self.answers: dict[str, list[object]] = {name: [] for name in calls}
        self._threads = [
            threading.Thread(target=self._call, args=(name, call, kept))
            for name, call in calls.items()
            for kept in (True, False)
        ]

    def __enter__(self) -> "Callers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _call(self, name: str, call: dict[str, object], kept: bool) -> None:
        with requests.Session() as session:
            while not self._over.wait(0.005):
                headers = {"Connection": "keep-alive" if kept else "close", **call.get("headers", {})}
                try:
                    answer = session.request(**call | {"headers": headers}, timeout=10)
                    self.answers[name].append(answer.status_code)
                except requests.RequestException as error:
                    self.answers[name].append(repr(error))


def _signed(system: System, secret: str, job_id: str) -> dict[str, object]:
    path = f"/callbacks/sms/{callback_token(Keys((secret,)), 'sms', job_id, 1)}"
    return {
        "method": "POST",
        "url": system.vendors_url + path,
        "json": {"streamId": "s", "fileUrl": "", "downloadProgress": "0.5"},
    }


def _bearing(system: System, token: str) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {token}"}
    return {"method": "GET", "url": f"{system.url}/admin/status", "headers": headers}


def _status(call: dict[str, object]) -> int:
    return requests.request(timeout=10, **call).status_code


def test_secrets_are_changed_while_it_runs_and_nobody_is_refused_before_the_old_ones_are_dropped(
    system: System, sandbox: RunningSandbox
) -> None:
    names = ("secret-key", "admin-token")
    old = {name: (system.home / name).read_text().strip() for name in names}
    new = {name: secrets.token_urlsafe(32) for name in names}

    def change(values: dict[str, str]) -> None:
        for name, value in values.items():
            (system.home / name).write_text(f"{value}\n")
        system.process.send_signal(signal.SIGHUP)

    def said(words: str, times: int) -> bool:
        return (system.home / "up.out").read_text().count(words) >= times

    (first,) = system.archived(system.submit("cam-0", "2026-11-16T08:00:00", "2026-11-16T08:01:00"))
    job_id, workers = str(first["id"]), set(system.pids("-Q", "sms"))
    change({"secret-key": "guessable"})
    until(lambda: said("the secrets stay as they are: ", 1))
    with Callers(
        called=_signed(system, old["secret-key"], job_id), asked=_bearing(system, old["admin-token"])
    ) as callers:
        time.sleep(0.5)
        change({name: f"{new[name]},{old[name]}" for name in names})
        until(lambda: said("2 keys, 2 admin tokens; the first key signs", 1))
        system.archived(system.submit("cam-0", "2026-11-16T09:00:00", "2026-11-16T09:01:00"))
        until(lambda: _status(_signed(system, new["secret-key"], job_id)) == 200, 3)
        time.sleep(0.5)
    assert {name: set(answers) for name, answers in callers.answers.items()} == {
        "called": {200},
        "asked": {200},
    }
    assert set(system.pids("-Q", "sms")) == workers  # who had to end would have kept others waiting
    assert min(map(len, callers.answers.values())) > 50
    assert _status(_bearing(system, new["admin-token"])) == 200
    change(new)
    until(lambda: _status(_signed(system, old["secret-key"], job_id)) == 404, 5)
    until(lambda: _status(_bearing(system, old["admin-token"])) == 401, 3)
    assert _status(_signed(system, new["secret-key"], job_id)) == 200
    assert _status(_bearing(system, new["admin-token"])) == 200
    system.archived(system.submit("cam-0", "2026-11-16T10:00:00", "2026-11-16T10:01:00"))
    assert {called.outcome for called in sandbox.platform.witness.callbacks} == {"taken"}


def _refused(port: int) -> bool:
    with socket.socket() as knocking:
        return knocking.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED


def test_a_stop_in_the_middle_of_a_fetch_and_of_a_slow_request_hands_on_the_one_and_answers_the_other(
    system: System, sandbox: RunningSandbox
) -> None:
    sandbox.platform.throw({"media_rate": 60_000})
    (job_id,) = system.submit("cam-4", "2026-11-19T09:00:00", "2026-11-19T09:05:00")
    until(lambda: system.job(job_id)["state"] == "fetching")
    time.sleep(1)
    token = (system.home / "admin-token").read_text().strip()
    with socket.create_connection(("127.0.0.1", system.port), 30) as slow:
        head = f"POST /admin/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json"
        slow.sendall(f"{head}\r\nContent-Length: 2\r\n\r\n{{".encode())
        time.sleep(0.5)
        system.process.send_signal(signal.SIGTERM)
        until(lambda: _refused(system.port))
        time.sleep(1)
        slow.sendall(b"}")
        assert slow.recv(100).startswith(b"HTTP/1.1 422 ")
    assert system.process.wait(30) == 0
    sandbox.platform.throw({"media_rate": 0})
    system.process = _start(system.home, PORT=str(system.port)).process
    (job,) = system.archived([job_id], 20)
    events = {line["event"] for line in job["history"]}
    assert "SliceOver" in events
    assert not events & {"DeadlinePassed", "WorkerDied"}
