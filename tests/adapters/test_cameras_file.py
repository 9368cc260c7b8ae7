"""The cameras come from the owner's file, and a slip of the editor stops nothing that runs."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from shared.adapters.cameras_file import CamerasFile
from shared.errors import Invalid, Misconfigured

DOOR = '[[camera]]\nname = "door"\ntimezone = "Europe/Berlin"\n[camera.vendor]\ndevice = "7"\n'


def _section(part: Mapping[str, object]) -> object:
    if "device" not in part:
        raise Invalid("cameras-file", "is missing", field="device")
    return dict(part)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cameras.toml"


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    stamp = path.stat().st_mtime_ns + 1_000_000_000
    os.utime(path, ns=(stamp, stamp))


def _cameras(path: Path) -> CamerasFile:
    return CamerasFile(path, {"vendor": _section})


def test_a_camera_has_its_zone_and_what_its_vendor_read(path):
    _write(path, DOOR)
    camera = _cameras(path).get("door")
    assert camera
    assert (camera.timezone, camera.sections) == ("Europe/Berlin", {"vendor": {"device": "7"}})


def test_sections_of_vendors_that_are_not_in_use_are_left_out_and_named(path, caplog):
    _write(path, DOOR + "[camera.other]\nx = 1\n")
    camera = _cameras(path).get("door")
    assert camera
    assert camera.sections.keys() == {"vendor"}
    assert [record.section for record in caplog.records] == ["other"]


def test_no_file_means_no_cameras_and_one_that_appears_is_read(path):
    cameras = _cameras(path)
    assert cameras.all() == ()
    _write(path, DOOR)
    assert [camera.name for camera in cameras.all()] == ["door"]


def test_a_changed_file_is_read_anew_and_a_vanished_camera_is_gone(path):
    _write(path, DOOR)
    cameras = _cameras(path)
    path.write_text(DOOR.replace("door", "gate") + "\n")
    assert cameras.get("door") is None
    assert cameras.get("gate")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[camera]\n", "line 1"),
        ('[camera]\nname = "door"\n', "[[camera]]"),
        ("[other]\n", "[[camera]]"),
        ('[[camera]]\ntimezone = "UTC"\n', "name"),
        ('[[camera]]\nname = "Door"\n', "name"),
        ('[[camera]]\nname = "door"\ntimezone = "Mars/Olympus"\n', "timezone"),
        ('[[camera]]\nname = "door"\nshort = "shrug"\n', "short"),
        ('[[camera]]\nname = "door"\nretain_days = -1\n', "retain_days"),
        ('[[camera]]\nname = "door"\ncolour = "red"\n', "colour"),
        ('[[camera]]\nname = "door"\n[camera.vendor]\n', "device"),
        (f'[[camera]]\nname = "{"d" * 101}"\n', "100 characters"),
        (DOOR + DOOR, "two cameras"),
    ],
)
def test_a_file_that_cannot_be_read_names_the_culprit_at_the_start(path, text, words):
    _write(path, text)
    with pytest.raises(Misconfigured) as trouble:
        _cameras(path)
    assert words in trouble.value.detail
    assert str(path) in trouble.value.detail


def test_a_slip_while_running_leaves_the_cameras_as_they_were_and_says_so_once(path, caplog):
    _write(path, DOOR)
    cameras = _cameras(path)
    path.write_text("[[camera]\nname = ")
    assert cameras.get("door")
    assert cameras.get("door")
    assert len(caplog.records) == 1
    _write(path, DOOR.replace("door", "gate"))
    assert cameras.get("gate")
