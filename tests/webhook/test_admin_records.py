"""The admin API's harvests and records: wished for, listed, looked for, shown; what is refused names its field."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from shared.domain.effects import harvest as bell
from shared.domain.events import Sighting
from shared.domain.records import Chapter
from shared.ports import Unread
from tests.builders import NOON, TODAY

PUBLISHED = {
    "id", "vendor", "camera", "package", "created_at", "tags", "summary", "chapters", "expires_at",
    "latest_at", "picture", "revision",
    "jobs", "day", "duration_seconds", "size",
}  # fmt: skip


# -- quarantine --------------------------------------------------------------------------------------------------------


def test_what_could_not_be_read_is_listed_by_api_and_on_the_page(world, admin, operator):
    assert admin.get("/admin/records/quarantine").json == {"quarantine": []}
    assert "could not be read" not in operator.get("/records").text
    subject = next(world.services.harvests.subjects("front-door"))
    broken = Unread("createTime: is <no> time", '{"recordId": "7"}')
    world.services.quarantine.listed(subject, TODAY, [broken])
    (held,) = admin.get("/admin/records/quarantine").json["quarantine"]
    assert held == {
        "vendor": "imou",
        "camera": "front-door",
        "package": "digest",
        "day": TODAY.isoformat(),
        "at": "2026-11-20T12:00:00+08:00",
        "fault": broken.fault,
        "row": broken.row,
    }
    assert admin.get("/admin/records/quarantine?camera=berlin").json == {"quarantine": []}
    page = operator.get("/records").text
    assert "1 rows could not be read" not in page
    assert "1 row could not be read" in page
    assert "createTime: is &lt;no&gt; time" in page


# -- harvests ----------------------------------------------------------------------------------------------------------


def test_a_harvest_of_everything_needs_no_body(world, admin):
    for body in ({}, {"json": {}}):
        answer = admin.post("/admin/harvests", **body)
        assert (answer.status_code, answer.content_type) == (202, "application/json")
        assert answer.json["harvests"] == [
            {"camera": "front-door", "package": package, "state": "wanted"}
            for package in ("digest", "events")
        ]
    assert world.bells.rung[-1] == bell("imou")


def test_days_are_wanted_first_and_last_included(world, admin):
    wish = {"camera": "front-door", "since": "2026-11-17", "until": "2026-11-19"}
    assert admin.post("/admin/harvests", json=wish).status_code == 202
    standings = [world.services.harvests.standing(each) for each in world.services.harvests.subjects()]
    assert [standing.wanted for standing in standings] == [
        tuple(date(2026, 11, day) for day in (17, 18, 19))
    ] * 2
    assert admin.get("/admin/cameras").json["cameras"][0]["harvests"][0]["days"] == [
        "2026-11-17",
        "2026-11-18",
        "2026-11-19",
    ]


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"camera": "nobody"}, "camera"),
        ({"camera": "berlin"}, "camera"),
        ({"camera": ""}, "camera"),
        ({"camera": 7}, "camera"),
        ({"since": "yesterday"}, "since"),
        ({"since": "20261119"}, "since"),
        ({"since": "2026-11-19T00:00:00"}, "since"),
        ({"since": "2026-02-30"}, "since"),
        ({"since": "0001-01-01"}, "since"),
        ({"since": 20261119}, "since"),
        ({"since": "2026-11-20", "until": "2026-11-19"}, "since"),
        ({"since": "2026-01-01"}, "since"),
        ({"until": "2026-11-21"}, "until"),
        ({"force": True}, "force"),
    ],
)
def test_a_harvest_that_cannot_be_wished_for_names_its_field_and_changes_nothing(world, admin, wish, field):
    answer = admin.post("/admin/harvests", json=wish)
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert list(answer.json["errors"]) == [field]
    standings = [world.services.harvests.standing(each) for each in world.services.harvests.subjects()]
    assert not any(standing.wanted for standing in standings)


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"[]", 422), (b"7", 422), (b"\xff", 400)])
def test_a_body_that_is_no_wish_is_refused(admin, body, status):
    assert admin.post("/admin/harvests", data=body).status_code == status


# -- records -----------------------------------------------------------------------------------------------------------


def ids(answer):
    assert answer.status_code == 200
    return [record["id"] for record in answer.json["records"]]


def test_a_record_is_told_in_the_cameras_zone_with_its_chapters_picture_and_jobs(world, admin):
    entry = world.pictured(expires_at=NOON + timedelta(days=30), summary="早上")
    [record] = admin.get("/admin/records").json["records"]
    assert set(record) == PUBLISHED
    assert {
        name: record[name] for name in ("id", "vendor", "camera", "package", "summary", "tags", "revision")
    } == {
        "id": entry.record.id,
        "vendor": "imou",
        "camera": "front-door",
        "package": "digest",
        "summary": "早上",
        "tags": ["人"],
        "revision": 1,
    }
    assert (record["day"], record["created_at"]) == ("2026-11-20", "2026-11-20T08:00:00+08:00")
    assert record["expires_at"] == "2026-12-20T12:00:00+08:00"
    assert (record["duration_seconds"], record["size"]) == (12.0, 1000)
    assert (record["picture"], record["jobs"]) == (entry.picture_key, list(entry.jobs))
    [chapter] = record["chapters"]
    assert chapter == {
        "time_point": "08:00",
        "tags": ["人"],
        "summary": "一人走过门口",
        "duration_seconds": 12.0,
        "updated_at": "2026-11-20T09:00:00+08:00",
    }
    assert admin.get(f"/admin/records/{entry.record.id}").json == record
    assert admin.get(f"/admin/jobs/{entry.jobs[0]}").json["record"] == record["id"]


def test_no_address_of_a_picture_goes_out(world, admin):
    entry = world.listed(signed="signed-and-secret")
    assert "signed-and-secret" in entry.picture.address
    for path in ("/admin/records", f"/admin/records/{entry.record.id}", f"/admin/jobs/{entry.jobs[0]}"):
        assert "signed-and-secret" not in admin.get(path).text


def test_a_record_without_picture_or_camera_is_told_all_the_same(world, admin):
    gone = world.services.records.upsert(replace(world.listed().record, id="0" * 20, camera="gone"), None)
    record = admin.get(f"/admin/records/{gone.record.id}").json
    assert (record["picture"], record["jobs"], record["created_at"]) == (
        None,
        [],
        "2026-11-20T00:00:00+00:00",
    )


def test_records_are_found_by_camera_day_tag_words_and_time(world, admin):
    early = world.listed("1", created_at=NOON - timedelta(hours=9), tags=("车",), chapters=())
    cat = world.listed("2", chapters=(Chapter("09:00", ("猫",), "一只Cat经过"),), summary="")
    other = world.listed("3", camera="berlin", day=TODAY - timedelta(days=1), summary="雨")
    for query, found in (
        ("", [cat, other, early]),
        ("camera=berlin", [other]),
        ("day=2026-11-19", [other]),
        ("tag=车", [early]),
        ("tag=猫", [cat]),
        ("q=cat经", [cat]),
        ("q=雨&camera=front-door", []),
        ("from=2026-11-20T04:00:00%2B08:00", [cat, other]),
        ("camera=front-door&to=2026-11-20T04:00", [early]),
        ("camera=nobody", []),
    ):
        assert sorted(ids(admin.get(f"/admin/records?{query}"))) == sorted(
            each.record.id for each in found
        ), query


def test_records_are_paged_newest_first(world, admin):
    made = [world.listed(str(n), created_at=NOON - timedelta(minutes=n)).record.id for n in range(5)]
    first = admin.get("/admin/records?limit=2")
    second = admin.get("/admin/records", query_string={"limit": 2, "cursor": first.json["next"]})
    third = admin.get("/admin/records", query_string={"limit": 2, "cursor": second.json["next"]})
    assert ids(first) + ids(second) + ids(third) == made
    assert third.json["next"] is None


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "cursor=x",
        "camera=",
        "tag=",
        "q=",
        "day=today",
        "from=x",
        "to=x",
        "colour=red",
    ],
)
def test_a_question_that_cannot_be_read_names_its_field(admin, query):
    answer = admin.get(f"/admin/records?{query}")
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [query.partition("=")[0]]


@pytest.mark.parametrize("record_id", ["0" * 20, "x", "0" * 19, "A" * 20, "%00", "0" * 20 + "%0A"])
def test_a_record_that_is_not_there_is_not_found(admin, record_id):
    answer = admin.get(f"/admin/records/{record_id}")
    assert (answer.status_code, answer.json["code"]) == (404, "unknown-record")


def test_the_same_record_listed_with_other_words_is_another_revision(world, admin):
    world.listed()
    world.services.records.upsert(
        replace(world.listed().record, summary="another"), Sighting("picture", "http://pictures.example/1")
    )
    assert [record["revision"] for record in admin.get("/admin/records").json["records"]] == [2]
