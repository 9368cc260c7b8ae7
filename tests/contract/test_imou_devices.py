"""The account's devices: all pages are read, every form of a row, and what cannot be read is said without a secret."""

import pytest

from gleaner.sandbox.accounts import SECRET_MARKS
from gleaner.sandbox.channels import Channel
from gleaner.sandbox.server import running_sandbox
from shared.adapters.memory import HandClock
from shared.domain.camera import Camera
from shared.errors import GleanerError, Transient
from shared.vendors.imou.devices import PAGE, discover
from shared.vendors.imou.section import read_section
from tests.builders import NOON
from tests.imou_stage import a_client, a_toolbox

ROW = {"deviceId": "D1", "deviceName": "porch", "channelList": [{"channelId": "0", "channelName": "door"}]}


def of_pages(*pages):
    """An account whose list has these pages, then empty ones."""
    asked = []

    def call(method, params):
        asked.append(params["page"])
        return {"deviceList": pages[params["page"] - 1] if params["page"] <= len(pages) else []}

    return call, asked


def found_in(*rows, known=()):
    return list(discover(of_pages([*rows])[0], known))


def test_every_channel_of_every_device_on_all_pages_is_found():
    channels = [Channel(f"DEV{number:03}", name=f"camera {number}") for number in range(2 * PAGE + 1)]
    channels.append(Channel("DEV000", "1", "garage"))
    with running_sandbox(channels=channels) as running:
        clock = HandClock(NOON)
        running.cloud.clock.set(NOON)
        found = list(a_client(running.base_url, a_toolbox(clock)).discover(()))
        pages = [each for each in running.cloud.witness.calls if each.method == "listDeviceDetailsByPage"]
    assert {(each.section["device"], each.section["channel"], each.label) for each in found} == {
        (each.device, each.number, each.name) for each in channels
    }
    assert len(found) == len(channels)
    assert len(pages) == 3
    assert not [mark for mark in SECRET_MARKS if mark in repr(found)]


def test_a_full_last_page_is_followed_by_one_more_question():
    rows = [ROW | {"deviceId": f"D{number}"} for number in range(PAGE)]
    call, asked = of_pages(rows)
    assert (len(list(discover(call, ()))), asked) == (PAGE, [1, 2])


def test_a_list_that_repeats_for_ever_ends():
    rows = [ROW | {"deviceId": f"D{number}"} for number in range(PAGE)]
    call, asked = of_pages(*[rows] * 5)
    assert (len(list(discover(call, ()))), asked) == (PAGE, [1, 2])


@pytest.mark.parametrize(
    ("row", "label", "channel"),
    [
        ({"deviceId": 77, "channelList": [{"channelId": 0}]}, "", "0"),
        (ROW | {"channelList": [{"channelId": 3, "channelName": ""}]}, "porch", "3"),
        (
            ROW | {"channelList": [{"channelId": "0", "channelName": "a\nb http://x.example/?s=1"}]},
            "a b <address>",
            "0",
        ),
        (ROW | {"channelList": [{"channelId": "0", "channelName": ["x"]}]}, "porch", "0"),
    ],
)
def test_ids_are_text_or_numbers_and_names_are_fit_to_be_shown(row, label, channel):
    (found,) = found_in(row)
    assert (found.label, found.section["channel"]) == (label, channel)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("text", "deviceId"),
        (ROW | {"deviceId": None}, "porch"),
        (ROW | {"deviceId": "two words"}, "device"),
        (ROW | {"channelList": None}, "names no channels"),
        (ROW | {"channelList": []}, "names no channels"),
        (ROW | {"channelList": ["0"]}, "channelId"),
        (ROW | {"channelList": [{"channelName": "door"}]}, "channelId"),
    ],
)
def test_what_cannot_be_read_is_said_and_spoils_no_other(row, said):
    unread, good = found_in(
        row | {"playToken": "PTSECRET-1"} if isinstance(row, dict) else row, ROW | {"deviceId": "D2"}
    )
    assert unread.section is None
    assert said in unread.label
    assert "PTSECRET" not in repr(unread)
    assert good.section["device"] == "D2"


def test_a_camera_of_the_file_is_known_by_its_device_and_channel_and_keeps_its_packages():
    section = read_section({"device": "D1", "channel": "1", "packages": ["aiInsight"]})
    two = ROW | {"channelList": [{"channelId": "0"}, {"channelId": 1}]}
    known = (Camera("elsewhere", sections={"sms": object()}), Camera("hall", sections={"imou": section}))
    first, second = found_in(two, known=known)
    assert (first.known, second.known) == (None, "hall")
    assert (len(first.section["packages"]), second.section["packages"]) == (2, ("aiInsight",))


def test_an_answer_without_a_list_is_an_account_without_devices_and_any_other_is_unreadable():
    assert list(discover(lambda *_: {}, ())) == []
    with pytest.raises(Transient, match="without a list of devices"):
        list(discover(lambda *_: {"deviceList": "x"}, ()))


def test_a_refusal_is_raised_as_in_a_listing():
    with running_sandbox() as running:
        source = a_client(running.base_url, a_toolbox(HandClock(NOON)))
        with pytest.raises(GleanerError) as no:  # the cloud's clock is another one
            list(source.discover(()))
    assert no.value.code == "vendor-auth"
