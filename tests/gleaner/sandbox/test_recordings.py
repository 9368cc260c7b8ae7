"""What a device holds: the list of recordings, and that a download delivers what the list says."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from gleaner.sandbox.server import running_sandbox

LIST = "/api/iot/device/playback/v1/list"


def spans(data: dict[str, Any]) -> list[tuple[str, str]]:
    """The items' hours, and that each has a name."""
    assert all(item["name"] for item in data["list"])
    return [(item["start_time"][11:], item["end_time"][11:]) for item in data["list"]]


def test_recordings_are_cut_at_full_hours_and_reach_beyond_the_window(vendor: Any) -> None:
    data = vendor.listed(start_time="2026-06-01T10:10:00", end_time="2026-06-01T12:20:00")
    assert spans(data) == [("10:00:00", "11:00:00"), ("11:00:00", "12:00:00"), ("12:00:00", "13:00:00")]
    assert data["sum_num"] == 3
    assert data["list"][0].keys() == {"name", "start_time", "end_time"}


def test_nothing_is_listed_of_the_future_and_the_last_file_ends_now(vendor: Any) -> None:
    now = datetime.now(ZoneInfo("Asia/Shanghai")).replace(tzinfo=None, microsecond=0)
    hours = timedelta(hours=2)
    data = vendor.listed(start_time=(now - hours).isoformat(), end_time=(now + hours).isoformat())
    last = datetime.fromisoformat(data["list"][-1]["end_time"])
    assert timedelta() <= last - now < timedelta(seconds=30)
    assert all(item["start_time"] < item["end_time"] for item in data["list"])
    assert vendor.listed(start_time=(now + hours).isoformat(), end_time=(now + 2 * hours).isoformat()) == {
        "sum_num": 0,
        "list": [],
    }


@pytest.mark.parametrize(("kind", "number"), [("all", 1), ("time", 1), ("alarm", 0), ("manual", 0)])
def test_a_device_records_by_the_clock_and_never_for_alarms(vendor: Any, kind: str, number: int) -> None:
    assert vendor.listed(type=kind)["sum_num"] == number


def test_ext_is_echoed_and_the_channel_is_1_unless_told(vendor: Any, door: Any) -> None:
    content = {"start_time": "2026-06-01T10:00:00", "end_time": "2026-06-01T10:30:00"}
    body = {"device_unicode": door.device_unicode, "ext": {"mine": [1]}}
    url = vendor.base_url + LIST
    told = content | {"channel": door.channels[0]}
    assert vendor.http.post(url, json=body | {"content": told}, timeout=5).json()["ext"] == {"mine": [1]}
    assert vendor.http.post(url, json=body | {"content": content}, timeout=5).json()["code"] == "990404"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ([], "the body is not an object"),
        ({"speed": 1}, "unknown field speed"),
        ({"device_unicode": 5}, "device_unicode is not a string"),
        ({"ext": "x"}, "ext is not an object"),
        ({}, "content is not an object"),
        ({"content": {"start_time": "2026-06-01T10:00:00"}}, "end_time is missing"),
        ({"content": {"more": "x"}}, "unknown field more"),
    ],
)
def test_a_list_that_breaks_the_page_is_refused_by_name(strict_vendor: Any, body: Any, why: str) -> None:
    answer = strict_vendor.http.post(strict_vendor.base_url + LIST, json=body, timeout=5)
    assert (answer.status_code, answer.json()["code"], answer.json()["message"]) == (200, "990400", why)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"start_time": "2026-06-01 10:00:00"}, "990400"),
        ({"start_time": "2026-06-01T10:30:00"}, "990400"),
        ({"type": "fire"}, "990400"),
        ({"start_time": "2026-04-01T10:00:00"}, "990501"),
        ({"channel": "7"}, "990404"),
    ],
)
def test_a_list_of_what_there_is_not_is_refused(
    strict_vendor: Any, changes: dict[str, str], code: str
) -> None:
    assert strict_vendor.list(**changes).json()["code"] == code


def test_a_list_asks_nothing_of_the_devices_room(play: Any, door: Any) -> None:
    vendor = play(longest=30.0)
    vendor.throw(door, busy_for=30.0)
    assert vendor.listed()["sum_num"] == 1
    vendor.throw(door, busy_for=0.0)
    stream_id = vendor.start()
    assert vendor.listed()["sum_num"] == 1
    assert vendor.platform.running()[door.device_unicode] == [stream_id]


def test_a_device_that_is_offline_lists_nothing(vendor: Any, door: Any) -> None:
    vendor.throw(door, offline=True)
    assert vendor.list().json()["code"] == "990480"


def test_recorded_is_what_the_list_says_and_what_a_download_delivers(vendor: Any, receiver: Any) -> None:
    vendor.throw(recorded=0.25)
    window = {"start_time": "2026-06-01T10:50:00", "end_time": "2026-06-01T11:30:00"}
    assert spans(vendor.listed(**window)) == [("10:00:00", "11:00:00")]
    window = {"start_time": "2026-06-01T10:55:00", "end_time": "2026-06-01T11:35:00"}
    assert spans(vendor.listed(**window)) == [("10:00:00", "11:00:00"), ("11:00:00", "11:05:00")]
    answer = vendor.submit(callback=receiver.url, **window)
    assert answer["data"]["playback_duration"] == "600"
    vendor.eventually(lambda: receiver.addresses and receiver.addresses[-1])
    assert b"T10:55:00.000 +600.000s" in vendor.fetch(receiver.addresses[-1]).content


def test_progress_never_reaches_1_where_less_was_recorded_and_the_stream_ends_all_the_same(
    vendor: Any, door: Any, receiver: Any
) -> None:
    vendor.throw(recorded=0.5)
    stream_id = vendor.start(callback=receiver.url)
    vendor.eventually(lambda: len(receiver.bodies) == 4)
    assert receiver.addresses[2] == receiver.addresses[3] != ""
    assert receiver.progress == ["0.25", "0.5", "0.5", "0.5"]
    assert vendor.ask(stream_id)["data"]["download_progress"] == "0.5"
    assert not vendor.platform.running()[door.device_unicode]


@pytest.mark.parametrize("switch", [{"no_recording": True}, {"recorded": 0}])
def test_a_device_that_holds_nothing_lists_nothing_and_refuses(vendor: Any, switch: dict[str, Any]) -> None:
    vendor.throw(**switch)
    assert vendor.listed() == {"sum_num": 0, "list": []}
    assert vendor.submit()["code"] == "990604"


def test_the_list_may_be_missing_refused_or_of_another_shape(vendor: Any) -> None:
    vendor.throw(recordings="missing")
    assert vendor.list().status_code == 404
    vendor.throw(recordings="refused")
    assert (vendor.list().status_code, vendor.list().json()["code"]) == (200, "990500")
    vendor.throw(recordings="unreadable")
    assert vendor.listed() == {"segments": ["2026-06-01 10:00:00~2026-06-01 11:00:00"]}


def test_an_empty_list_is_a_lie_of_the_list_alone(vendor: Any) -> None:
    vendor.throw(recordings="empty")
    assert vendor.listed() == {"sum_num": 0, "list": []}
    assert vendor.submit()["code"] == "0"


def test_a_cut_list_says_how_many_there_are_and_lacks_the_last(vendor: Any) -> None:
    vendor.throw(recordings="cut")
    data = vendor.listed(end_time="2026-06-01T11:30:00")
    assert (data["sum_num"], spans(data)) == (2, [("10:00:00", "11:00:00")])
    assert vendor.listed() == {"sum_num": 1, "list": []}


def test_a_list_that_hangs_gives_no_answer(vendor: Any) -> None:
    vendor.throw(recordings="hang")
    with pytest.raises(requests.ReadTimeout):
        vendor.list(within=0.3)


def test_a_request_that_hangs_holds_up_no_end_and_is_hung_up_on(door: Any) -> None:
    with ThreadPoolExecutor() as pool:
        with running_sandbox(devices=(door,), channels=()) as running:
            running.platform.throw({"recordings": "hang"})
            body = {
                "device_unicode": door.device_unicode,
                "content": {
                    "channel": door.channels[0],
                    "start_time": "2026-06-01T10:00:00",
                    "end_time": "2026-06-01T10:30:00",
                },
            }
            answer = pool.submit(requests.post, running.base_url + LIST, json=body, timeout=20)
            while not running.platform.witness.lists:
                time.sleep(0.01)
            before = time.monotonic()
        assert time.monotonic() - before < 2
        assert isinstance(answer.exception(timeout=2), requests.ConnectionError)
