"""Records, end to end in a running system, against a vendor that was written from its pages alone and is as odd as they allow."""

import hashlib
import itertools
import json
import os
import re
import signal
import time
import uuid
from base64 import b64encode, urlsafe_b64encode
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import redis
import requests

from gleaner.embedded_redis import socket_path
from shared.secrets import SECRET_KEY, load
from shared.signing import Keys, callback_token
from tests.e2e.records_driver import (
    PACKAGES,
    VIDEO,
    VIDEO_SECONDS,
    ZONE,
    Chapter,
    Driver,
    Habits,
    Mischief,
    Record,
    records_driver,
)
from tests.e2e.search import shown, traces
from tests.e2e.system import System, free_port, start, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

TODAY = datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
DAYS = [TODAY - timedelta(days=back) for back in range(7, 1, -1)]
FILMED = TODAY - timedelta(days=8)  # its video is wanted, of one camera
ODDITIES = tuple(itertools.product((2, 3, 7), (False, True), (False, True)))
LIVING = [
    f"cap-{cap}{'-inclusive' * inclusive}{'-doubled' * doubled}" for cap, inclusive, doubled in ODDITIES
]
MIDNIGHT_IS_NEAR = datetime.strptime("23:59", "%H:%M").time()


def _cameras(names: list[str]) -> str:
    return "".join(
        f'[[camera]]\nname = "{name}"\ntimezone = "Asia/Shanghai"\n[camera.imou]\ndevice = "{name.upper()}"\n'
        f'packages = ["aiCloudRecord", "aiInsight"]\nhls = {str(name == "filmed").lower()}\n'
        for name in names
    )


def _start(home: Path, names: list[str], driver: Driver, **settings: str) -> System:
    """A system with these cameras; its playback vendor listens nowhere, which must trouble nobody here."""
    account = {
        "IMOU_BASE_URL": driver.base_url,
        "IMOU_APP_ID": driver.app_id,
        "IMOU_APP_SECRET": driver.app_secret,
    }
    nobody = f"http://127.0.0.1:{free_port()}"
    found = {
        "IMOU_MEDIA_FETCHER": "tests.e2e.video_fetcher:fetch",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    return start(home, _cameras(names), nobody, HARVEST_EVERY="0", **account, **found, **settings)


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    """One account with a device of each oddity, and one that is no longer its own."""
    with records_driver(free_port()) as playing:
        for name, (cap, inclusive, doubled) in zip(LIVING, ODDITIES, strict=True):
            playing.devices[name.upper()] = Habits(cap, inclusive, doubled)
        playing.devices["DEAD"] = Habits(dead=True)
        playing.devices["FILMED"] = Habits()
        yield playing


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory, driver: Driver) -> Iterator[System]:
    """One system for the whole file; every test has a day of its own."""
    running = _start(tmp_path_factory.mktemp("system"), ["dead", "filmed", *LIVING], driver)
    yield running
    assert running.stop() == 0


def _chapter(day: datetime, hour: int) -> Chapter:
    born = day + timedelta(hours=hour + 1, seconds=55)
    return Chapter(f"{hour:02}:00", "人", f"{hour}点,门口有人经过", 20 + hour, born)


def _live(driver: Driver, day: datetime, names: list[str], events: int) -> list[Record]:
    """What the cameras recorded on a day: a digest of it, and its single events."""
    made = []
    for name in names:
        chapters = [_chapter(day, hour) for hour in (8, 10, 13)]
        made.append(driver.record(name.upper(), "aiCloudRecord", day, "人", *chapters))
        for number in range(events):
            at = day + timedelta(hours=7 + number, minutes=11, seconds=number)
            made.append(driver.record(name.upper(), "aiInsight", at, ("车", "宠物", "包裹")[number % 3]))
    return made


def _wish(day: datetime) -> dict[str, str]:
    return {"since": f"{day:%Y-%m-%d}", "until": f"{day:%Y-%m-%d}"}


def _harvest(system: System, day: datetime, **camera: str) -> None:
    """Demand a day, and wait until it is listed."""
    assert system.call("POST", "/admin/harvests", _wish(day) | camera).status_code == 202
    _harvested(system)


def _harvested(system: System) -> None:
    """Wait until nobody but the dead camera has a day to be listed."""
    until(lambda: {name for name, each in _standings(system) if each["days"]} <= {"dead"}, 60)


def _standings(system: System) -> list[tuple[str, dict[str, Any]]]:
    cameras = system.call("GET", "/admin/cameras").json()["cameras"]
    return [(camera["name"], each) for camera in cameras for each in camera["harvests"]]


def _running(system: System) -> list[str]:
    return [name for name, each in _standings(system) if each["state"] == "running"]


def _all(system: System, path: str, name: str) -> list[dict[str, Any]]:
    """A list of the admin API, all its pages."""
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = system.call("GET", f"{path}&limit=100" + (f"&cursor={cursor}" if cursor else "")).json()
        found += page[name]
        cursor = page["next"]
    return found


def _records(system: System, day: datetime) -> list[dict[str, Any]]:
    return _all(system, f"/admin/records?day={day:%Y-%m-%d}", "records")


def _told(record: Record) -> tuple[Any, ...]:
    chapters = [(each.time_point, [each.tag], each.summary, each.seconds) for each in record.chapters]
    return record.device, record.package, record.created, record.seconds, chapters


def _heard(record: dict[str, Any]) -> tuple[Any, ...]:
    names = ("time_point", "tags", "summary", "duration_seconds")
    chapters = [tuple(chapter[name] for name in names) for chapter in record["chapters"]]
    created = datetime.fromisoformat(record["created_at"])
    return record["camera"].upper(), record["package"], created, record["duration_seconds"], chapters


def _everything_is_held(
    system: System, driver: Driver, day: datetime, truth: list[Record], grown: int = 0
) -> None:
    """Every record once and every picture once, by the API and in the archive, and the vendor had nothing to complain of.

    `grown`: records of a closed day that grew, whose picture was fetched once more.
    """
    until(lambda: all(record["picture"] for record in _records(system, day)), 60)
    until(lambda: not _all(system, "/admin/jobs?kind=picture&state=ready", "jobs"), 60)
    until(lambda: not _all(system, "/admin/jobs?kind=picture&state=fetching", "jobs"), 60)
    records = {record["id"]: record for record in _records(system, day)}
    assert sorted(map(_heard, records.values())) == sorted(map(_told, truth))
    assert (
        sorted(len(record["jobs"]) for record in records.values()) == [1] * (len(truth) - grown) + [2] * grown
    )
    jobs = _all(system, "/admin/jobs?kind=picture", "jobs")
    ours = [job for job in jobs if datetime.fromisoformat(job["start"]).date() == day.date()]
    assert {job["id"] for job in ours} == {job for record in records.values() for job in record["jobs"]}
    assert {(job["state"], len(job["assets"]), job["origin"]) for job in ours} == {("archived", 1, "harvest")}
    _the_archive_agrees(system, day, truth, records)
    assert driver.faults == []
    assert {*driver.nonces.values(), *driver.ids.values()} == {1}


def _the_archive_agrees(system: System, day: datetime, truth: list[Record], records: dict[str, Any]) -> None:
    files = list((system.home / "archive").glob(f"*/{day:%Y/%m/%d}/*.json"))
    descriptions = [json.loads(path.read_text()) for path in files if path.name.startswith("record-")]
    by_id = {each["id"]: each for each in descriptions}
    assert sorted(each["vendor_id"] for each in descriptions) == sorted(str(record.id) for record in truth)
    assert set(by_id) == set(records)
    landed = [path for path in files if not path.name.startswith("record-")]
    sidecars = [json.loads(path.read_text()) for path in landed]
    shown = {
        by_id[sidecar["record"]]["vendor_id"]: hashlib.sha256(path.with_suffix("").read_bytes()).hexdigest()
        for path, sidecar in zip(landed, sidecars, strict=True)
    }
    assert shown == {str(record.id): record.sha256 for record in truth}
    assert len(sidecars) == len(truth)
    assert {sidecar["key"] for sidecar in sidecars} == {record["picture"] for record in records.values()}


@contextmanager
def _befallen(driver: Driver, mischief: Mischief) -> Iterator[None]:
    driver.mischief = mischief
    yield
    driver.mischief = Mischief()


@contextmanager
def _watched(path: Path) -> Iterator[list[tuple[int, int]]]:
    """Every state of a file that was seen while the block lasted."""
    seen: list[tuple[int, int]] = []
    over = Event()

    def watch() -> None:
        while not over.wait(0.003):
            found = path.stat()
            if (state := (found.st_ino, found.st_mtime_ns)) not in seen:
                seen.append(state)

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def _envelope(driver: Driver, params: dict[str, Any], **system: Any) -> dict[str, Any]:
    told = {
        "ver": "1.0",
        "appId": driver.app_id,
        "time": int(time.time()),
        "nonce": uuid.uuid4().hex,
    } | system
    source = f"time:{told['time']},nonce:{told['nonce']},appSecret:{driver.app_secret}"
    sign = hashlib.md5(source.encode()).hexdigest()
    return {"system": {"sign": sign} | told, "id": uuid.uuid4().hex, "params": params}


def test_the_vendor_played_here_overlooks_nothing_that_its_pages_forbid() -> None:
    with records_driver(free_port()) as vendor:

        def code(body: dict[str, Any], method: str = "getCondensedRecords") -> str:
            answer = requests.post(f"{vendor.base_url}/openapi/{method}", json=body, timeout=5)
            return str(answer.json()["result"]["code"])

        vendor.devices["D"] = Habits()
        once = _envelope(vendor, {})
        assert (code(once, "accessToken"), code(once, "accessToken")) == ("0", "SN1005")
        day = {"beginTime": "2026-11-19 00:00:00", "endTime": "2026-11-19 23:59:59", "count": 100}
        good = day | {"deviceId": "D", "channelId": "0", "packageType": "aiInsight", "recordId": "-1"}
        good |= {"token": vendor.token}
        assert code(_envelope(vendor, good)) == "0"
        assert len(vendor.faults) == 1
        wrong = [{"count": "100"}, {"channelId": 0}, {"packageType": "ai"}, {"beginTime": "20261119T000000"}]
        wrong += [{"recordId": "7"}, {"recordId": -1}, {"endTime": "2026-11-18 23:59:59"}, {"cursor": ""}]
        assert [code(_envelope(vendor, good | each)) for each in wrong] == ["OP1003"] * 8
        assert code(_envelope(vendor, good | {"token": "At_0"})) == "TK1002"
        stale = {"time": int(time.time()) - 301}
        envelopes = [stale, {"sign": "0" * 32}, {"appId": "another"}, {"time": str(int(time.time()))}]
        codes = [code(_envelope(vendor, good, **each)) for each in envelopes]
        assert codes == ["SN1002", "SN1001", "SN1004", "OP1003"]
        assert (
            requests.get(f"{vendor.base_url}/pictures/aiInsight/1.jpg?Signature=x", timeout=5).status_code
            == 403
        )
    assert len(vendor.faults) == 1 + 8 + 1 + 4 + 1


def test_every_record_and_picture_arrives_once_however_oddly_pages_are_cut(
    system: System, driver: Driver
) -> None:
    day = DAYS[0]
    truth = _live(driver, day, LIVING, events=8)
    _harvest(system, day)
    _everything_is_held(system, driver, day, truth)
    assert {driver.shown[record.name] for record in truth} == {1}
    dead = [params for _, params in driver.calls if params.get("deviceId") == "DEAD"]
    assert sorted(params["packageType"] for params in dead) == sorted(PACKAGES)
    troubles = {(name, each["outcome"]) for name, each in _standings(system) if each["outcome"] != "ok"}
    assert {name for name, _ in troubles} == {"dead"}
    assert Counter(method for method, _ in driver.calls)["accessToken"] == 1


def test_tokens_that_die_every_three_calls_cost_calls_and_nothing_else(
    system: System, driver: Driver
) -> None:
    truth = _live(driver, DAYS[1], LIVING[::3], events=8)
    with _befallen(driver, Mischief(token_calls=3)):
        _harvest(system, DAYS[1])
    assert driver.codes["TK1002"] > 3
    _everything_is_held(system, driver, DAYS[1], truth)


def test_a_fourth_of_all_answers_being_no_json_loses_no_record_and_doubles_none(
    system: System, driver: Driver
) -> None:
    truth = _live(driver, DAYS[2], LIVING, events=8)
    with _befallen(driver, Mischief(garbled=4, token_calls=7)):
        _harvest(system, DAYS[2])
    _everything_is_held(system, driver, DAYS[2], truth)


def test_a_record_that_grows_is_told_once_more_and_no_more_than_that(system: System, driver: Driver) -> None:
    day, camera = DAYS[3], LIVING[-1]
    (grown, *others) = _live(driver, day, [camera], events=2)
    _harvest(system, day, camera=camera)
    _everything_is_held(system, driver, day, [grown, *others])
    (before,) = [record for record in _records(system, day) if record["chapters"]]
    folder = system.home / f"archive/{camera}/{day:%Y/%m/%d}"
    with _watched(folder / f"record-{before['id']}.json") as seen:
        _harvest(system, day, camera=camera)
        assert len(seen) == 1
        driver.grow(grown, _chapter(day, 15), _chapter(day, 19))
        _harvest(system, day, camera=camera)
        until(lambda: len(seen) == 2)
        _harvest(system, day, camera=camera)
    _everything_is_held(system, driver, day, [grown, *others], grown=1)
    (after,) = [record for record in _records(system, day) if record["chapters"]]
    written = json.loads((folder / f"record-{before['id']}.json").read_text())
    assert len(seen) == 2
    assert (before["revision"], after["revision"], written["revision"]) == (1, 2, 2)
    assert (after["id"], after["jobs"][:1], after["picture"]) == (
        before["id"],
        before["jobs"],
        before["picture"],
    )
    assert [each["time_point"] for each in written["chapters"]] == [
        "08:00",
        "10:00",
        "13:00",
        "15:00",
        "19:00",
    ]
    assert driver.shown[grown.name] == 2  # and the same bytes lie there once


def test_a_worker_killed_in_the_middle_of_a_harvest_costs_no_record_and_doubles_none(
    system: System, driver: Driver
) -> None:
    day = DAYS[4]
    truth = _live(driver, day, LIVING[:4], events=4)
    with _befallen(driver, Mischief(delay=0.2)):
        assert system.call("POST", "/admin/harvests", _wish(day)).status_code == 202
        until(lambda: len(_records(system, day)) > 3 and _running(system))
        killed = system.pids("-Q", "imou")
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
    assert killed
    assert len(_records(system, day)) < len(truth)
    _harvested(system)
    _everything_is_held(system, driver, day, truth)


def test_the_video_of_a_closed_day_comes_by_the_owners_code_and_lands_as_any_clip_does(
    system: System, driver: Driver
) -> None:
    chapter = Chapter("08:00", "人", "门口有人经过", VIDEO_SECONDS, FILMED + timedelta(hours=9))
    record = driver.record("FILMED", "aiCloudRecord", FILMED, "人", chapter)
    _harvest(system, FILMED, camera="filmed")
    (job,) = until(lambda: _all(system, "/admin/jobs?kind=hls&state=archived", "jobs"), 40)
    (asset,) = job["assets"]
    assert (job["camera"], asset["kind"], asset["verdict"]) == ("filmed", "hls", "complete")
    assert asset["sha256"] == hashlib.sha256(VIDEO).hexdigest()
    assert (system.home / "archive" / asset["key"]).read_bytes() == VIDEO
    (told,) = _records(system, FILMED)
    assert job["id"] in told["jobs"]
    assert (driver.filmed[record.id], driver.faults) == (1, [])
    assert list((system.home / "archive").rglob("*.video")) == []


@pytest.mark.parametrize("around", [b"%s", b'{"k": "%s"}', b"https://h/?k=%s&x=1", b"0%s0"])
def test_the_search_for_secrets_finds_each_in_plain_and_packed(around: bytes) -> None:
    secrets = [f"{name}{uuid.uuid4().hex}".encode() for name in ("ak", "fileToken", "userId", "playToken")]
    for secret in secrets:
        said = around % secret
        packed = [pack(b"." * shift + said) for pack in (b64encode, urlsafe_b64encode) for shift in range(3)]
        for written in (said, quote(said).encode(), *packed):
            content = b"\x00log " + written + b"\xff\n"
            assert traces(content, {each[-32:] for each in secrets}) == {secret[-32:]}
            assert shown(content, secrets) == {secret}


def _everybody_speaks(system: System, driver: Driver) -> tuple[bytes, ...]:
    """Whatever else hands out a secret: a list of devices, rows that cannot be read, a push, a callback, and strangers.

    The parts of our own addresses that open a door.
    """
    assert system.call("GET", "/admin/cameras/discovered").status_code == 200
    _live(driver, DAYS[5], LIVING[:1], events=2)
    with _befallen(driver, Mischief(broken=True)):
        _harvest(system, DAYS[5], camera=LIVING[0])
    held = system.call("GET", "/admin/records/quarantine").json()["quarantine"]
    assert any("<secret>" in each["row"] for each in held)
    pushed = urlsplit(system.call("GET", "/admin/push").json()["push"]["imou"]).path
    taken = _window_of_a_new_camera(system)
    message = {
        "did": LIVING[0].upper(),
        "token": driver.token,
        "picUrl": f"http://h/?Signature={driver.token}",
    }
    for path in (pushed, taken):
        assert requests.post(system.url + path, json=message, timeout=10).status_code in (200, 400)
        for stranger in (f"{path}0", f"{path}/{driver.token}"):
            assert requests.post(system.url + stranger, data=b"{", timeout=10).status_code == 404
            assert requests.get(system.url + path, timeout=10).status_code in (404, 405)
    return tuple(path[-32:].encode() for path in (pushed, taken))


def _window_of_a_new_camera(system: System) -> str:
    """A camera whose platform nobody can reach is asked for a window; where its callback would come to."""
    with (system.home / "cameras.toml").open("a") as cameras:
        cameras.write('[[camera]]\nname = "roof"\ntimezone = "Asia/Shanghai"\n[camera.sms]\n')
        cameras.write('device_unicode = "34020000001110000001"\nchannel = "34020000001320000001"\n')
    until(lambda: "roof" in {name["name"] for name in system.call("GET", "/admin/cameras").json()["cameras"]})
    start_of = TODAY - timedelta(hours=14)
    (job,) = system.submit("roof", start_of.isoformat(), (start_of + timedelta(minutes=5)).isoformat())
    until(lambda: system.job(job)["reason"])
    keys = Keys((load(system.home, SECRET_KEY),))
    return f"/callbacks/sms/{callback_token(keys, 'sms', job, 1)}"


def test_no_secret_that_was_sent_or_received_stays_in_any_file_or_in_redis(
    system: System, driver: Driver
) -> None:
    doors = _everybody_speaks(system, driver)
    for name in ("SECRET", "At_", "ak", "fileToken", "userId", "playToken", "token"):
        assert [secret for secret in driver.secrets.copy() if re.fullmatch(name + "[0-9a-f]{32}", secret)], (
            name
        )
    secrets = {secret[-32:].encode() for secret in driver.secrets.copy()}
    signatures = {signature[-32:].encode() for signature in driver.signatures}
    keys = [key for number in (0, 1) for key in _keys_with(system, number, secrets, doors)]
    assert keys == []
    assert system.stop() == 0
    files = {path: path.read_bytes() for path in system.home.rglob("*") if path.is_file()}
    store = {path for path in files if system.home / "redis" in path.parents}
    assert any(b"circuit:imou" in files[path] or b"harvest:imou" in files[path] for path in store)
    names = {path.name for path in files}
    assert {"up.out", "redis.log"} <= names
    assert any(name.startswith("beat-schedule") for name in names)  # each kind of dbm has endings of its own
    assert any(path.parent.name == "log" for path in files)
    assert any(b"quarantine" in files[path] for path in store)
    assert [path for path, content in files.items() if traces(content, secrets)] == []
    assert [path for path, content in files.items() if shown(content, doors)] == []
    assert [path for path in files if path not in store and traces(files[path], signatures)] == []


def test_a_spent_quota_lets_not_one_more_call_out_and_says_until_when(tmp_path: Path, driver: Driver) -> None:
    until(lambda: datetime.now(ZONE).time() < MIDNIGHT_IS_NEAR, 70)
    names, day, limit = LIVING[:2], DAYS[5], 6
    _live(driver, day, names, events=8)
    tomorrow = datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    before = len(driver.calls)
    running = _start(tmp_path, names, driver, IMOU_CALLS_PER_DAY=str(limit), VENDORS="imou")
    try:
        running.call("POST", "/admin/harvests", _wish(day))
        until(lambda: _quota(running)["used"] == limit)
        for _ in range(4):
            assert running.call("POST", "/admin/harvests", _wish(day)).status_code == 202
            time.sleep(0.5)
        status = running.call("GET", "/admin/status").json()
    finally:
        assert running.stop() == 0
    assert len(driver.calls) - before == limit
    assert (_quota_of(status)["used"], _quota_of(status)["limit"]) == (limit, limit)
    circuit = status["circuits"]["imou"]
    assert (circuit["open"], circuit["code"]) == (True, "quota-spent")
    assert datetime.fromisoformat(circuit["until"]) == tomorrow
    assert driver.faults == []


def _keys_with(system: System, number: int, secrets: set[bytes], doors: Iterable[bytes]) -> list[bytes]:
    """The keys of a database that hold one of these, in their names or their values."""
    with redis.Redis(unix_socket_path=str(socket_path(system.home / "redis")), db=number) as client:
        said = {key: key + b" " + _value(client, key) for key in client.scan_iter()}
    return [key for key, text in said.items() if traces(text, secrets) or shown(text, doors)]


def _value(client: redis.Redis, key: bytes) -> bytes:
    readers = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"set": client.smembers,
        b"list": lambda name: client.lrange(name, 0, -1),
        b"zset": lambda name: client.zrange(name, 0, -1),
        b"none": lambda _: None,  # gone since: the system runs; the file of its writes tells it still
    }
    return repr(readers[client.type(key)](key)).encode()


def _quota_of(status: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = status["quota"]["imou"]["day"]
    return found


def _quota(system: System) -> dict[str, Any]:
    return _quota_of(system.call("GET", "/admin/status").json())
