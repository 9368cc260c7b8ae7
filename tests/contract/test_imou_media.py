"""What a row says of its video: taken over word for word under the vendor's names, and shown nowhere."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from shared.adapters.memory import HandClock
from shared.domain.camera import Camera
from shared.vendors.imou import VENDOR
from shared.vendors.imou.records import Reader
from shared.vendors.imou.schemas import read_row
from tests.builders import NOON
from tests.imou_stage import a_client, a_toolbox

SAMPLE = (Path(__file__).parent.parent / "payloads" / "imou" / "list-answer.json").read_bytes()
BARE = {"recordId": "7", "createTime": "20260423T101500"}


def media_of(**fields):
    row, unread = read_row(BARE | fields)
    assert unread == ()
    return row.media


def listed_of(raw):
    row, _ = read_row(raw)
    return Reader("front-door", "aiCloudRecord", date(2026, 4, 23), ZoneInfo("Asia/Shanghai")).records([row])[
        0
    ]


def test_the_pages_own_sample_says_how_its_video_is_reached_in_its_own_words():
    raw = json.loads(SAMPLE)["result"]["data"]["records"][0]
    media = listed_of(raw).media
    names = (
        "recordPath",
        "recordRegionId",
        "region",
        "streamAddr",
        "userId",
        "ak",
        "fileToken",
        "businessType",
    )
    assert {name: media.fields[name] for name in names} == {name: raw[name] for name in names}
    assert (media.fields["method"], media.fields["encryptMode"]) == ("0", "1")
    assert media.expires_at is None
    assert "expireTime" not in media.fields


def test_nothing_of_it_is_shown():
    raw = json.loads(SAMPLE)["result"]["data"]["records"][0]
    listed = listed_of(raw)
    shown = repr(listed) + repr(read_row(raw)[0]) + str(dict(listed.record.facts))
    hidden = ("recordPath", "recordRegionId", "streamAddr", "userId", "ak", "fileToken")
    assert [name for name in hidden if raw[name] in shown] == []


@pytest.mark.parametrize(
    "fields", [{}, {"ak": "a", "fileToken": "f"}, {"recordPath": ""}, {"streamAddr": None}]
)
def test_a_row_that_does_not_say_where_its_video_is_has_no_descriptor(fields):
    assert media_of(**fields) == {}
    assert listed_of(BARE | fields).media is None


@pytest.mark.parametrize("odd", [None, "", True, [], {}, "x" * 4097, "a\nb"])
def test_a_value_that_cannot_be_one_is_as_if_it_were_absent(odd):
    assert media_of(recordPath="p", ak=odd) == {
        "recordPath": "p",
        "recordId": "7",
        "createTime": "20260423T101500",
    }


def test_values_stay_word_for_word():
    assert media_of(recordPath=" a b ", method=1)["recordPath"] == " a b "
    assert media_of(recordPath="p", method=1)["method"] == "1"


@pytest.mark.parametrize("ends", ["2026-05-23 10:15:00", 1779502500, "1779502500000"])
def test_it_is_good_until_the_rows_end(ends):
    media = listed_of(BARE | {"recordPath": "p", "expireTime": ends}).media
    assert media.expires_at == datetime(2026, 5, 23, 2, 15, tzinfo=UTC)


def test_videos_are_wanted_of_cameras_with_hls_and_of_no_others():
    client = a_client("http://127.0.0.1:1", a_toolbox(HandClock(NOON)))
    wanted = {
        name: client.wants_video(Camera(name, sections=sections))
        for name, sections in {
            "filmed": {"imou": VENDOR.section({"device": "D", "hls": True})},
            "unfilmed": {"imou": VENDOR.section({"device": "D"})},
            "another-vendors": {"sms": object()},
        }.items()
    }
    assert wanted == {"filmed": True, "unfilmed": False, "another-vendors": False}
