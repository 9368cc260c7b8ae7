"""Whom a switch is set for: all, a device, one of its channels, or a camera by its name; the more exact wins."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from gleaner.sandbox.devices import read_devices
from gleaner.sandbox.server import running_sandbox

RECORDER = "34020000001180000103"
CHANNELS = ("34020000001320000103", "34020000001320000104")
CAMERAS = "".join(
    f'[[camera]]\nname = "{name}"\n[camera.sms]\ndevice_unicode = "{RECORDER}"\nchannel = "{channel}"\n'
    for name, channel in zip(("gate", "dock"), CHANNELS, strict=True)
)
GATE, DOCK = (f"{RECORDER}/{channel}" for channel in CHANNELS)


@pytest.fixture
def cameras(tmp_path: Path) -> Path:
    """Two cameras on one recorder."""
    file = tmp_path / "cameras.toml"
    file.write_text(CAMERAS)
    return file


@pytest.fixture
def platform(cameras: Path) -> Iterator[Any]:
    with running_sandbox(devices=read_devices(cameras), channels=()) as running:
        yield running.platform


def test_two_cameras_of_one_device_are_told_apart_by_name_and_by_channel(platform: Any) -> None:
    platform.throw({"unit": "percent"}, "gate")
    platform.throw({"unit": "number"}, DOCK)
    assert platform.mischief.thrown() == {GATE: {"unit": "percent"}, DOCK: {"unit": "number"}}
    assert platform.mischief.of(RECORDER).unit == "fraction"


def test_the_more_exact_target_beats_the_less_exact(platform: Any) -> None:
    for value, target in enumerate(("", RECORDER, "gate"), 2):
        platform.throw({"files": value}, target)
    platform.throw({"duplicate": 5})
    files = [platform.mischief.of(target).files for target in ("", "another", RECORDER, DOCK, GATE)]
    assert files == [2, 2, 3, 3, 4]
    assert platform.mischief.of(GATE).duplicate == 5


@pytest.mark.parametrize(
    "values",
    [{"offline": True}, {"busy_for": 30.0}, {"device_stays_busy": 30.0}],
    ids=min,
)
def test_what_is_the_devices_own_holds_for_all_its_cameras(platform: Any, values: dict[str, Any]) -> None:
    platform.throw(values | {"unit": "percent"}, "gate")
    assert platform.mischief.thrown() == {RECORDER: values, GATE: {"unit": "percent"}}
    assert platform.mischief.busy(RECORDER) == ("busy_for" in values)


@pytest.mark.parametrize("target", ["nobody", f"{RECORDER}/1", f"1/{CHANNELS[0]}", f"{GATE}/1", "/"])
def test_a_target_that_there_is_not_changes_nothing(platform: Any, target: str) -> None:
    with pytest.raises(ValueError, match=f"no such device, channel or camera: {target}"):
        platform.throw({"files": 2}, target)
    with pytest.raises(ValueError, match="no such switch: nonsense"):
        platform.throw({"files": 2, "nonsense": 1}, "gate")
    assert platform.mischief.thrown() == {}


def test_one_channel_is_refused_and_its_neighbour_is_not(vendor: Any, yard: Any) -> None:
    vendor.throw(f"{yard.device_unicode}/{yard.channels[1]}", no_recording=True)
    assert vendor.submit(yard)["code"] == "0"
    assert vendor.submit(yard, channel=yard.channels[1])["code"] == "990604"


def test_the_control_route_takes_a_cameras_name_and_names_one_that_is_unknown(vendor: Any, door: Any) -> None:
    vendor.throw("front-door", media="html")
    assert vendor.state()["switches"] == {door.device_unicode: {"media": "html"}}
    wish = {"switches": {"files": 2}, "device": "back-door"}
    answer = vendor.http.post(vendor.base_url + "/sandbox/switches", json=wish, timeout=5)
    assert (answer.status_code, answer.json()["error"]) == (
        400,
        "no such device, channel or camera: back-door",
    )


def test_the_command_takes_cameras_and_channels_and_values_with_colons(cameras: Path) -> None:
    line = [sys.executable, "-m", "gleaner.sandbox", "--port", "0", "--cameras", str(cameras)]
    for switch in (
        "gate:offline=true",
        f"{DOCK}:unit=percent",
        "dock:inside_address=10.0.0.7:8080",
        "files=2",
    ):
        line += ["--switch", switch]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert found
        thrown = requests.get(found[0] + "/sandbox/switches", timeout=5).json()["switches"]
        process.terminate()
    assert thrown == {
        RECORDER: {"offline": True},
        DOCK: {"unit": "percent", "inside_address": "10.0.0.7:8080"},
        "": {"files": 2},
    }
