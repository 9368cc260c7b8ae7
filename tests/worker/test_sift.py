"""Back-fill: many wanted days are asked about in one call, and only those that hold something are listed."""

from datetime import date, timedelta

import pytest

from shared.domain.harvest import KEPT_BY_VENDORS
from tests.builders import TODAY
from tests.imou_stage import BITMAP, Stage, device_of, on_stage

DOOR = device_of("front-door")
HELD = (date(2026, 11, 2), date(2026, 11, 9), date(2026, 11, 18))
FIRST, LAST = TODAY - timedelta(days=30), TODAY - timedelta(days=1)


@pytest.fixture
def stage():
    with on_stage(names=("front-door",)) as made:
        made.cloud.throw({"bare": True})
        made.add(DOOR, *HELD)
        yield made


def wish(stage: Stage, since: date = FIRST, until: date = LAST) -> None:
    stage.services.harvests.wish("front-door", since, until)


def test_thirty_days_with_three_that_hold_something_are_one_bitmap_and_three_listings(stage):
    wish(stage)
    stage.round()
    assert (stage.calls(BITMAP), stage.listings()) == (1, 3)
    assert stage.listed_days(DOOR) == [day.isoformat() for day in HELD]
    told = stage.harvest_of("front-door")
    assert (told["state"], told["outcome"], told["days"]) == ("idle", "ok", [])
    assert len(told["empty_days"]) == 27
    assert not {day.isoformat() for day in HELD} & {*told["empty_days"]}


def test_today_is_listed_whatever_the_bitmap_says(stage):
    wish(stage, until=TODAY)
    stage.round()
    assert stage.calls(BITMAP) == 1
    assert stage.listed_days(DOOR)[-1] == TODAY.isoformat()


def test_a_day_whose_grace_is_not_over_is_listed_whatever_the_bitmap_says(stage):
    stage.after(hours=12, minutes=10)  # ten minutes past midnight in Shanghai
    wish(stage, until=TODAY)
    stage.round()
    assert TODAY.isoformat() in stage.listed_days(DOOR)


def test_one_or_two_days_are_listed_without_asking(stage):
    wish(stage, LAST - timedelta(days=1))
    stage.round()
    assert (stage.calls(BITMAP), stage.listings()) == (0, 2)


def test_progress_is_shown_day_by_day(stage):
    wish(stage)
    left = [len(stage.harvest_of("front-door")["days"])]
    while stage.round(1):
        left.append(len(stage.harvest_of("front-door")["days"]))
    assert left == [30, 3, 2, 1, 0]


def test_more_days_than_the_cloud_is_asked_about_at_once_are_asked_about_in_parts(stage):
    wish(stage, TODAY - timedelta(days=61))
    stage.round()
    assert [(each.begin, each.end) for each in stage.cloud.witness.calls if each.method == BITMAP] == [
        ("2026-09-20", "2026-10-19"), ("2026-10-20", "2026-11-18"), ("2026-11-19", "2026-11-19"),
    ]  # fmt: skip
    assert stage.listings() == 3


def test_a_day_of_which_we_keep_records_is_listed_although_the_bitmap_has_nothing(stage):
    wish(stage)
    stage.round()
    stage.cloud.throw({"vanish": True})
    wish(stage)
    stage.round()
    assert stage.listed_days(DOOR) == [day.isoformat() for day in HELD] * 2


@pytest.mark.parametrize(
    "trouble", [{"code": "OP1007"}, {"code": "OP1001"}, {"code": "OP1026"}, {"code": "DV1028"}]
)
def test_without_a_bitmap_every_day_is_listed(stage, trouble, caplog):
    stage.cloud.throw({**trouble, "code_after": 0, "code_times": 1}, DOOR)
    wish(stage)
    stage.round()
    assert (stage.calls(BITMAP), stage.listings()) == (1, 30)
    assert stage.harvest_of("front-door")["empty_days"] == []
    assert not stage.told("status")["circuits"]["imou"]["open"]
    assert sum("cannot be asked for" in each.message for each in caplog.records) == 1


def test_a_bitmap_that_is_no_json_is_asked_for_again_and_then_done_without(stage):
    stage.services.record_sources["imou"].probe()
    stage.cloud.throw({"reply": "html"}, DOOR)
    wish(stage)
    assert stage.round(1) == 1
    assert (stage.calls(BITMAP), stage.listings()) == (3, 0)
    stage.cloud.throw({"reply": "no"}, DOOR)
    stage.round()
    assert (stage.calls(BITMAP), stage.listings()) == (3, 30)


def test_a_method_that_the_account_has_no_right_to_is_not_asked_for_every_time(stage, caplog):
    stage.cloud.throw({"code": "OP1012", "code_times": 1}, DOOR)
    for _ in range(2):
        wish(stage)
        stage.round()
    assert (stage.calls(BITMAP), stage.listings()) == (1, 60)
    assert sum("cannot be asked for" in each.message for each in caplog.records) == 1
    stage.after(hours=7)
    wish(stage)
    stage.round()
    assert (stage.calls(BITMAP), stage.listings()) == (2, 63)


def test_a_camera_of_which_it_cannot_be_told_says_nothing_about_the_next_question(stage):
    stage.cloud.throw({"code": "OP1001", "code_times": 1}, DOOR)
    for asked in (1, 2):
        wish(stage)
        stage.round()
        assert stage.calls(BITMAP) == asked


def test_records_of_another_package_have_no_day_listed():
    with on_stage("aiInsight", "aiCloudRecord", names=("front-door",)) as stage:
        stage.cloud.throw({"bare": True})
        stage.add(DOOR, *HELD, package="aiCloudRecord")
        for listings in (3, 6):
            wish(stage)
            stage.round()
            assert stage.listings() == listings


def test_a_spent_quota_ends_the_back_fill_with_the_bitmap_and_it_goes_on_later(stage):
    stage.cloud.throw({"code": "OP1011"})
    wish(stage)
    stage.round()
    assert (stage.calls(BITMAP), stage.listings()) == (0, 0)  # it is the token that was refused
    assert stage.told("status")["circuits"]["imou"]["code"] == "vendor-quota"
    stage.cloud.throw({"code": ""})
    stage.after(hours=13)
    stage.round()
    assert (stage.calls(BITMAP), stage.listings()) == (1, 3)


def test_days_that_an_outage_missed_are_asked_about_in_one_call_and_closed_by_two_alike():
    with on_stage(every=3600, names=("front-door",)) as stage:
        stage.cloud.throw({"bare": True})
        stage.round()
        stage.after(days=20)
        stage.add(DOOR, TODAY + timedelta(days=5))
        before, listed = stage.calls(BITMAP), stage.listings()
        stage.round()
        assert stage.calls(BITMAP) - before == 1
        assert stage.listings() - listed == 2  # the day that holds something, and today
        stage.after(hours=4)
        stage.round()
        assert stage.calls(BITMAP) - before == 2
        assert stage.listings() - listed == 4
        stage.after(
            hours=9
        )  # past midnight: of the new day nothing can be known, the one before is read once more
        stage.round()
        assert stage.calls(BITMAP) - before == 2
        assert stage.listings() - listed == 5
        (subject,) = stage.services.harvests.subjects()
        assert len(stage.services.harvests.standing(subject).followed) <= 2


def test_a_day_that_was_empty_once_and_then_is_not_stays_open():
    with on_stage(every=3600, names=("front-door",)) as stage:
        stage.cloud.throw({"bare": True})
        stage.round()
        stage.after(days=8)
        stage.round()
        late = TODAY + timedelta(days=3)
        stage.add(DOOR, late)
        stage.after(hours=4)
        stage.round()
        assert late.isoformat() in stage.listed_days(DOOR)
        assert late.isoformat() not in stage.harvest_of("front-door")["empty_days"]


def test_a_wish_made_while_the_bitmap_is_asked_for_is_answered_by_another():
    with on_stage(names=("front-door",)) as stage:
        stage.cloud.throw({"bare": True})
        wish(stage)
        claim = stage.services.harvests.take("imou", "somebody")
        assert len(claim.unsifted) == KEPT_BY_VENDORS.days
        wish(stage)
        stage.services.harvests.sifted(claim, claim.unsifted)
        assert len(stage.harvest_of("front-door")["days"]) == KEPT_BY_VENDORS.days
        stage.round()
        assert (stage.calls(BITMAP), stage.listings()) == (1, 0)
