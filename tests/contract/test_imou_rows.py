"""The rows of a listing, in every form in which the vendor's pages, samples and demo app show their fields."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from shared.domain.events import Sighting
from shared.domain.records import Chapter, record_id
from shared.vendors.imou.records import Reader
from shared.vendors.imou.schemas import read_row, rows_of
from tests.contract.imou_cloud import camera, client, running_cloud

SAMPLE = (Path(__file__).parent.parent / "payloads" / "imou" / "list-answer.json").read_bytes()
SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 4, 23)
BARE = {"recordId": "7", "createTime": "20260423T101500"}


def row_of(**fields):
    row, unread = read_row(BARE | fields)
    assert unread == ()
    return row


def record_of(package="aiInsight", day=DAY, **fields):
    return Reader("front-door", package, day, SHANGHAI).records([row_of(**fields)])[0].record


def chapters_of(*videos):
    return record_of("aiCloudRecord", mp4Videos=list(videos)).chapters


def test_the_pages_own_sample_becomes_a_record():
    with running_cloud() as cloud:
        source = client(cloud)
        source.probe()
        cloud.will_say((200, SAMPLE), (200, b'{"result": {"code": "0"}}'))
        (page, *rest) = source.listing(camera("TESTQWERXXXX"), "aiCloudRecord", DAY)
    assert [(each.records, each.unread) for each in rest] == [((), ())]
    (listed,) = page.records
    record = listed.record
    assert page.unread == ()
    assert listed.picture == Sighting("picture", "http://xxxxxxxxx.xx.xxx/xxxxxx")
    assert record.id == record_id("imou", "front-door", "aiCloudRecord", "2026-04-23")
    assert (record.vendor, record.vendor_id, record.camera) == ("imou", "3304819", "front-door")
    assert (record.package, record.day) == ("aiCloudRecord", DAY)
    assert record.created_at == datetime(2026, 4, 22, 16, tzinfo=UTC)
    assert (record.tags, record.summary, record.expires_at) == (("人",), "", None)
    assert (record.size, record.duration_seconds) == (238037, 22.0)
    summary = "办公室内多人活动,一戴眼镜白短袖男子在工作"
    assert record.chapters == (
        Chapter("10:00", ("人",), summary, 24.0, datetime(2026, 4, 27, 3, 0, 55, tzinfo=UTC)),
    )
    assert dict(record.facts) == {
        "encryptMode": "1",
        "channelName": "门店摄像头1",
        "type": "包裹",
        "businessType": "712",
        "method": "0",
    }


def test_nothing_secret_of_the_sample_is_in_the_record_or_shown():
    raw = json.loads(SAMPLE)["result"]["data"]["records"][0]
    row, _ = read_row(raw)
    hidden = ["thumbUrl", "recordPath", "recordRegionId", "streamAddr", "userId", "ak", "fileToken"]
    shown = repr(row) + repr(Reader("c", "aiInsight", DAY, SHANGHAI).records([row])[0].record)
    assert [name for name in hidden if raw[name] in shown] == []


# -- one test for each form of each field ------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["3304819", 3304819, " 3304819 "])
def test_a_record_id_is_text_or_a_number(given):
    assert row_of(recordId=given).id == "3304819"


@pytest.mark.parametrize("field", ["recordId", "createTime"])
@pytest.mark.parametrize("given", [None, "", [], {}, True, 1.5, "x" * 65])
def test_a_row_without_what_names_or_dates_it_is_unread_and_says_why(field, given):
    row, (unread,) = read_row(BARE | {field: given})
    assert row is None
    assert f"was left out: {field}: " in unread.sentence
    assert "xxx" not in unread.sentence


@pytest.mark.parametrize("raw", [None, "row", 7, ["row"]])
def test_a_row_that_is_no_object_is_unread(raw):
    assert read_row(raw)[0] is None


@pytest.mark.parametrize(
    "given",
    [
        "20260423T101500",
        "2026-04-23 10:15:00",
        "2026-04-23T10:15:00",
        1776910500,
        1776910500000,
        "1776910500000",
    ],
)
def test_a_creation_time_has_two_forms_or_is_a_stamp(given):
    assert record_of(createTime=given).created_at == datetime(2026, 4, 23, 2, 15, tzinfo=UTC)


@pytest.mark.parametrize("given", [238037, "238037", 238037.0])
def test_a_size_is_a_number_or_text(given):
    assert record_of(size=given).size == 238037


@pytest.mark.parametrize("given", [None, "", 0, "0", -1, "much", True, [], float("nan"), float("inf"), 1e300])
def test_a_size_or_length_that_is_none_is_unknown(given):
    record = record_of(size=given, length=given)
    assert (record.size, record.duration_seconds) == (None, None)


@pytest.mark.parametrize(("given", "seconds"), [(22, 22.0), (22.5, 22.5), ("22.5", 22.5)])
def test_a_length_is_a_number_or_text(given, seconds):
    assert record_of(length=given).duration_seconds == seconds


@pytest.mark.parametrize("given", [1779850855000, "1779850855000", 1779850855, "1779850855"])
def test_an_end_of_life_is_seconds_or_milliseconds(given):
    assert record_of(expireTime=given).expires_at == datetime(2026, 5, 27, 3, 0, 55, tzinfo=UTC)


@pytest.mark.parametrize("given", [None, "", 0, "0", "soon", 259200, 1676910500, 9**19, 4000000000, {}])
def test_an_end_of_life_that_cannot_be_is_unknown(given):
    assert record_of(expireTime=given).expires_at is None


@pytest.mark.parametrize("given", ["http://h/p", "https://h:443/p?sign=1", " http://h/p "])
def test_a_picture_is_where_an_http_address_leads(given):
    (listed,) = Reader("c", "aiInsight", DAY, SHANGHAI).records([row_of(thumbUrl=given)])
    assert listed.picture == Sighting("picture", given.strip())


@pytest.mark.parametrize(
    "given", [None, "", 7, "file:///etc/passwd", "http://", "//h/p", "http://h /p", "http://[", []]
)
def test_what_is_no_http_address_is_no_picture(given):
    (listed,) = Reader("c", "aiInsight", DAY, SHANGHAI).records([row_of(thumbUrl=given)])
    assert listed.picture is None


@pytest.mark.parametrize(
    ("given", "tags"), [("包裹", ("包裹",)), (1000, ("1000",)), (None, ()), ("", ()), ("人,车", ("人", "车"))]
)
def test_an_event_is_tagged_with_its_type(given, tags):
    assert record_of(type=given).tags == tags


@pytest.mark.parametrize("name", ["encryptMode", "businessType", "method"])
@pytest.mark.parametrize("given", [1, "1", 712, "712"])
def test_the_modes_are_kept_as_text(name, given):
    assert record_of(**{name: given}).facts == {name: str(given)}


@pytest.mark.parametrize("given", [None, "", []])
def test_a_record_may_be_without_chapters(given):
    assert record_of(mp4Videos=given).chapters == ()


@pytest.mark.parametrize(
    ("given", "tags"),
    [
        (["人", "车"], ("人", "车")),
        ("人", ("人",)),
        ("人,车,人", ("人", "车")),
        ("人，车", ("人", "车")),
        ('["人", "AI_RISK"]', ("人", "AI_RISK")),
        ("[broken", ("[broken",)),
        ([1, None, {"x": 1}, "人"], ("1", "人")),
        (7, ("7",)),
        (None, ()),
        ("", ()),
        ([], ()),
        ({}, ()),
    ],
)
def test_the_tags_of_a_chapter_are_a_list_or_text(given, tags):
    assert chapters_of({"timePoint": "10:00", "tags": given})[0].tags == tags


@pytest.mark.parametrize("tags", [None, "", [], "absent"])
def test_the_other_name_for_tags_counts_where_there_are_none(tags):
    video = {"timePoint": "10:00", "tags": tags, "msgIconList": ["宠物"]}
    if tags == "absent":
        del video["tags"]
    assert chapters_of(video)[0].tags == ("宠物",)


@pytest.mark.parametrize(
    ("given", "point"), [("10:00", "10:00"), ("9:5", "09:05"), ("23:59:59", "23:59"), (" 0:0 ", "00:00")]
)
def test_a_time_point_is_hours_and_minutes(given, point):
    assert chapters_of({"timePoint": given})[0].time_point == point


@pytest.mark.parametrize("given", [None, "", 10, "24:00", "10:60", "ten"])
def test_a_chapter_without_a_time_point_is_left_out_and_named_and_the_record_stays(given):
    row, (unread,) = read_row(BARE | {"mp4Videos": [{"timePoint": given}, {"timePoint": "10:00"}]})
    assert [video.time_point for video in row.videos] == ["10:00"]
    assert unread.sentence.startswith("record 7: mp4Videos[0] was left out: timePoint: ")


@pytest.mark.parametrize("given", [24, "24", 24.0])
def test_a_chapters_duration_is_a_number_or_text(given):
    assert chapters_of({"timePoint": "10:00", "duration": given})[0].duration_seconds == 24.0


@pytest.mark.parametrize("given", [1777258855000, "1777258855000", 1777258855])
def test_a_chapters_update_is_a_stamp(given):
    updated = chapters_of({"timePoint": "10:00", "updateTime": given})[0].updated_at
    assert updated == datetime(2026, 4, 27, 3, 0, 55, tzinfo=UTC)


def test_a_chapter_of_nothing_but_its_time_is_one():
    nothing = dict.fromkeys(["tags", "summary", "duration", "createTime", "updateTime", "expireTime"])
    assert chapters_of({"timePoint": "10:00", **nothing}) == (Chapter("10:00"),)


def test_chapters_come_in_the_order_of_the_day():
    points = [
        chapter.time_point for chapter in chapters_of(*({"timePoint": p} for p in ("9:0", "22:00", "07:30")))
    ]
    assert points == ["07:30", "09:00", "22:00"]


def test_a_digest_shows_what_its_chapters_show_and_else_its_type():
    videos = [{"timePoint": "10:00", "tags": "人,车"}, {"timePoint": "09:00", "tags": ["宠物", "人"]}]
    assert record_of("aiCloudRecord", type="包裹", mp4Videos=videos).tags == ("人", "车", "宠物")
    assert record_of("aiCloudRecord", type="包裹").tags == ("包裹",)
    assert record_of("aiInsight", type="包裹", mp4Videos=videos).tags == ("包裹",)


def test_only_a_summary_of_the_row_itself_is_the_records():
    assert record_of(summary="有人").summary == "有人"
    assert record_of(mp4Videos=[{"timePoint": "10:00", "summary": "有人"}]).summary == ""


def test_more_than_the_page_names_is_kept_unless_it_sounds_secret():
    extra = {
        "beginTime": "2026-04-23 10:00:00",
        "star": True,
        "score": 0.5,
        "nested": {"a": 1},
        "list": [1],
        "void": None,
    }
    hush = [
        "encryptSecret",
        "pairKey",
        "playToken",
        "psk",
        "AK",
        "userName",
        "picUrl",
        "streamAddr",
        "m3uPath",
        "osdSign",
    ]
    record = record_of(**extra, **dict.fromkeys(hush, "HUSH"), elsewhere="http://h/?sign=HUSH")
    assert record.facts == {"beginTime": "2026-04-23 10:00:00", "star": "true", "score": "0.5"}


@pytest.mark.parametrize("data", [{}, {"records": None}, {"records": ""}, {"records": []}])
def test_no_list_of_records_is_an_empty_one(data):
    assert rows_of(data) == []


# -- what identifies a record ------------------------------------------------------------------------------------------


def midnight(number):
    return row_of(recordId=number, createTime="20260423T000000")


def keys(package, *pages):
    reader = Reader("front-door", package, DAY, SHANGHAI)
    found = [listed.record for page in pages for listed in reader.records(page)]
    known = {record_id("imou", "front-door", package, key): key for key in ("2026-04-23", "7", "8", "9")}
    return {record.vendor_id: known[record.id] for record in found}


def test_a_digest_is_known_by_its_day_even_when_its_id_changes():
    assert keys("aiCloudRecord", [midnight(7)]) == {"7": "2026-04-23"}
    assert keys("aiCloudRecord", [midnight(9)]) == {"9": "2026-04-23"}


def test_of_two_digests_the_one_with_the_smaller_number_is_the_days_on_whatever_page():
    assert keys("aiCloudRecord", [midnight(9), midnight(8)]) == {"8": "2026-04-23", "9": "9"}
    assert keys("aiCloudRecord", [midnight(8)], [midnight(9)]) == {"8": "2026-04-23", "9": "9"}


def test_a_record_of_another_hour_and_an_event_at_midnight_are_known_by_their_ids():
    assert keys("aiCloudRecord", [row_of()]) == {"7": "7"}
    assert keys("aiInsight", [midnight(7)]) == {"7": "7"}


def test_a_record_belongs_to_the_day_that_was_asked_for():
    assert record_of(day=date(2026, 4, 22)).day == date(2026, 4, 22)


def test_one_broken_row_spoils_no_other_and_hides_none_behind_it():
    good = [BARE | {"recordId": str(number)} for number in range(10, 16)]
    good[2] = good[2] | {"createTime": "yesterday"}
    with running_cloud() as cloud:
        cloud.rows, cloud.cap = good, 1
        pages = list(client(cloud).listing(camera(), "aiInsight", DAY))
    found = [listed.record.vendor_id for page in pages for listed in page.records]
    assert found == ["10", "11", "13", "14", "15"]
    (unread,) = [each.fault for page in pages for each in page.unread]
    assert unread.startswith("record 12 was left out: createTime: ")


# -- what no honest cloud sends -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("odd", ["00010101T000000", "99991231T235958", "0001-01-01 00:00:00"])
def test_a_row_of_another_age_is_left_out(odd):
    found, (fault,) = read_row(BARE | {"createTime": odd})
    assert found is None
    assert "createTime" in fault.sentence


@pytest.mark.parametrize("odd", [1e14, "1e12", 1e9])
def test_a_length_of_years_is_unknown(odd):
    found, faults = read_row(BARE | {"length": odd})
    assert (found.length, faults) == (None, ())


def test_a_flood_of_rows_chapters_or_tags_is_cut():
    assert len(rows_of({"records": [0] * 100_000})) == 1000
    found, _ = read_row(
        BARE | {"mp4Videos": [{"timePoint": "10:00", "tags": [str(n) for n in range(999)]}] * 9999}
    )
    assert len(found.videos) == 1000
    assert len(found.videos[0].tags) == 50
