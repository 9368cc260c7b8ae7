"""A clock that is off is said by the Date of the cloud's answers, with seconds and direction, before the cloud refuses us."""

from datetime import timedelta

import pytest

from shared.adapters.memory import HandClock, MemoryShared
from shared.vendors.imou.skew import SkewWatch
from tests.builders import NOON, TODAY
from tests.imou_stage import NAMES, on_stage

SAID = "our clock is not the vendor's"


def warnings(caplog) -> list[tuple[int, str]]:
    return [(each.seconds, each.detail) for each in caplog.records if each.message == SAID]


@pytest.mark.parametrize(
    ("moved", "ahead", "said"),
    [(150, -150, "150 s behind the cloud's"), (-150, 150, "150 s ahead of the cloud's")],
)
def test_a_cloud_whose_clock_was_moved_is_listed_and_the_difference_said_once(caplog, moved, ahead, said):
    with on_stage() as stage:
        stage.cloud.clock.set(NOON + timedelta(seconds=moved))
        stage.services.harvests.wish(None, TODAY, TODAY)
        stage.round()
        assert {stage.harvest_of(name)["outcome"] for name in NAMES} == {"ok"}
    ((seconds, detail),) = warnings(caplog)
    assert abs(seconds - ahead) <= 5
    assert said[3:] in detail
    assert "NTP" in detail


@pytest.mark.parametrize("moved", [0, 100, -100])
def test_clocks_that_nearly_agree_are_nothing_to_say(caplog, moved):
    with on_stage() as stage:
        stage.cloud.clock.set(NOON + timedelta(seconds=moved))
        stage.services.record_sources["imou"].probe()
    assert warnings(caplog) == []


def test_a_clock_that_is_too_far_off_is_said_with_the_seconds_beside_the_refusal(caplog):
    with on_stage() as stage:
        stage.cloud.clock.set(NOON + timedelta(seconds=400))
        stage.services.harvests.wish(None, TODAY, TODAY)
        stage.round()
        assert "check the clock" in stage.harvest_of(NAMES[0])["detail"]
    assert [-405 <= seconds <= -395 for seconds, _ in warnings(caplog)] == [True]


def test_it_is_said_again_after_an_hour(caplog):
    clock = HandClock(NOON)
    watch = SkewWatch(MemoryShared(clock), "account", clock.now)
    for _ in range(2):
        for _ in range(3):
            watch.heard("Fri, 20 Nov 2026 03:00:00 GMT")
        clock.move(timedelta(hours=1, seconds=1))
    assert [seconds for seconds, _ in warnings(caplog)] == [3600, 7201]


HUGE = "9" * 40


@pytest.mark.parametrize(
    "date",
    [
        "",
        "yesterday",
        "2026-11-20T12:00:00Z",
        "Fri, 99 Nov 2026 03:00:00 GMT",
        f"Fri, 20 Nov {HUGE} 04:00:00 GMT",
    ],
)
def test_what_is_no_date_says_nothing(caplog, date):
    SkewWatch(MemoryShared(HandClock(NOON)), "account", HandClock(NOON).now).heard(date)
    assert warnings(caplog) == []
