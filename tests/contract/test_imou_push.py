"""What a message pushed by the Imou cloud names: in any of the forms that its public receiver looks for."""

import json

import pytest

from shared.vendors.imou.push import cameras_of
from shared.vendors.imou.section import ImouCamera
from tests.builders import a_camera

CAMERAS = (
    a_camera("yard", sections={"imou": ImouCamera("8D0111AAAA")}),
    a_camera("door", sections={"imou": ImouCamera("8D0111AAAA", "1")}),
    a_camera("hall", sections={"imou": ImouCamera("8D0222BBBB")}),
    a_camera("elsewhere", sections={"sms": object()}),
)


def named(**said):
    return cameras_of(json.dumps(said).encode(), CAMERAS)


@pytest.mark.parametrize("device", ["did", "deviceId", "msgDeviceId"])
@pytest.mark.parametrize("channel", ["cid", "channelId", "msgChannelId"])
@pytest.mark.parametrize("number", ["1", 1])
def test_a_device_and_a_channel_name_one_camera(device, channel, number):
    assert named(**{"msgType": "human", device: "8D0111AAAA", channel: number}) == ("door",)


def test_a_device_alone_names_all_its_cameras():
    assert named(did="8D0111AAAA") == ("yard", "door")
    assert named(did="8D0111AAAA", cid=None) == ("yard", "door")


def test_channel_zero_is_a_channel():
    assert named(did="8D0111AAAA", cid=0) == ("yard",)


@pytest.mark.parametrize(
    "message",
    [b"", b"{", b"[]", b"7", b"null", b"\xff", b"[" * 60_000, b'{"did": ["8D0222BBBB"]}', b'{"did": "x"}'],
)
def test_what_names_none_of_ours_names_nothing(message):
    assert cameras_of(message, CAMERAS) == ()
