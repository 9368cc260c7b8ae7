"""A download under way: how long, how far, whether it ends, and what those who ask or tear down are told."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests


def finished(vendor: Any, receiver: Any, **changes: Any) -> bytes:
    """The file of a download, which is told last and twice."""
    receiver.bodies.clear()
    vendor.start(callback=receiver.url, **changes)
    vendor.eventually(lambda: len([address for address in receiver.addresses if address]) == 2)
    return bytes(vendor.fetch(receiver.addresses[-1]).content)


def test_only_the_next_downloads_are_short_and_then_they_are_whole(vendor: Any, receiver: Any) -> None:
    vendor.throw(delivered=0.5, short_downloads=2)
    lengths = [b"+900.000s" in finished(vendor, receiver) for _ in range(4)]
    assert lengths == [True, True, False, False]
    assert b"+1800.000s" in finished(vendor, receiver)


def test_short_downloads_are_counted_for_the_target_they_were_set_for(vendor: Any, yard: Any) -> None:
    first, second = (f"{yard.device_unicode}/{channel}" for channel in yard.channels)
    vendor.throw(first, delivered=0.5, short_downloads=1)
    vendor.throw(yard, delivered=0.25, short_downloads=1)
    shares = [vendor.platform.mischief.next_delivered(target) for target in (second, first, first, second)]
    assert shares == [0.25, 0.5, 1.0, 1.0]
    vendor.throw(first, short_downloads=1)
    assert vendor.platform.mischief.next_delivered(first) == 0.5
    vendor.throw(first, short_downloads=0)
    assert [vendor.platform.mischief.next_delivered(first) for _ in range(3)] == [0.5] * 3


def test_the_list_says_more_than_a_short_download_delivers(vendor: Any, receiver: Any) -> None:
    vendor.throw(delivered=0.5, recorded=0.5)
    assert vendor.listed()["list"][-1]["end_time"] == "2026-06-01T10:15:00"
    assert b"+450.000s" in finished(vendor, receiver)


def test_speed_slows_a_download_beyond_the_longest_time_of_the_pace(vendor: Any, receiver: Any) -> None:
    vendor.throw(speed=0.2)
    vendor.start(callback=receiver.url)
    vendor.eventually(lambda: len(receiver.bodies) == 20 + 2)
    assert receiver.times[19] - receiver.times[0] > 0.35
    assert receiver.progress[9] == "0.5"


@pytest.mark.parametrize(
    ("story", "told"),
    [
        ("falls", ["0.1", "0.2", "0.3", "0.4", "0.2", "0.24", "0.28", "0.8", "0.9", "1.0", "1.0", "1.0"]),
        ("freezes", ["0.1", "0.2", "0.3", "0.4", "0.5", "0.5", "0.5", "0.5", "0.5", "0.5", "0.5", "0.5"]),
        ("nan", ["NaN"] * 12),
        ("infinity", ["Infinity"] * 12),
        ("negative", [f"-{share / 10}" for share in (*range(1, 11), 10, 10)]),
        ("over-100", [f"{101 + share / 10}" for share in (*range(1, 11), 10, 10)]),
    ],
)
def test_progress_may_go_astray_and_the_file_comes_all_the_same(
    play: Any, receiver: Any, story: str, told: list[str]
) -> None:
    vendor = play(longest=0.2)
    vendor.throw(progress=story)
    assert finished(vendor, receiver)[4:8] == b"ftyp"
    assert receiver.progress == told


@pytest.mark.parametrize(
    ("story", "unit", "last"),
    [
        ("nan", "percent-sign", "NaN%"),
        ("infinity", "percent", "Infinity"),
        ("negative", "percent", "-100"),
        ("over-100", "percent-sign", "10200%"),
        ("over-100", "number", 102.0),
        ("infinity", "number", float("inf")),
    ],
)
def test_the_unit_of_progress_that_goes_astray_is_a_matter_of_its_own(
    vendor: Any, receiver: Any, story: str, unit: str, last: Any
) -> None:
    vendor.throw(progress=story, unit=unit)
    finished(vendor, receiver)
    assert receiver.progress[-1] == last


def test_a_stream_that_never_ends_keeps_its_device_until_it_is_torn_down(
    vendor: Any, door: Any, receiver: Any
) -> None:
    vendor.throw(never_ends=True)
    stream_id = vendor.start(callback=receiver.url)
    vendor.eventually(lambda: receiver.progress.count("1.0") > 5)
    assert not any(receiver.addresses)
    assert vendor.submit()["code"] == "990486"
    assert vendor.tear_down(stream_id)["code"] == "0"
    assert vendor.ask(stream_id)["code"] == "990481"
    called = len(receiver.bodies)
    time.sleep(0.1)
    assert len(receiver.bodies) <= called + 1
    assert not vendor.platform.running()[door.device_unicode]


def test_a_stream_that_never_ended_ends_when_the_switch_is_off(vendor: Any, receiver: Any) -> None:
    vendor.throw(never_ends=True)
    vendor.start(callback=receiver.url)
    vendor.eventually(lambda: receiver.progress.count("1.0") > 2)
    vendor.throw(never_ends=False)
    vendor.eventually(lambda: receiver.addresses[-1])


def test_a_download_may_die_halfway_without_a_word(vendor: Any, door: Any, receiver: Any) -> None:
    vendor.throw(dies_silently=True, early_address="missing")
    stream_id = vendor.start(callback=receiver.url)
    vendor.eventually(lambda: vendor.ask(stream_id)["code"] == "990481")
    vendor.eventually(lambda: not vendor.platform.running()[door.device_unicode])
    time.sleep(0.1)
    assert receiver.progress == ["0.25", "0.5"]
    assert vendor.platform.shelf.find(receiver.addresses[0].rpartition("/")[2]) is None


def status(vendor: Any, path: str, body: Any) -> int:
    url = f"{vendor.base_url}/api/smsload/playback/v1/{path}"
    return int(vendor.http.post(url, json=body, timeout=0.3).status_code)


def test_a_query_may_be_missing_broken_empty_or_bare(vendor: Any) -> None:
    stream_id = vendor.start()
    vendor.address(stream_id)
    for how, code in (("missing", 404), ("500", 500)):
        vendor.throw(query=how)
        assert status(vendor, "queryDownloadProgress", {"stream_id": stream_id}) == code
    vendor.throw(query="gone")
    assert vendor.ask(stream_id) == {"code": "990481", "message": "no such stream", "data": None}
    vendor.throw(query="empty")
    assert vendor.ask(stream_id) == {"code": "0", "message": "", "data": {}}
    vendor.throw(query="bare")
    assert vendor.ask(stream_id)["data"] == {"download_progress": "1.0"}


def test_the_switch_for_queries_is_that_of_the_streams_own_channel(vendor: Any, yard: Any, door: Any) -> None:
    vendor.throw(yard, query="gone")
    assert vendor.ask(vendor.start(yard))["code"] == "990481"
    assert vendor.ask(vendor.start())["code"] == "0"


def test_a_control_may_be_refused_or_broken_and_then_does_nothing(play: Any) -> None:
    vendor = play(longest=30.0)
    stream_id = vendor.start()
    vendor.throw(control="refused")
    assert vendor.tear_down(stream_id)["code"] == "990500"
    vendor.throw(control="500")
    device, channel = stream_id.split(":")[1:3]
    body = {"device_unicode": device, "channel": channel, "stream_id": stream_id, "command": "3"}
    assert status(vendor, "control", body) == 500
    assert vendor.ask(stream_id)["code"] == "0"


@pytest.mark.parametrize("switch", ["query", "control"])
def test_who_hangs_gives_no_answer_and_does_nothing(play: Any, door: Any, switch: str) -> None:
    vendor = play(longest=30.0)
    stream_id = vendor.start()
    vendor.throw(**{switch: "hang"})
    path = {"query": "queryDownloadProgress", "control": "control"}[switch]
    body = {"stream_id": stream_id}
    if switch == "control":
        body |= {"device_unicode": door.device_unicode, "channel": door.channels[0], "command": "3"}
    with pytest.raises(requests.ReadTimeout):
        status(vendor, path, body)
    assert vendor.platform.running()[door.device_unicode] == [stream_id]
