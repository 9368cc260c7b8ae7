"""A download that meets no mischief, and what the platform allows beside it."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest


def test_a_window_goes_from_the_submission_to_a_playable_file(vendor: Any, receiver: Any) -> None:
    answer = vendor.submit(callback=receiver.url)
    assert (answer["code"], answer["message"]) == ("0", "")
    data = answer["data"]
    assert re.fullmatch(r"download:34020000001110000228:34020000001320000666:120000\d{4}", data["stream_id"])
    assert data["playback_duration"] == "1800"
    vendor.eventually(lambda: len(receiver.bodies) == 6)
    file = vendor.fetch(receiver.addresses[-1])
    assert (file.status_code, file.headers["Content-Type"]) == (200, "video/mp4")
    assert data["playback_file_size"] == str(len(file.content)) == file.headers["Content-Length"]
    assert file.content[4:8] == b"ftyp"
    assert b"front-door 34020000001320000666 2026-06-01T10:00:00" in file.content


def test_callbacks_report_fractions_and_the_address_comes_last_and_twice(vendor: Any, receiver: Any) -> None:
    stream_id = vendor.start(callback=receiver.url)
    vendor.eventually(lambda: len(receiver.bodies) == 6)
    assert {frozenset(body) for body in receiver.bodies} == {
        frozenset({"streamId", "fileUrl", "downloadProgress"})
    }
    assert {body["streamId"] for body in receiver.bodies} == {stream_id}
    assert receiver.progress == ["0.25", "0.5", "0.75", "1.0", "1.0", "1.0"]
    assert receiver.addresses[:4] == [""] * 4
    assert receiver.addresses[4] == receiver.addresses[5] != ""
    assert receiver.addresses[4].startswith(vendor.base_url)


def test_a_progress_query_tells_what_was_called_back_last(vendor: Any, yard: Any) -> None:
    vendor.throw(yard, late_file=30.0, progress="stays-0")
    stream_id = vendor.start(yard)
    expected = {"stream_id": stream_id, "file_url": "", "download_progress": "0.0"}
    assert vendor.ask(stream_id) == {"code": "0", "message": "", "data": expected}
    stream_id = vendor.start()
    url = vendor.address(stream_id)
    assert vendor.ask(stream_id)["data"] == {
        "stream_id": stream_id,
        "file_url": url,
        "download_progress": "1.0",
    }


def test_a_finished_stream_is_known_for_a_while_and_its_file_longer(play: Any) -> None:
    vendor = play(linger=0.15)
    stream_id = vendor.start()
    url = vendor.address(stream_id)
    vendor.eventually(lambda: vendor.ask(stream_id)["code"] == "990481")
    assert vendor.ask(stream_id)["data"] is None
    assert vendor.fetch(url).status_code == 200


def test_a_device_at_work_is_busy_and_others_are_not(play: Any, yard: Any) -> None:
    vendor = play(longest=30.0)
    vendor.start()
    assert vendor.submit(start_time="2026-06-01T10:10:00")["code"] == "990486"
    vendor.start(yard)


def test_a_device_is_free_when_its_stream_has_ended_before_there_is_a_file(vendor: Any, door: Any) -> None:
    vendor.throw(late_file=30.0)
    first = vendor.start()
    vendor.eventually(lambda: not vendor.platform.running()[door.device_unicode])
    vendor.start()
    assert vendor.ask(first)["data"]["file_url"] == ""


def test_of_two_submissions_at_once_a_device_takes_one(play: Any) -> None:
    vendor = play(longest=30.0)
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: vendor.submit()["code"], range(16)))
    assert sorted(codes) == ["0"] + ["990486"] * 15


def test_a_device_may_run_two_at_once_and_no_third(play: Any, yard: Any) -> None:
    vendor = play(longest=30.0)
    vendor.start(yard)
    vendor.start(yard, channel=yard.channels[1])
    assert vendor.submit(yard)["code"] == "990486"
    assert vendor.platform.witness.most_at_once == {yard.device_unicode: 2}


def test_the_submissions_of_each_window_are_counted(play: Any) -> None:
    vendor = play(longest=30.0)
    vendor.start()
    vendor.submit()
    vendor.submit(end_time="2026-06-01T10:20:00")
    state = vendor.http.get(vendor.base_url + "/sandbox/state", timeout=5).json()
    counted = [(row["end"], row["asked"], row["accepted"]) for row in state["submissions"]]
    assert counted == [("2026-06-01T10:30:00", 2, 1), ("2026-06-01T10:20:00", 1, 0)]


def test_a_teardown_ends_the_download_and_frees_the_device(play: Any, receiver: Any) -> None:
    vendor = play(longest=30.0)
    stream_id = vendor.start(callback=receiver.url)
    assert vendor.tear_down(stream_id) == {"code": "0", "message": "", "data": {}}
    assert vendor.ask(stream_id)["code"] == "990481"
    assert vendor.tear_down(stream_id)["code"] == "990481"
    called = len(receiver.bodies)
    vendor.start()
    time.sleep(0.15)
    assert len(receiver.bodies) <= called + 1


def test_a_teardown_names_the_channel_of_its_stream(play: Any, yard: Any) -> None:
    vendor = play(longest=30.0)
    stream_id = vendor.start()
    assert vendor.tear_down(stream_id, yard)["code"] == "990481"
    assert vendor.tear_down(stream_id, command="1")["code"] == "990501"
    assert vendor.ask(stream_id)["code"] == "0"


def test_a_short_window_takes_no_longer_than_it_lasts(play: Any) -> None:
    vendor = play(longest=30.0, speed=10.0)
    stream_id = vendor.start(end_time="2026-06-01T10:00:01")
    vendor.eventually(lambda: vendor.ask(stream_id)["data"]["file_url"], within=1.0)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ((500, b'{"code": 0}'), "HTTP 500"),
        ((302, b'{"code": 0}'), "HTTP 302"),
        ((200, b"thanks"), "not JSON"),
        ((200, b'{"code": "0"}'), "code is not an integer"),
        ((200, b'{"code": true}'), "code is not an integer"),
        ((200, b"[0]"), "code is not an integer"),
    ],
)
def test_a_callback_that_was_not_taken_is_repeated_once(
    vendor: Any, receiver: Any, answer: tuple[int, bytes], outcome: str
) -> None:
    receiver.answers[:] = [answer, answer, (200, b'{"code": 0}')]
    vendor.start(callback=receiver.url)
    vendor.eventually(lambda: len(vendor.platform.witness.callbacks) == 6)
    first, second, *_ = vendor.platform.witness.callbacks
    assert (first.tries, first.outcome) == (2, outcome)
    assert (second.tries, second.outcome) == (1, "taken")
    assert receiver.progress[:3] == ["0.25", "0.25", "0.5"]


def test_an_integer_code_of_any_value_takes_a_callback(vendor: Any, receiver: Any) -> None:
    receiver.answers[:] = [(200, b'{"code": 7, "more": 1}')]
    vendor.start(callback=receiver.url)
    vendor.eventually(lambda: len(vendor.platform.witness.callbacks) == 6)
    assert {called.outcome for called in vendor.platform.witness.callbacks} == {"taken"}


def test_nobody_at_the_callback_address_holds_nothing_up(vendor: Any) -> None:
    stream_id = vendor.start(callback="http://127.0.0.1:9/nobody")
    assert vendor.address(stream_id)
    vendor.eventually(lambda: vendor.platform.witness.callbacks)
    assert vendor.platform.witness.callbacks[0].outcome == "no answer: ConnectionError"


def test_files_are_served_whole_in_ranges_and_only_to_who_knows_the_address(vendor: Any) -> None:
    url = vendor.address(vendor.start())
    whole = vendor.fetch(url)
    assert whole.headers["Accept-Ranges"] == "bytes"
    part = vendor.fetch(url, Range="bytes=100-199", **{"If-Range": whole.headers["ETag"]})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(whole.content)}"
    rest = vendor.fetch(url, Range="bytes=100-")
    assert (rest.status_code, rest.content) == (206, whole.content[100:])
    assert vendor.fetch(url, Range=f"bytes={len(whole.content)}-").status_code == 416
    assert vendor.fetch(url, **{"If-None-Match": whole.headers["ETag"]}).status_code == 304
    changed = vendor.fetch(url, Range="bytes=100-199", **{"If-Range": '"another"'})
    assert (changed.status_code, len(changed.content)) == (200, len(whole.content))
    head = vendor.http.head(url, timeout=5)
    assert (head.headers["Content-Length"], head.content) == (str(len(whole.content)), b"")
    assert vendor.fetch(url.replace(".mp4", "x.mp4")).status_code == 404
    assert vendor.fetch(vendor.base_url + "/media/../platform.py").status_code == 404


def test_each_camera_shows_another_picture(vendor: Any, yard: Any) -> None:
    door_file = vendor.fetch(vendor.address(vendor.start())).content
    yard_file = vendor.fetch(vendor.address(vendor.start(yard))).content
    assert door_file[-1000:] != yard_file[-1000:]
