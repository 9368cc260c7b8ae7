"""What the witness tells of each device: its downloads with their times, its idle times, what was asked of it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest


def test_the_state_shows_each_devices_downloads_and_the_idle_time_between_them(
    vendor: Any, door: Any
) -> None:
    first = vendor.start()
    vendor.eventually(lambda: not vendor.platform.running()[door.device_unicode])
    time.sleep(0.1)
    second = vendor.start(start_time="2026-06-01T10:10:00")
    state = vendor.state()
    old, new = state["timeline"][door.device_unicode]
    assert (old["stream_id"], old["channel"], old["start"], old["end"]) == (
        first,
        door.channels[0],
        "2026-06-01T10:00:00",
        "2026-06-01T10:30:00",
    )
    assert (new["stream_id"], new["start"]) == (second, "2026-06-01T10:10:00")
    lasted = datetime.fromisoformat(old["freed_at"]) - datetime.fromisoformat(old["accepted_at"])
    assert lasted.total_seconds() == pytest.approx(
        old["freed_monotonic"] - old["accepted_monotonic"], abs=0.02
    )
    assert abs(datetime.fromisoformat(new["accepted_at"]) - datetime.now(UTC)).total_seconds() < 5
    (gap,) = state["idle"][door.device_unicode]
    assert gap == new["accepted_monotonic"] - old["freed_monotonic"]
    assert 0.1 <= gap < 1
    assert state["most_at_once"] == {door.device_unicode: 1}


def test_a_download_under_way_has_set_nothing_free(play: Any, door: Any) -> None:
    vendor = play(longest=30.0)
    stream_id = vendor.start()
    (run,) = vendor.state()["timeline"][door.device_unicode]
    assert (run["freed_at"], run["freed_monotonic"]) == (None, None)
    vendor.tear_down(stream_id)
    (run,) = vendor.state()["timeline"][door.device_unicode]
    assert run["freed_monotonic"] > run["accepted_monotonic"]
    assert vendor.state()["idle"] == {door.device_unicode: []}


def test_with_two_rooms_the_idle_time_is_that_of_the_room_that_was_free_for_longest(
    play: Any, yard: Any
) -> None:
    vendor = play(longest=30.0)
    first, second = vendor.start(yard), vendor.start(yard)
    vendor.tear_down(first, yard)
    time.sleep(0.1)
    vendor.tear_down(second, yard)
    vendor.start(yard)
    vendor.start(yard)
    longer, shorter = vendor.platform.witness.timeline.idle(yard.device_unicode)
    assert longer >= 0.1 > shorter


def test_asks_lists_and_teardowns_are_counted_by_device(play: Any, door: Any, yard: Any) -> None:
    vendor = play(longest=30.0)
    vendor.throw(yard, recordings="missing")
    stream_id = vendor.start()
    vendor.ask(stream_id)
    vendor.tear_down(stream_id)
    vendor.ask(stream_id)
    vendor.ask("download:1:2:3")
    vendor.listed()
    vendor.list(yard)
    vendor.tear_down("download:1:2:3", yard)
    state = vendor.state()
    assert state["asks"] == {door.device_unicode: 2, "": 1}
    assert state["lists"] == {door.device_unicode: 1, yard.device_unicode: 1}
    assert state["teardowns"] == {door.device_unicode: 1, yard.device_unicode: 1}


def test_the_state_shows_no_more_downloads_than_asked_for(vendor: Any, door: Any) -> None:
    for _ in range(3):
        vendor.address(vendor.start())
    state = vendor.http.get(vendor.base_url + "/sandbox/state?last=1", timeout=5).json()
    assert len(state["timeline"][door.device_unicode]) == len(state["idle"][door.device_unicode]) == 1
    assert len(vendor.platform.witness.timeline.runs(door.device_unicode)) == 3
