"""Each switch does what it says, and nothing is left of it when it is off."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests


def run(vendor: Any, receiver: Any, calls: int, **changes: Any) -> str:
    """A download whose every callback has arrived; its stream id."""
    stream_id = vendor.start(callback=receiver.url, **changes)
    vendor.eventually(lambda: len(receiver.bodies) >= calls)
    return str(stream_id)


def refused(call: Callable[[], requests.Response]) -> str:
    try:
        return str(call().status_code)
    except requests.ConnectionError:
        return "hang-up"


@pytest.mark.parametrize("how", ["503", "hang-up"])
def test_away_refuses_everything_media_too(vendor: Any, how: str) -> None:
    url = vendor.address(vendor.start())
    vendor.throw(away=how)
    playback = vendor.base_url + "/api/smsload/playback/v1/"
    for call in ("download", "queryDownloadProgress", "control"):
        assert refused(lambda call=call: vendor.http.post(playback + call, json={}, timeout=5)) == how
    assert refused(lambda: vendor.fetch(url)) == how
    vendor.platform.mischief.behave()
    assert vendor.fetch(url).status_code == 200


@pytest.mark.parametrize("how", ["500", "503", "hang-up"])
def test_refuse_starts_nothing(vendor: Any, door: Any, how: str) -> None:
    vendor.throw(refuse=how)
    url = vendor.base_url + "/api/smsload/playback/v1/download"
    assert refused(lambda: vendor.http.post(url, json=vendor.order(), timeout=5)) == how
    assert not vendor.platform.running()[door.device_unicode]


@pytest.mark.parametrize(("switch", "code"), [("offline", "990480"), ("no_recording", "990604")])
def test_a_device_may_be_offline_or_hold_nothing_and_others_not(
    vendor: Any, door: Any, yard: Any, switch: str, code: str
) -> None:
    vendor.throw(door, **{switch: True})
    assert vendor.submit()["code"] == code
    assert vendor.submit(yard)["code"] == "0"


def test_busy_for_passes_by_itself(vendor: Any) -> None:
    vendor.throw(busy_for=0.25)
    assert vendor.submit()["code"] == "990486"
    vendor.eventually(lambda: vendor.submit()["code"] == "0")


def test_slow_submit_lets_callbacks_come_before_the_answer(vendor: Any, receiver: Any) -> None:
    vendor.throw(slow_submit=0.2)
    vendor.start(callback=receiver.url)
    answered = time.monotonic()
    vendor.eventually(lambda: receiver.bodies)
    assert receiver.times[0] < answered


def test_lose_answer_runs_the_download_all_the_same(vendor: Any, receiver: Any) -> None:
    vendor.throw(lose_answer=True)
    with pytest.raises(requests.ConnectionError):
        vendor.submit(callback=receiver.url)
    vendor.eventually(lambda: len(receiver.bodies) == 6)
    (tally,) = vendor.platform.witness.windows.values()
    assert (tally.asked, tally.accepted) == (1, 1)
    assert vendor.platform.witness.requests[0].verdict == "accepted, but the answer was lost"


def test_reuse_stream_id_gives_the_next_window_the_same_id(vendor: Any) -> None:
    vendor.throw(reuse_stream_id=True)
    first = vendor.start()
    old = vendor.address(first)
    assert vendor.start(end_time="2026-06-01T10:20:00") == first
    vendor.eventually(lambda: vendor.address(first) != old)


@pytest.mark.parametrize(
    ("unit", "spelt"),
    [
        ("percent", ["25", "50", "75", "100"]),
        ("percent-sign", ["25%", "50%", "75%", "100%"]),
        ("number", [0.25, 0.5, 0.75, 1.0]),
    ],
)
def test_unit_changes_how_progress_is_written(
    vendor: Any, receiver: Any, unit: str, spelt: list[Any]
) -> None:
    vendor.throw(unit=unit)
    stream_id = run(vendor, receiver, 6)
    assert receiver.progress == spelt + spelt[-1:] * 2
    assert vendor.ask(stream_id)["data"]["download_progress"] == str(spelt[-1])


@pytest.mark.parametrize(
    ("story", "told"),
    [
        ("stays-0", ["0.0", "0.0", "0.0", "0.0", "0.0", "0.0"]),
        ("back-to-0", ["0.25", "0.5", "0.75", "0.0", "1.0", "1.0"]),
        ("bare-1", ["1", "1", "1", "1", "1", "1"]),
    ],
)
def test_progress_may_be_told_otherwise(vendor: Any, receiver: Any, story: str, told: list[str]) -> None:
    vendor.throw(progress=story)
    run(vendor, receiver, 6)
    assert receiver.progress == told


def test_an_early_address_may_serve_a_growing_file_without_index(vendor: Any, receiver: Any) -> None:
    vendor.throw(early_address="growing", late_file=0.25)
    vendor.start(callback=receiver.url)
    vendor.eventually(lambda: receiver.bodies)
    early = vendor.fetch(receiver.addresses[0]).content
    vendor.eventually(lambda: len(receiver.bodies) == 6)
    assert len(set(receiver.addresses)) == 1
    whole = vendor.fetch(receiver.addresses[0]).content
    assert whole.startswith(early)
    assert b"moov" in whole
    assert b"moov" not in early


def test_an_early_address_may_lead_nowhere_until_the_end(vendor: Any, receiver: Any) -> None:
    vendor.throw(early_address="missing", late_file=0.25)
    vendor.start(callback=receiver.url)
    vendor.eventually(lambda: receiver.bodies)
    assert vendor.fetch(receiver.addresses[0]).status_code == 404
    vendor.eventually(lambda: len(receiver.bodies) == 6)
    assert vendor.fetch(receiver.addresses[0]).status_code == 200


def test_the_wrong_address_is_another_cameras_footage(vendor: Any, receiver: Any) -> None:
    vendor.throw(wrong_address_first=True)
    run(vendor, receiver, 6)
    wrong, right = receiver.addresses[0], receiver.addresses[-1]
    assert receiver.addresses == [wrong] * 4 + [right] * 2
    assert b"somebody else" in vendor.fetch(wrong).content
    assert b"front-door" in vendor.fetch(right).content


def test_late_file_is_told_so_much_later(vendor: Any, receiver: Any) -> None:
    vendor.throw(late_file=0.4)
    run(vendor, receiver, 6)
    assert receiver.times[4] - receiver.times[3] > 0.3


def test_a_stream_gone_before_its_file_is_still_called_back_about(vendor: Any, receiver: Any) -> None:
    vendor.throw(stream_gone="before-file", late_file=0.2)
    stream_id = run(vendor, receiver, 4)
    vendor.eventually(lambda: vendor.ask(stream_id)["code"] == "990481")
    assert len(receiver.bodies) == 4
    vendor.eventually(lambda: len(receiver.bodies) == 6)
    assert vendor.fetch(receiver.addresses[-1]).status_code == 200
    assert vendor.ask(stream_id)["code"] == "990481"


def test_a_stream_gone_for_good_never_has_a_file(vendor: Any, receiver: Any) -> None:
    vendor.throw(stream_gone="for-good", early_address="missing")
    stream_id = run(vendor, receiver, 4)
    vendor.eventually(lambda: vendor.ask(stream_id)["code"] == "990481")
    name = receiver.addresses[0].rpartition("/")[2]
    vendor.eventually(lambda: vendor.platform.shelf.find(name) is None)
    time.sleep(0.1)
    assert len(receiver.bodies) == 4


def test_dropped_callbacks_leave_the_query(vendor: Any, receiver: Any) -> None:
    vendor.throw(drop_callbacks=1.0)
    assert vendor.address(vendor.start(callback=receiver.url))
    assert receiver.bodies == []


def test_some_callbacks_are_dropped_the_same_ones_for_the_same_seed(play: Any, receiver: Any) -> None:
    heard = []
    for _ in range(2):
        vendor = play()
        vendor.throw(drop_callbacks=0.5, seed=7, duplicate=4)
        vendor.address(vendor.start(callback=receiver.url))
        time.sleep(0.1)
        heard.append(receiver.progress)
        receiver.bodies.clear()
    assert heard[0] == heard[1]
    assert 0 < len(heard[0]) < 24


def test_duplicate_sends_each_callback_so_often(vendor: Any, receiver: Any) -> None:
    vendor.throw(duplicate=3)
    run(vendor, receiver, 18)
    assert receiver.progress[:6] == ["0.25"] * 3 + ["0.5"] * 3


def test_shuffle_changes_the_order_and_loses_nothing(play: Any, receiver: Any) -> None:
    vendor = play(longest=0.2)
    vendor.throw(shuffle=True)
    run(vendor, receiver, 12)
    assert receiver.progress != sorted(receiver.progress)
    assert sorted(receiver.progress) == [f"{tenth / 10}" for tenth in range(1, 11)] + ["1.0"] * 2


def test_one_download_may_give_several_files_one_after_the_other(vendor: Any, receiver: Any) -> None:
    vendor.throw(files=3)
    run(vendor, receiver, 10)
    urls = list(dict.fromkeys(receiver.addresses[4:]))
    assert len(urls) == 3
    for url, begins in zip(urls, ("10:00:00", "10:10:00", "10:20:00"), strict=True):
        assert f"T{begins}.000 +600.000s".encode() in vendor.fetch(url).content


def test_delivered_makes_the_file_shorter_than_the_window(vendor: Any, receiver: Any) -> None:
    vendor.throw(delivered=0.5)
    run(vendor, receiver, 6)
    assert b"+900.000s" in vendor.fetch(receiver.addresses[-1]).content


def test_index_last_puts_the_index_behind(vendor: Any) -> None:
    vendor.throw(index_last=True)
    content = vendor.fetch(vendor.address(vendor.start())).content
    assert content.index(b"mdat") < content.index(b"moov")


def test_media_may_be_missing_broken_cut_or_a_web_page(vendor: Any) -> None:
    url = vendor.address(vendor.start())
    whole = vendor.fetch(url).content
    for status in ("404", "500"):
        vendor.throw(media=status)
        assert vendor.fetch(url).status_code == int(status)
    vendor.throw(media="html")
    assert vendor.fetch(url).headers["Content-Type"].startswith("text/html")
    vendor.throw(media="truncated")
    with vendor.http.get(url, stream=True, timeout=5) as answer:
        assert answer.headers["Content-Length"] == str(len(whole))
        assert len(answer.raw.read(len(whole), decode_content=False)) == len(whole) // 2
    vendor.throw(media="no")
    assert vendor.fetch(url).content == whole


def test_media_rate_slows_a_file_down(vendor: Any) -> None:
    url = vendor.address(vendor.start(end_time="2026-06-01T10:00:04"))
    whole = vendor.fetch(url).content
    vendor.throw(media_rate=4 * len(whole))
    before = time.monotonic()
    assert vendor.fetch(url).content == whole
    assert time.monotonic() - before > 0.2


@pytest.mark.parametrize(
    "values",
    [
        {"nonsense": 1},
        {"unit": "metres"},
        {"unit": 1},
        {"offline": 1},
        {"late_file": "3"},
        {"late_file": -1},
        {"late_file": True},
        {"duplicate": 1.5},
        {"files": 0},
        {"delivered": 0},
        {"speed": 0},
        {"senders": 0},
        {"recorded": 1.1},
        {"bad_callbacks": 2},
        {"inside_address": "http://10.0.0.7"},
        {"demand_sign": "two words"},
        {"refuse_as": "tired"},
    ],
)
def test_an_unfit_switch_is_refused_and_changes_nothing(vendor: Any, values: dict[str, Any]) -> None:
    switches = vendor.base_url + "/sandbox/switches"
    assert vendor.http.post(switches, json={"switches": values}, timeout=5).status_code == 400
    assert vendor.platform.mischief.thrown() == {}


def test_switches_are_thrown_over_http_for_one_device_or_all_and_off_again(vendor: Any, door: Any) -> None:
    switches = vendor.base_url + "/sandbox/switches"
    vendor.http.post(switches, json={"switches": {"offline": True, "files": 2}}, timeout=5)
    answer = vendor.http.post(
        switches, json={"switches": {"offline": False}, "device": door.device_unicode}, timeout=5
    )
    assert answer.json()["switches"] == {
        "": {"offline": True, "files": 2},
        door.device_unicode: {"offline": False},
    }
    assert vendor.platform.mischief.of(door.device_unicode).files == 2
    assert vendor.submit()["code"] == "0"
    for wrong in ({"switches": {}, "device": "55"}, {"switches": {}, "device": 5}, {"offline": True}, []):
        assert vendor.http.post(switches, json=wrong, timeout=5).status_code == 400
    assert vendor.http.delete(switches, timeout=5).status_code == 200
    assert vendor.platform.mischief.thrown() == {}
