"""Discovery: the accounts' cameras as a cameras file that our own reader takes, each under a safe name of its own."""

import re
import tomllib

import pytest

from gleaner.sandbox.accounts import SECRET_MARKS
from shared.adapters.cameras_file import read_cameras
from shared.errors import Transient, Whose
from shared.ports import Discovered
from shared.vendors.imou import VENDOR
from tests.imou_stage import NAMES, device_of, on_stage

SECTIONS = {"imou": VENDOR.section}
PATH = "/admin/cameras/discovered"


def a_camera(label: str, device: str = "D1", channel: str = "0", known: str | None = None) -> Discovered:
    return Discovered(label, {"device": device, "channel": channel, "packages": ("aiInsight",)}, known)


def names_of(world, admin, *labels: str) -> list[str]:
    world.source.account = tuple(a_camera(label, f"DEV{place}") for place, label in enumerate(labels))
    answer = admin.get(PATH).json
    read = read_cameras(answer["cameras_file"], SECTIONS)
    assert [camera.name for camera in read] == [each["name"] for each in answer["cameras"]]
    return [camera.name for camera in read]


def test_the_sandboxes_account_becomes_the_cameras_file_that_made_it():
    with on_stage("aiInsight", "aiCloudRecord") as stage:
        told = stage.told("cameras/discovered")
        cameras = read_cameras(told["cameras_file"], SECTIONS)
        assert list(cameras) == list(stage.services.cameras.all())
        assert [(each["name"], each["known"]) for each in told["cameras"]] == [(name, True) for name in NAMES]
        assert stage.told("cameras/discovered?new=1")["cameras"] == []
        assert not [mark for mark in SECRET_MARKS if mark in str(told)]
        assert told["cameras"][0]["section"]["device"] == device_of(NAMES[0])


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (("Back Yard", "back yard", "Back-Yard!"), ["back-yard", "back-yard-2", "back-yard-3"]),
        (("front-door",), ["front-door-2"]),  # the cameras file has another camera of that name
        (("前门", "Küche"), ["camera-dev0-0", "kuche"]),
        (("../../etc", '"]\n[camera]'), ["etc", "camera"]),
        (("x" * 500,), ["x" * 60]),
    ],
)
def test_names_are_safe_and_each_is_one_cameras_alone(world, admin, labels, names):
    assert names_of(world, admin, *labels) == names


def test_whatever_a_vendor_calls_a_camera_the_file_can_be_read(world, admin):
    hostile = [
        "",
        " ",
        "#",
        '"""',
        "'''",
        "\\",
        "a\nname = 'b'",
        "\x00\x85\u2028x",
        "[[camera]]",
        "-" * 200,
        "\x7f",
    ]
    names = names_of(world, admin, *hostile)
    assert len(set(names)) == len(hostile)
    assert all(re.fullmatch(r"[a-z0-9-]{1,100}", name) for name in names)


def test_what_could_not_be_read_is_a_comment_and_the_rest_is_there(world, admin):
    world.source.account = (Discovered("device X was left out:\nit names no channels"), a_camera("yard"))
    answer = admin.get(PATH).json
    assert "# imou: device X was left out: it names no channels" in answer["cameras_file"].splitlines()
    assert [each["name"] for each in tomllib.loads(answer["cameras_file"])["camera"]] == ["yard"]
    assert answer["cameras"][0] == {
        "vendor": "imou", "name": None, "label": "device X was left out:\nit names no channels", "known": False,
        "section": None,
    }  # fmt: skip


def test_only_what_is_new_is_told_when_asked_for(world, admin):
    world.source.account = (a_camera("one", known="front-door"), a_camera("two", "D2"))
    assert [each["name"] for each in admin.get(PATH).json["cameras"]] == ["front-door", "two"]
    assert [each["name"] for each in admin.get(f"{PATH}?new=1").json["cameras"]] == ["two"]


def test_an_account_without_cameras_is_a_file_without_cameras(world, admin):
    assert tomllib.loads(admin.get(PATH).json["cameras_file"]) == {}


def test_a_vendor_whose_calls_are_stopped_is_not_asked(world, admin):
    world.services.circuits.shut("imou", "vendor-quota", "the month's calls", world.clock.at.replace(day=30))
    answer = admin.get(PATH)
    assert (answer.status_code, answer.json["code"]) == (503, "vendor-quota")
    assert "the month's calls" in answer.json["detail"]


def test_a_vendor_that_cannot_be_asked_now_is_said_and_the_next_question_is_free(world, admin):
    def away(known):
        raise Transient("vendor-away", "nobody", whose=Whose.VENDOR)

    asked = world.source.discover
    world.source.discover = away
    assert admin.get(PATH).json["code"] == "vendor-away"
    world.source.discover = asked
    assert admin.get(PATH).status_code == 200


def test_one_at_a_time_asks(world, admin):
    assert world.services.memory.hold("discovery", "somebody", world.services.harvests.lease)
    answer = admin.get(PATH)
    assert (answer.status_code, answer.json["code"]) == (409, "discovery-running")


def test_a_stranger_is_told_nothing(stranger):
    assert stranger.get(PATH).status_code == 401
