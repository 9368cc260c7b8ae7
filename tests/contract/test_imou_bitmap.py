"""The cloud's bitmap of days: what is read of it, what is taken for none, and what is asked."""

from datetime import date, timedelta

import pytest

from shared.errors import Transient
from shared.vendors.imou.bitmap import read_bitmap
from tests.contract.imou_cloud import DAY, HANG_UP, camera, client, running_cloud

WEEK = DAY - timedelta(days=6)


@pytest.fixture
def cloud():
    with running_cloud() as server:
        yield server


def days_of(source, package="aiInsight"):
    return source.days(camera(), package, WEEK, DAY)


@pytest.mark.parametrize(
    ("bitmap", "held"),
    [
        ("0000000", ()),
        ("1000001", (14, 20)),
        (" 0010000\n", (16,)),
        ("00x00 1", (16, 19, 20)),  # what is no plain 0 is worth a listing
    ],
)
def test_a_character_stands_for_each_day_first_and_last_included(bitmap, held):
    assert read_bitmap(bitmap, WEEK, DAY) == {date(2026, 11, day) for day in held}


@pytest.mark.parametrize(
    "bitmap", ["", "000000", "00000000", None, 1000001, ["1"] * 7, {"bitmap": "0000000"}]
)
def test_a_bitmap_that_is_none_of_these_days_tells_nothing(bitmap):
    assert read_bitmap(bitmap, WEEK, DAY) is None


def test_the_method_is_asked_as_the_vendors_demo_app_asks(cloud):
    assert days_of(client(cloud)) is None  # this cloud does not know the method
    (asked,) = [body["params"] for method, body in cloud.heard if method == "queryCondensedRecordBitmap"]
    assert {name: value for name, value in asked.items() if name != "token"} == {
        "deviceId": "CAM1",
        "channelId": "0",
        "beginTime": "2026-11-14",
        "endTime": "2026-11-20",
        "packageType": "aiInsight",
    }


def test_every_question_about_days_is_counted(cloud):
    source = client(cloud)
    source.probe()
    days_of(source)
    assert [quota.used for quota in source.quotas()] == [len(cloud.heard)] * 2 == [2, 2]


@pytest.mark.parametrize(
    ("answers", "code"),
    [(("OP1013",), "vendor-quota"), (((503, b""),) * 3, "vendor-away")],
    ids=["quota", "away"],
)
def test_where_no_call_goes_through_nothing_is_said_about_days(cloud, answers, code):
    source = client(cloud)
    source.probe()
    cloud.will_say(*answers)
    with pytest.raises(Transient) as trouble:
        days_of(source)
    assert trouble.value.code == code


def test_a_lost_answer_is_asked_for_again_before_it_is_done_without(cloud):
    source = client(cloud)
    source.probe()
    cloud.will_say(HANG_UP, HANG_UP, HANG_UP)
    assert days_of(source) is None
    assert cloud.calls["queryCondensedRecordBitmap"] == 3
