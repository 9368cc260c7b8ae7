"""The sandbox as a process of its own, its devices, and its independence."""

from __future__ import annotations

import ast
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

import gleaner.sandbox
from gleaner.sandbox import Device, read_devices

CAMERAS = """
[[camera]]
name = "front-door"
[camera.imou]
device = "TESTQWERXXXX"

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
"""


def test_the_command_says_where_it_is_obeys_its_options_and_stops_when_told(tmp_path: Path) -> None:
    cameras = tmp_path / "cameras.toml"
    cameras.write_text(CAMERAS)
    line = [sys.executable, "-m", "gleaner.sandbox", "--port", "0", "--cameras", str(cameras)]
    switches = ["--switch", "offline=true", "--switch", "1:unit=percent"]
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
    assert state["switches"] == {"": {"offline": True}, "1": {"unit": "percent"}}
    assert "yard: device 1, channels 11, 12" in rest


@pytest.mark.parametrize(
    ("wrong", "why"),
    [(["--switch", "files=0"], "files from 1"), (["--switch", "9:files=2"], "no such device")],
)
def test_a_wrong_switch_is_wrong_usage(wrong: list[str], why: str) -> None:
    line = [sys.executable, "-m", "gleaner.sandbox", "--port", "0", *wrong]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 2
    assert why in done.stderr


def test_cameras_that_share_a_device_are_its_channels(tmp_path: Path) -> None:
    (tmp_path / "cameras.toml").write_text(CAMERAS)
    assert read_devices(tmp_path / "cameras.toml") == (Device("1", ("11", "12"), "2", "yard", 2),)


def test_a_camera_without_a_channel_is_named(tmp_path: Path) -> None:
    (tmp_path / "cameras.toml").write_text('[[camera]]\nname = "a"\n[camera.sms]\ndevice_unicode = "1"\n')
    with pytest.raises(ValueError, match=r"camera a: no 'channel'"):
        read_devices(tmp_path / "cameras.toml")


def test_the_sandbox_imports_nothing_of_what_it_tests() -> None:
    for file in Path(gleaner.sandbox.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.partition(".")[0] not in {"shared", "webhook", "worker"}, file
                assert not name.startswith("gleaner.") or name.startswith("gleaner.sandbox."), file
