"""The owner's side of the SMS vendor: its section of a camera, its settings, and how its folder is found."""

import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest

from shared.errors import Invalid, Misconfigured
from shared.settings import Source, read
from shared.vendors import load
from shared.vendors.sms import VENDOR
from shared.vendors.sms.section import Follow, Hours, SmsCamera
from shared.vendors.sms.settings import SmsSettings

LEAST = 'device_unicode = "d"\nchannel = "c"\n'
WHOLE = """
device_unicode = "34020000001110000228"
channel = "34020000001320000666"
platform_id = "2"
downloads = 2
keep = ["08:00-20:00", "22:00-06:00", "00:00-24:00"]
keep_since = 2026-11-01
follow = { tags = ["人"], before = 10, after = 30.5 }
"""


def section(text):
    return VENDOR.section(tomllib.loads(text))


def settings(**environ):
    return read(SmsSettings, Source(environ, {}, Path()))


def test_the_whole_section_becomes_a_value():
    assert section(WHOLE) == SmsCamera(
        device_unicode="34020000001110000228",
        channel="34020000001320000666",
        platform_id="2",
        downloads=2,
        keep=(hours(8, 20), hours(22, 6), hours(0, 24)),
        keep_since=date(2026, 11, 1),
        follow=Follow(("人",), timedelta(seconds=10), timedelta(seconds=30.5)),
    )


def hours(start, end):
    return Hours(timedelta(hours=start), timedelta(hours=end))


def test_device_and_channel_are_all_that_is_needed():
    assert section(LEAST) == SmsCamera("d", "c")


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('channel = "c"', "device_unicode"),
        ('device_unicode = "d"', "channel"),
        ('device_unicode = 34\nchannel = "c"', "device_unicode"),
        ('device_unicode = ""\nchannel = "c"', "device_unicode"),
        ('device_unicode = "d d"\nchannel = "c"', "device_unicode"),
        ('device_unicode = "d\\n"\nchannel = "c"', "device_unicode"),
        (LEAST + "platfrom_id = '2'", "platfrom_id"),
        (LEAST + "platform_id = 2", "platform_id"),
        (LEAST + "downloads = 0", "downloads"),
        (LEAST + "downloads = 65", "downloads"),
        (LEAST + "downloads = 1.5", "downloads"),
        (LEAST + "downloads = true", "downloads"),
        (LEAST + "downloads = '2'", "downloads"),
        (LEAST + "keep = '08:00-20:00'", "keep"),
        (LEAST + "keep = ['8-20']", "keep.0"),
        (LEAST + "keep = ['08:00-20:00', '08:00-25:00']", "keep.1"),
        (LEAST + "keep = ['08:00-08:00']", "keep.0"),
        (LEAST + "keep = ['24:00-06:00']", "keep.0"),
        (LEAST + "keep = [8]", "keep.0"),
        (LEAST + "keep_since = '2026-11-01'", "keep_since"),
        (LEAST + "keep_since = 2026-11-01T00:00:00", "keep_since"),
        (LEAST + "follow = true", "follow"),
        (LEAST + "follow = { before = 1, after = 1 }", "follow.tags"),
        (LEAST + "follow = { tags = [], before = 1, after = 1 }", "follow.tags"),
        (LEAST + "follow = { tags = [''], before = 1, after = 1 }", "follow.tags.0"),
        (LEAST + "follow = { tags = ['人'], after = 1 }", "follow.before"),
        (LEAST + "follow = { tags = ['人'], before = -1, after = 1 }", "follow.before"),
        (LEAST + "follow = { tags = ['人'], before = 1, after = 3601 }", "follow.after"),
        (LEAST + "follow = { tags = ['人'], before = 1, after = nan }", "follow.after"),
        (LEAST + "follow = { tags = ['人'], before = 1, after = 1, during = 1 }", "follow.during"),
    ],
)
def test_a_fault_in_the_section_is_named_by_its_field(text, field):
    with pytest.raises(Invalid) as caught:
        section(text)
    assert caught.value.code == "cameras-file"
    assert caught.value.field == field
    assert caught.value.detail.startswith(f"camera.sms.{field}: ")


def test_nothing_has_to_be_set():
    assert settings() == SmsSettings("", "Asia/Shanghai", "", "", "", "auto", 16, timedelta(seconds=60))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMS_BASE_URL", "ftp://platform"),
        ("SMS_BASE_URL", "http://"),
        ("SMS_BASE_URL", "http://platform:port"),
        ("SMS_BASE_URL", "http://exa mple"),
        ("SMS_BASE_URL", "http://platform/a b"),
        ("SMS_TIMEZONE", "Asia/Nowhere"),
        ("SMS_PROGRESS", "permille"),
        ("SMS_DOWNLOADS", "0"),
        ("SMS_TOKEN", "two\nlines"),
        ("SMS_LINKER_SIGN", "签名"),
        ("SMS_LINKER_SIGN", "command: "),
        ("SMS_LINKER_SIGN", "command:print 'two lines"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_by_name(name, value):
    with pytest.raises(Misconfigured, match=name) as caught:
        settings(**{name: value})
    assert "lines" not in caught.value.detail


def test_secrets_do_not_show_when_the_settings_are_printed():
    shown = repr(settings(SMS_TOKEN="hush-token", SMS_LINKER_SIGN="hush-sign"))
    assert "hush" not in shown


def test_a_vendor_is_found_by_the_name_of_its_folder():
    assert load(["sms"]) == {"sms": VENDOR}


@pytest.mark.parametrize("name", ["nobody", "base", "sms.client", "", "../sms"])
def test_a_word_that_names_no_vendor_is_refused(name):
    with pytest.raises(Misconfigured, match="there is no vendor"):
        load([name])
