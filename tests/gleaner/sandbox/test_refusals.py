"""How submissions are refused, what a yes may lack, and what a refusal or an end leaves behind."""

from __future__ import annotations

import time
from typing import Any, get_args

import pytest

from gleaner.sandbox.refusals import Phrase


def post(vendor: Any, path: str, body: Any, **headers: str) -> Any:
    return vendor.http.post(vendor.base_url + path, json=body, headers=headers, timeout=5)


SUBMIT = "/api/smsload/playback/v1/download"


@pytest.mark.parametrize("status", ["401", "403", "429", "500", "503", "504"])
def test_refuse_answers_with_an_http_status_and_starts_nothing(vendor: Any, door: Any, status: str) -> None:
    vendor.throw(door, refuse=status)
    assert post(vendor, SUBMIT, vendor.order()).status_code == int(status)
    assert not vendor.platform.running()[door.device_unicode]


@pytest.mark.parametrize(
    ("phrase", "code", "message"),
    [
        ("busy", "486", "Busy Here"),
        ("busy-zh", "486", "设备忙"),
        ("offline", "480", "device is offline"),
        ("offline-zh", "480", "设备不在线"),
        ("timeout", "-1", "Signaling timeout"),
        ("timeout-zh", "-1", "信令超时"),
        ("no-ports", "-3", "none reserved port in pool"),
        ("no-ports-zh", "-3", "资源耗尽"),
        ("no-recording", "404", "no recordings found"),
        ("no-recording-zh", "404", "该时间段内没有录像"),
        ("auth", "401", "Please log in and request again"),
        ("auth-zh", "401", "请登录后重新请求"),
        ("unknown", "100", "failed"),
        ("unknown-zh", "100", "失败"),
    ],
)
def test_refuse_as_speaks_as_comparable_platforms_do(
    vendor: Any, door: Any, phrase: str, code: str, message: str
) -> None:
    assert phrase in get_args(Phrase)
    vendor.throw(door, refuse_as=phrase)
    assert vendor.submit() == {"code": code, "message": message, "data": None}
    assert not vendor.platform.running()[door.device_unicode]
    (tally,) = vendor.platform.witness.windows.values()
    assert (tally.asked, tally.accepted) == (1, 0)


def test_demand_sign_refuses_every_route_but_the_files_without_the_header(vendor: Any, door: Any) -> None:
    stream_id = vendor.start()
    url = vendor.address(stream_id)
    vendor.throw(demand_sign="s1gn")
    wishes = {
        SUBMIT: vendor.order(),
        "/api/smsload/playback/v1/queryDownloadProgress": {"stream_id": stream_id},
        "/api/smsload/playback/v1/control": {},
        "/api/iot/device/playback/v1/list": {},
    }
    for path, body in wishes.items():
        for headers in ({}, {"linker-sign": "wrong"}):
            answer = post(vendor, path, body, **headers)
            assert (answer.status_code, answer.json()["code"]) == (200, "990401")
            assert "linker-sign" in answer.json()["message"]
        assert post(vendor, path, body, **{"linker-sign": "s1gn"}).json()["code"] != "990401"
    assert vendor.fetch(url).content[4:8] == b"ftyp"


def test_a_yes_may_lack_its_stream_id_and_the_download_runs_all_the_same(vendor: Any, receiver: Any) -> None:
    vendor.throw(no_stream_id=True)
    answer = vendor.submit(callback=receiver.url)
    assert (answer["code"], sorted(answer["data"])) == ("0", ["playback_duration", "playback_file_size"])
    vendor.eventually(lambda: len(receiver.bodies) == 6)


@pytest.mark.parametrize(("how", "told"), [("null", {"data": None}), ("absent", {})])
def test_an_answer_may_have_null_for_its_data_or_none_at_all(vendor: Any, how: str, told: Any) -> None:
    vendor.throw(null_data=how)
    assert vendor.submit() == {"code": "0", "message": "", **told}
    vendor.throw(refuse_as="busy")
    assert vendor.submit() == {"code": "486", "message": "Busy Here", **told}
    assert vendor.ask("download:1:2:3")["data"] is None


def test_a_device_stays_busy_for_a_while_after_an_end_and_after_a_teardown(vendor: Any, door: Any) -> None:
    vendor.throw(door, device_stays_busy=0.3, late_file=30.0)
    vendor.start()
    vendor.eventually(lambda: not vendor.platform.running()[door.device_unicode])
    assert vendor.submit()["code"] == "990486"
    vendor.eventually(lambda: vendor.submit()["code"] == "0")
    assert vendor.platform.witness.timeline.idle(door.device_unicode)[0] > 0.3
    vendor.throw(door, device_stays_busy=30.0)
    (stream_id,) = vendor.platform.running()[door.device_unicode]
    assert vendor.tear_down(stream_id)["code"] == "0"
    assert vendor.submit()["code"] == "990486"


@pytest.mark.parametrize("phrase", ["timeout", "no"])
def test_a_start_that_fails_kills_a_running_download_of_its_channel_alone(
    play: Any, yard: Any, receiver: Any, phrase: str
) -> None:
    vendor = play(longest=30.0)
    other = vendor.start(yard, channel=yard.channels[1])
    healthy = vendor.start(yard, callback=receiver.url)
    vendor.throw(failed_start_kills=True, refuse_as=phrase)
    assert vendor.submit(yard, end_time="2026-06-01T10:20:00")["code"] in ("-1", "990486")
    assert vendor.ask(healthy)["code"] == "990481"
    assert vendor.ask(other)["code"] == "0"
    assert vendor.platform.running()[yard.device_unicode] == [other]
    called = len(receiver.bodies)
    time.sleep(0.1)
    assert len(receiver.bodies) <= called + 1


def test_a_start_that_fails_kills_nothing_unless_told_to(play: Any) -> None:
    vendor = play(longest=30.0)
    healthy = vendor.start()
    assert vendor.submit()["code"] == "990486"
    assert vendor.ask(healthy)["code"] == "0"
