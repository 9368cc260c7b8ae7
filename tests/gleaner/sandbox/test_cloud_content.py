"""What the cloud holds when nobody makes mischief: digests that grow, events, their pictures, and 30 days of it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from gleaner.sandbox.accounts import SECRET_MARKS
from gleaner.sandbox.sentences import STOCK

SAMPLE = {
    **dict.fromkeys(
        ("recordId", "deviceId", "channelId", "channelName", "createTime", "thumbUrl", "type"), str
    ),
    **dict.fromkeys(("recordPath", "recordRegionId", "region", "expireTime", "streamAddr", "userId"), str),
    **dict.fromkeys(("ak", "fileToken", "businessType"), str),
    **dict.fromkeys(("encryptMode", "size", "length", "method"), int),
    "mp4Videos": list,
}
CHAPTER = {
    **dict.fromkeys(("duration", "expireTime", "createTime", "updateTime"), int),
    **dict.fromkeys(("summary", "timePoint"), str),
    "tags": list,
}


def test_a_whole_day_is_one_record_of_the_samples_fields_and_types(account: Any, porch: Any) -> None:
    (record,) = account.records(days=1)
    assert {name: type(value) for name, value in record.items()} == SAMPLE
    day = account.today - timedelta(days=1)
    assert record["createTime"] == day.strftime("%Y%m%dT000000")
    assert (record["deviceId"], record["channelId"], record["channelName"]) == (porch.device, "0", "porch")
    assert (record["businessType"], record["expireTime"]) == ("712", "")
    chapters = record["mp4Videos"]
    assert all({name: type(value) for name, value in each.items()} == CHAPTER for each in chapters)
    assert 5 < len(chapters) <= 24
    assert record["length"] == sum(each["duration"] for each in chapters)
    assert [each["timePoint"] for each in chapters] == sorted({each["timePoint"] for each in chapters})


def test_a_chapter_is_published_55_seconds_after_its_hour_and_kept_for_30_days(account: Any) -> None:
    day = account.today - timedelta(days=1)
    for chapter in account.records(days=1)[0]["mp4Videos"]:
        hour = day + timedelta(hours=int(chapter["timePoint"][:2]))
        told = datetime.fromtimestamp(chapter["createTime"] / 1000, UTC)
        assert told - hour == timedelta(hours=1, seconds=55)
        assert chapter["updateTime"] == chapter["createTime"]
        assert chapter["expireTime"] - chapter["createTime"] == 30 * 86_400_000


def test_the_day_under_way_grows_with_the_clock_and_never_tells_the_future(account: Any) -> None:
    account.evening()
    (whole,) = account.records()
    chapters = whole["mp4Videos"]
    last = datetime.fromtimestamp(chapters[-1]["createTime"] / 1000, UTC)
    assert last <= account.cloud.clock.now()
    account.cloud.clock.set(last - timedelta(seconds=2))
    (before,) = account.records()
    assert before["mp4Videos"] == chapters[:-1]
    assert (before["recordId"], before["createTime"]) == (whole["recordId"], whole["createTime"])
    assert before["size"] < whole["size"]
    assert before["length"] < whole["length"]
    account.cloud.clock.set(last + timedelta(seconds=1))
    assert account.records()[0]["mp4Videos"] == chapters


def test_events_are_records_of_their_own(account: Any) -> None:
    events = account.events(days=1)
    assert 4 <= len(events) <= 8
    day = (account.today - timedelta(days=1)).strftime("%Y%m%d")
    for event in events:
        assert {name: type(value) for name, value in event.items()} == SAMPLE
        assert re.fullmatch(rf"{day}T(0[6-9]|1\d|2[01])\d{{4}}", event["createTime"])
        assert event["type"] in {"人", "车", "宠物", "包裹"}
        assert (event["mp4Videos"], event["businessType"]) == ([], "713")
    assert [each["createTime"] for each in events] == sorted(each["createTime"] for each in events)
    numbers = [int(each["recordId"]) for each in events]
    assert numbers == sorted(set(numbers))


def test_the_past_is_the_same_in_every_run_and_another_for_every_channel(
    cloud_of: Any, gate: Any, garage: Any
) -> None:
    first, second = cloud_of(), cloud_of()

    def told(account: Any, *where: Any) -> list[Any]:
        return [each["mp4Videos"] for each in account.records(*where, days=3)]

    assert told(first) == told(second) != told(first, gate) != told(first, garage)
    ids = [account.ids(days=3) for account in (first, second)]
    assert ids[0] == ids[1]


def test_records_are_kept_for_30_days_to_the_second(account: Any) -> None:
    account.evening()
    assert account.records(days=29)
    assert account.records(days=30) == []
    whole = [each["createTime"] for each in account.events(days=29)]
    third = datetime.strptime(whole[2], "%Y%m%dT%H%M%S").replace(tzinfo=account.today.tzinfo)
    account.cloud.clock.set(third + timedelta(days=30, seconds=1))
    account.sign_in()
    assert [each["createTime"] for each in account.events(days=30)] == whole[3:]


def test_a_listing_holds_what_was_created_within_its_window(account: Any) -> None:
    stamps = [each["createTime"] for each in account.events()]
    wanted = datetime.strptime(stamps[1], "%Y%m%dT%H%M%S")
    window = {"beginTime": str(wanted), "endTime": str(wanted + timedelta(seconds=1))}
    assert [each["createTime"] for each in account.events(**window)] == stamps[1:2]


def test_pages_follow_the_record_id_and_end_with_an_empty_one(account: Any) -> None:
    whole = account.ids()
    paged, cursor = [], "-1"
    while rows := account.events(recordId=cursor, count=2):
        assert len(rows) <= 2
        paged += [each["recordId"] for each in rows]
        cursor = paged[-1]
    assert paged == whole


def test_a_package_that_was_not_bought_has_no_records(account: Any, garage: Any) -> None:
    assert account.records(garage, days=1)
    assert account.records(garage, days=1, packageType="aiInsight") == []


def test_the_bitmap_says_which_days_have_records(account: Any, garage: Any) -> None:
    first = (account.today - timedelta(days=33)).date()
    days = {"beginTime": str(first), "endTime": str((account.today + timedelta(days=1)).date())}
    fields = account.query(recordId=None, count=None, **days)
    bitmap = account.call("queryCondensedRecordBitmap", **fields)["data"]["bitmap"]
    assert re.fullmatch(r"0000?1{29,30}[01]0", bitmap)
    assert len(bitmap) == 35
    fields = account.query(garage, recordId=None, count=None, packageType="aiInsight", **days)
    assert "1" not in account.call("queryCondensedRecordBitmap", **fields)["data"]["bitmap"]


def test_devices_are_listed_with_their_channels_page_by_page(account: Any, porch: Any, gate: Any) -> None:
    pages = [
        account.call("listDeviceDetailsByPage", token=account.sign_in(), page=page, pageSize=1)["data"]
        for page in (1, 2, 3)
    ]
    assert [page["count"] for page in pages] == [1, 1, 0]
    devices = [device for page in pages for device in page["deviceList"]]
    assert [device["deviceId"] for device in devices] == [porch.device, gate.device]
    assert [
        (each["channelId"], each["channelName"]) for device in devices for each in device["channelList"]
    ] == [("0", "porch"), ("0", "gate"), ("1", "garage")]


def test_a_token_is_the_same_with_less_time_left_until_it_ends(account: Any) -> None:
    first = account.call("accessToken")["data"]
    assert first["accessToken"].startswith("At_")
    assert 259_198 <= first["expireTime"] <= 259_200
    account.token = first["accessToken"]
    account.cloud.clock.shift(100_000)
    later = account.call("accessToken")["data"]
    assert later["accessToken"] == first["accessToken"]
    assert 159_198 <= later["expireTime"] <= 159_200
    account.cloud.clock.shift(259_300)
    assert account.result()["code"] == "TK1002"
    assert account.sign_in() != first["accessToken"]
    assert account.result()["code"] == "0"


def test_no_two_answers_share_a_secret_and_each_can_be_recognised(account: Any) -> None:
    answers = [account.events() for _ in range(2)]
    for name, mark in (("ak", "AKSECRET-"), ("fileToken", "FTSECRET-"), ("thumbUrl", "SIGSECRET-")):
        values = [record[name] for answer in answers for record in answer]
        assert len(set(values)) == len(values) == 2 * len(answers[0])
        assert all(mark in value for value in values)


def test_what_is_remembered_holds_no_secret(account: Any) -> None:
    account.fetch(account.events()[0]["thumbUrl"])
    account.call("listDeviceDetailsByPage", token=account.token, page=1, pageSize=5)
    state = account.fetch(account.base_url + "/sandbox/state").text
    assert "getCondensedRecords" in state
    assert not [mark for mark in SECRET_MARKS if mark in state]
    assert account.token not in state


def test_every_call_and_picture_is_noted(account: Any, porch: Any) -> None:
    events = account.events()
    account.result(token="At_wrong")
    for record in events[:1] * 2 + events[1:2]:
        assert account.fetch(record["thumbUrl"]).status_code == 200
    witness = account.cloud.witness
    assert (witness.total, witness.token_calls, witness.repeated_nonces()) == (3, 1, set())
    assert [call.code for call in witness.calls] == ["0", "0", "TK1002"]
    call = witness.calls[1]
    assert (call.method, call.device, call.channel) == ("getCondensedRecords", porch.device, "0")
    assert (call.package, call.cursor, call.rows, call.id) == ("aiInsight", "-1", len(events), "7")
    assert witness.pictures == {events[0]["recordId"]: 2, events[1]["recordId"]: 1}
    account.call("accessToken", system={"nonce": call.nonce})
    assert witness.repeated_nonces() == {call.nonce}


def test_a_picture_is_a_whole_jpeg_that_names_its_record_and_revision(account: Any) -> None:
    (day,), events = account.records(days=1), account.events()
    pictures = {record["recordId"]: account.fetch(record["thumbUrl"]) for record in (day, *events)}
    assert len({answer.content for answer in pictures.values()}) == len(pictures)
    for number, answer in pictures.items():
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
        assert answer.headers["Content-Length"] == str(len(answer.content))
        assert answer.headers["ETag"]
        assert answer.content[:4] == b"\xff\xd8\xff\xfe"
        assert answer.content.endswith(b"\xff\xd9")
        assert len(answer.content) < 30_000
        assert f"record {number} revision".encode() in answer.content[:80]
    assert f"revision {len(day['mp4Videos'])}".encode() in pictures[day["recordId"]].content[:80]


def test_a_pictures_address_is_signed_and_expires(cloud_of: Any) -> None:
    account = cloud_of(picture_life=60.0)
    url = account.events()[0]["thumbUrl"]
    query = parse_qs(urlsplit(url).query)
    for wrong in (
        url.replace("Expires=", "Expires=9"),
        url[:-1],
        url.partition("?")[0],
        url.replace("-0.jpg", "-1.jpg"),
    ):
        assert account.fetch(wrong).status_code == 403
    assert account.fetch(account.base_url + "/thumbs/other.jpg").status_code == 404
    assert int(query["Expires"][0]) - account.cloud.clock.now().timestamp() < 60
    assert account.fetch(url).status_code == 200
    account.cloud.clock.shift(61)
    assert account.fetch(url).status_code == 403
    assert account.fetch(account.events()[0]["thumbUrl"]).status_code == 200


def test_an_expired_address_may_also_be_missing(cloud_of: Any) -> None:
    account = cloud_of(picture_life=0.0, stale_picture=404)
    assert account.fetch(account.events()[0]["thumbUrl"]).status_code == 404


def test_a_range_of_a_picture_can_be_fetched(account: Any) -> None:
    url = account.events()[0]["thumbUrl"]
    whole = account.fetch(url)
    rest = account.http.get(url, headers={"Range": "bytes=100-"}, timeout=5)
    assert (rest.status_code, rest.content) == (206, whole.content[100:])


@pytest.mark.parametrize("tags", [["人"], ["包裹", "车"], ["something new"]])
def test_a_digest_grows_on_demand(account: Any, porch: Any, tags: list[str]) -> None:
    (before,) = account.records(days=2)
    day = str((account.today - timedelta(days=2)).date())
    made = account.steer("records", device=porch.device, day=day, chapters=3, tags=tags).json()["made"]
    (after,) = account.records(days=2)
    assert {each["recordId"] for each in made} == {before["recordId"]} == {after["recordId"]}
    new = [each for each in after["mp4Videos"] if each not in before["mp4Videos"]]
    assert len(new) == len(after["mp4Videos"]) - len(before["mp4Videos"]) == 3
    assert [each["tags"] for each in new] == [tags] * 3
    assert [each["summary"] for each in new] == [each["summary"] for each in made]
    points = [each["timePoint"] for each in after["mp4Videos"]]
    assert points == sorted(set(points))
    assert after["length"] > before["length"]
    assert abs(new[0]["updateTime"] / 1000 - account.cloud.clock.now().timestamp()) < 10


def test_a_day_that_has_nothing_yet_begins_on_demand(account: Any, porch: Any) -> None:
    account.cloud.clock.set(account.today + timedelta(minutes=20))
    assert account.records() == []
    wish = {"device": porch.device, "day": str(account.today.date())}
    assert account.steer("records", **wish, chapters=2).status_code == 200
    (record,) = account.records()
    assert record["mp4Videos"][-1]["timePoint"] <= "00:20"
    assert len(record["mp4Videos"]) == 2
    assert account.steer("records", **wish, chapters=50).status_code == 400


def test_events_are_added_on_demand(account: Any, porch: Any) -> None:
    before = account.events()
    wish = {"device": porch.device, "channel": "0", "package": "aiInsight"}
    day = str((account.today - timedelta(days=1)).date())
    made = account.steer("records", **wish, day=day, chapters=2).json()["made"]
    after = account.events()
    assert [each["recordId"] for each in after][-2:] == [each["recordId"] for each in made]
    assert len(after) == len(before) + 2
    assert after[-1]["createTime"].endswith("T235959")


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"device": "CLOUDCAM0001"},
        {"device": "NOBODY", "day": "TODAY"},
        {"device": "CLOUDCAM0001", "day": "yesterday"},
        {"device": "CLOUDCAM0001", "day": "2020-01-01"},
        {"device": "CLOUDCAM0001", "day": "2999-01-01"},
        {"device": "CLOUDCAM0001", "day": "TODAY", "chapters": 0},
        {"device": "CLOUDCAM0001", "day": "TODAY", "chapters": "2"},
        {"device": "CLOUDCAM0001", "day": "TODAY", "channel": 0},
        {"device": "CLOUDCAM0002", "day": "TODAY", "channel": "1", "package": "aiInsight"},
        {"device": "CLOUDCAM0001", "day": "TODAY", "more": 1},
    ],
)
def test_an_unfit_wish_for_records_is_refused(strict_account: Any, wish: dict[str, Any]) -> None:
    today = str(strict_account.today.date())
    told = {name: today if value == "TODAY" else value for name, value in wish.items()}
    assert strict_account.steer("records", **told).status_code == 400


def test_the_clock_is_moved_by_an_offset_or_to_an_instant(account: Any) -> None:
    assert account.steer("clock", offset=-3600).json()["offset"] == -3600
    moved = account.steer("clock", at="2026-11-20T12:00:00").json()
    assert moved["now"].startswith("2026-11-20T12:00:0")
    assert moved["now"].endswith("+08:00")
    assert account.steer("clock", at="2026-11-20T12:00:00Z").json()["now"].startswith("2026-11-20T20:00:0")
    assert account.fetch(account.base_url + "/sandbox/clock").json()["offset"] == account.cloud.clock.offset
    for wrong in ({}, {"offset": "1"}, {"at": "noon"}, {"offset": 1, "at": "2026-11-20"}, {"offset": 1e12}):
        assert account.steer("clock", **wrong).status_code == 400


def test_days_are_those_of_the_zone_that_the_terms_name(cloud_of: Any) -> None:
    account = cloud_of(zone="America/New_York")
    account.cloud.clock.set(datetime(2026, 11, 2, 12, tzinfo=UTC))
    window = {"beginTime": "2026-10-31 00:00:00", "endTime": "2026-11-01 23:59:59"}
    records = account.records(**window)
    assert [each["createTime"] for each in records] == ["20261031T000000", "20261101T000000"]
    first = datetime.fromtimestamp(records[0]["mp4Videos"][-1]["createTime"] / 1000, UTC)
    point = records[0]["mp4Videos"][-1]["timePoint"]
    assert first == datetime(2026, 10, 31, tzinfo=UTC) + timedelta(hours=int(point[:2]) + 5, seconds=55)


def test_the_stock_of_sentences_is_varied() -> None:
    assert len({sentence for _, sentence in STOCK}) >= 30
    assert {tag for tags, _ in STOCK for tag in tags} == {"人", "车", "宠物", "包裹", "AI_RISK"}


def test_the_chinese_on_the_wire_is_written_as_it_is(account: Any) -> None:
    answer = account.post(
        "getCondensedRecords", {"id": "7", "system": account.system(), "params": account.query(days=1)}
    )
    assert "操作成功" in answer.text
    assert json.loads(answer.content)["result"]["code"] == "0"
