"""The owner's side of the Imou vendor: its section of a camera, its settings, how requests are signed."""

import json
import tomllib
from pathlib import Path

import pytest

from shared.errors import Invalid, Misconfigured
from shared.settings import Source, read
from shared.vendors import load
from shared.vendors.imou import VENDOR
from shared.vendors.imou.section import ImouCamera
from shared.vendors.imou.settings import ImouSettings
from shared.vendors.imou.signing import sign
from tests.contract.imou_cloud import APP_ID, APP_SECRET, DAY, camera, running_cloud
from tests.contract.imou_cloud import client as client_of

PAYLOADS = Path(__file__).parent.parent / "payloads" / "imou"
LEAST = 'device = "TESTQWERXXXX"\n'
TIME, NONCE = 1706511734, "f5a1ae2d-c09c-4d39-a744-83a5c2c653c2"
SECRET = "test123456789test123456789"


def section(text):
    return VENDOR.section(tomllib.loads(text))


def settings(**environ):
    return read(ImouSettings, Source(environ, {}, Path()))


def test_the_whole_section_becomes_a_value():
    whole = LEAST + 'channel = "3"\npackages = ["aiInsight"]\nhls = true'
    assert section(whole) == ImouCamera("TESTQWERXXXX", "3", ("aiInsight",), True)


def test_the_device_is_all_that_is_needed():
    assert section(LEAST) == ImouCamera("TESTQWERXXXX", "0", ("aiCloudRecord", "aiInsight"), False)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('channel = "0"', "device"),
        ("device = 12", "device"),
        ('device = ""', "device"),
        ('device = "a b"', "device"),
        (LEAST + "channel = 0", "channel"),
        (LEAST + 'channel = ""', "channel"),
        (LEAST + "packages = []", "packages"),
        (LEAST + 'packages = "aiInsight"', "packages"),
        (LEAST + 'packages = ["aiInsight", "aiinsight"]', "packages.1"),
        (LEAST + "hls = 1", "hls"),
        (LEAST + 'hls = "true"', "hls"),
        (LEAST + "chanel = '0'", "chanel"),
    ],
)
def test_a_fault_in_the_section_is_named_by_its_field(text, field):
    with pytest.raises(Invalid) as caught:
        section(text)
    assert (caught.value.code, caught.value.field) == ("cameras-file", field)
    assert caught.value.detail.startswith(f"camera.imou.{field}: ")


def test_nothing_has_to_be_set():
    own = settings()
    defaults = ("https://openapi.lechange.cn", "", "", "md5", "Asia/Shanghai", None, 30000, "")
    assert own == ImouSettings(*defaults)


@pytest.mark.parametrize(
    ("environ", "lacking"),
    [
        ({}, "IMOU_APP_ID and IMOU_APP_SECRET"),
        ({"IMOU_APP_ID": "lc1"}, "IMOU_APP_SECRET"),
        ({"IMOU_APP_SECRET": "s"}, "IMOU_APP_ID"),
        ({"IMOU_APP_ID": "lc1", "IMOU_APP_SECRET": "s"}, ""),
    ],
)
def test_what_is_lacking_is_named(environ, lacking):
    assert VENDOR.lacks(settings(**environ)) == lacking


@pytest.mark.parametrize(("text", "limit"), [("none", None), ("None", None), ("7", 7)])
def test_a_limit_is_a_number_or_none(text, limit):
    assert settings(IMOU_CALLS_PER_MONTH=text, IMOU_CALLS_PER_DAY=text).calls_per_month == limit


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IMOU_BASE_URL", "openapi.lechange.cn"),
        ("IMOU_APP_ID", "two words"),
        ("IMOU_APP_SECRET", "hush\nlines"),
        ("IMOU_SIGN", "sha1"),
        ("IMOU_TIMEZONE", "Asia/Nowhere"),
        ("IMOU_CALLS_PER_DAY", "0"),
        ("IMOU_CALLS_PER_MONTH", "many"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_by_name(name, value):
    with pytest.raises(Misconfigured, match=name) as caught:
        settings(**{name: value})
    assert "hush" not in caught.value.detail


def test_the_secret_does_not_show_when_the_settings_are_printed():
    assert "hush" not in repr(settings(IMOU_APP_SECRET="hush-secret"))


def test_the_vendor_is_found_by_its_name_and_may_name_any_public_host():
    assert load(["imou"]) == {"imou": VENDOR}
    assert VENDOR.public_media
    assert VENDOR.playback is None


def test_md5_signs_as_the_vendors_known_answer():
    assert sign("md5", TIME, NONCE, SECRET) == "fd37b62889e4757c58b8f3bf05fb9976"


def test_hmac_sha256_signs_as_the_vendors_known_answer():
    assert sign("hmac-sha256", TIME, NONCE, SECRET) == "xjhCQBoJ9hRDsCjyDcHjtDNzRZ3ZJezcawsfWeiaoxU="


def test_a_request_has_the_fields_and_types_of_the_pages_sample():
    sample = json.loads((PAYLOADS / "list-request.json").read_text("utf-8"))
    with running_cloud() as cloud:
        list(client_of(cloud).listing(camera("TESTQWERXXXX"), "aiCloudRecord", DAY))
        asked = next(body for method, body in cloud.heard if method == "getCondensedRecords")
    assert shape(asked) == shape(sample)
    assert asked["params"] | {"token": ""} == {
        "token": "",
        "deviceId": "TESTQWERXXXX",
        "channelId": "0",
        "beginTime": "2026-11-20 00:00:00",
        "endTime": "2026-11-20 23:59:59",
        "packageType": "aiCloudRecord",
        "recordId": "-1",
        "count": 100,
    }
    assert (asked["system"]["appId"], len(asked["system"]["nonce"])) == (APP_ID, 32)
    assert APP_SECRET not in json.dumps(asked)


def shape(value):
    return {name: shape(each) for name, each in value.items()} if isinstance(value, dict) else type(value)


def test_the_setting_decides_how_requests_are_signed():
    with running_cloud() as cloud:
        cloud.will_say("OP1001")
        source = client_of(cloud, IMOU_SIGN="hmac-sha256")
        with pytest.raises(Exception, match="OP1001"):
            source.probe()
        system = cloud.heard[0][1]["system"]
    assert system["sign"] == sign("hmac-sha256", system["time"], system["nonce"], APP_SECRET)
