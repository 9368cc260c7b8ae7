"""The sandbox as a process of its own, its devices, and its independence."""

from __future__ import annotations

import ast
import re
import signal
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import requests

import gleaner.sandbox
from gleaner.sandbox.accounts import APP_ID, APP_SECRET, environ
from gleaner.sandbox.channels import STOCK_CHANNELS, Channel, read_channels
from gleaner.sandbox.cloud_mischief import CloudSwitches
from gleaner.sandbox.devices import STOCK, Device, read_devices
from gleaner.sandbox.server import running_sandbox
from gleaner.sandbox.switches import Switches

CAMERAS = """
[[camera]]
name = "front-door"
[camera.imou]
device = "TESTQWERXXXX"
channel = "3"
packages = ["aiInsight"]

[[camera]]
name = "yard"
[camera.sms]
device_unicode = "1"
channel = "11"
platform_id = "2"
downloads = 2

[[camera]]
name = "shed"
[camera.sms]
device_unicode = "1"
channel = "12"
[camera.imou]
device = "TESTQWERXXXX"
channel = "3"
packages = ["aiCloudRecord"]

[[camera]]
name = "roof"
[camera.imou]
device = "OTHER"
"""


def test_the_command_says_where_it_is_obeys_its_options_and_stops_when_told(tmp_path: Path) -> None:
    cameras = tmp_path / "cameras.toml"
    cameras.write_text(CAMERAS)
    line = [sys.executable, "-m", "gleaner.sandbox", "--port", "0", "--cameras", str(cameras)]
    switches = ["--switch", "offline=true", "--switch", "1:unit=percent", "--switch", "media=404"]
    switches += ["--switch", "imou:code=13202", "--switch", "imou:OTHER:order=shuffled"]
    with subprocess.Popen(
        line + switches, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", first)
        assert found, first
        assert requests.get(found[0] + "/healthz", timeout=5).json() == {"ok": True}
        state = requests.get(found[0] + "/sandbox/state", timeout=5).json()
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()
        assert process.wait(5) == 0
    assert state["switches"] == {"": {"offline": True, "media": "404"}, "1": {"unit": "percent"}}
    assert state["imou"]["switches"] == {"": {"code": "13202"}, "OTHER": {"order": "shuffled"}}
    assert "yard: device 1, channels 11, 12" in rest
    assert "front-door: device TESTQWERXXXX, channel 3, aiInsight, aiCloudRecord" in rest
    for name, value in (("SMS_BASE_URL", found[0]), ("IMOU_BASE_URL", found[0])):
        assert f"{name}={value}\n" in rest
    assert f"IMOU_APP_ID={APP_ID}\n" in rest
    assert f"IMOU_APP_SECRET={APP_SECRET}\n" in rest


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (["--switch", "files=0"], "files from 1"),
        (["--switch", "9:files=2"], "no such device"),
        (["--switch", "imou:order=sideways"], "order is one of"),
        (["--switch", "imou:9:order=shuffled"], "no such device"),
    ],
)
def test_a_wrong_switch_is_wrong_usage(wrong: list[str], why: str) -> None:
    line = [sys.executable, "-m", "gleaner.sandbox", "--port", "0", *wrong]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 2
    assert why in done.stderr


def test_cameras_that_share_a_device_are_its_channels(tmp_path: Path) -> None:
    (tmp_path / "cameras.toml").write_text(CAMERAS)
    assert read_devices(tmp_path / "cameras.toml") == (
        Device("1", ("11", "12"), "2", "yard", 2, ("yard", "shed")),
    )


def test_a_camera_without_a_channel_is_named(tmp_path: Path) -> None:
    (tmp_path / "cameras.toml").write_text('[[camera]]\nname = "a"\n[camera.sms]\ndevice_unicode = "1"\n')
    with pytest.raises(ValueError, match=r"camera a: no 'channel'"):
        read_devices(tmp_path / "cameras.toml")


def test_cameras_that_share_a_channel_share_its_packages(tmp_path: Path) -> None:
    (tmp_path / "cameras.toml").write_text(CAMERAS)
    assert read_channels(tmp_path / "cameras.toml") == (
        Channel("TESTQWERXXXX", "3", "front-door", ("aiInsight", "aiCloudRecord")),
        Channel("OTHER", "0", "roof", ("aiCloudRecord", "aiInsight")),
    )


def test_a_camera_without_a_cloud_device_is_named(tmp_path: Path) -> None:
    (tmp_path / "cameras.toml").write_text('[[camera]]\nname = "a"\n[camera.imou]\nchannel = "1"\n')
    with pytest.raises(ValueError, match=r"camera a: no 'device' for the Imou cloud"):
        read_channels(tmp_path / "cameras.toml")


def test_a_vendor_without_cameras_of_its_own_plays_none() -> None:
    with running_sandbox(devices=(), channels=STOCK_CHANNELS) as running:
        assert running.platform.devices == {}
        assert running.cloud.channels == STOCK_CHANNELS
    with running_sandbox(devices=STOCK, channels=()) as running:
        assert running.cloud.channels == ()


def test_the_environment_names_one_address_for_both_vendors() -> None:
    told = environ("http://127.0.0.1:1")
    assert told["sms"] == {"SMS_BASE_URL": "http://127.0.0.1:1"}
    assert told["imou"]["IMOU_BASE_URL"] == "http://127.0.0.1:1"
    assert set(told["imou"]) == {"IMOU_BASE_URL", "IMOU_APP_ID", "IMOU_APP_SECRET", "IMOU_SIGN"}


def test_the_help_lists_the_switches_of_both_vendors() -> None:
    line = [sys.executable, "-m", "gleaner.sandbox", "--help"]
    told = subprocess.run(line, capture_output=True, text=True, check=False, timeout=20).stdout
    for switches in (Switches, CloudSwitches):
        for field in fields(switches):
            assert f"\n    {field.name} = " in told


def test_the_sandbox_imports_nothing_of_what_it_tests() -> None:
    for file in Path(gleaner.sandbox.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.partition(".")[0] not in {"shared", "webhook", "worker"}, file
                assert not name.startswith("gleaner.") or name.startswith("gleaner.sandbox."), file


def test_a_quiet_sandbox_says_nothing_of_its_account() -> None:
    line = [sys.executable, "-m", "gleaner.sandbox", "--port", "0", "--quiet"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(2)
        process.terminate()
        assert process.communicate()[0] == ""
