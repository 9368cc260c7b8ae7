"""How the harvest of a camera's package stands: the schedule, the following and closing of days, trouble."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from shared.domain import harvest
from shared.domain.harvest import Course, Reading, Standing
from shared.domain.job import Lease
from shared.domain.retries import Backoff

NOW = datetime(2026, 11, 20, 4, 5, tzinfo=UTC)
TODAY = date(2026, 11, 20)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WAITS = Backoff(timedelta(seconds=10), HOUR)


def scheduled(standing: Standing, slot: int = 1, today: date = TODAY) -> Standing:
    return harvest.schedule(standing, slot, today)


def listed(standing: Standing, day: date, content: str = "c", over: bool = True) -> Standing:
    return harvest.listed(standing, day, content, NOW, over, "")


def test_the_first_schedule_wants_today_and_yesterday():
    standing = scheduled(Standing())
    assert standing.wanted == (TODAY - DAY, TODAY)
    assert standing.course(NOW) == Course.WANTED


def test_the_schedule_speaks_once_in_a_period():
    standing = scheduled(Standing())
    standing = listed(listed(standing, TODAY - DAY), TODAY, over=False)
    assert scheduled(standing).course(NOW) == Course.IDLE
    assert scheduled(standing, slot=2).wanted == (TODAY - DAY, TODAY)


def test_two_readings_alike_past_its_end_close_a_day():
    standing = listed(scheduled(Standing()), TODAY - DAY)
    assert TODAY - DAY in standing.followed
    standing = listed(scheduled(standing, 2), TODAY - DAY)
    assert TODAY - DAY not in standing.followed
    assert scheduled(standing, 3).wanted == (TODAY,)


def test_a_day_that_still_changes_stays_open():
    standing = listed(scheduled(Standing()), TODAY - DAY, "one")
    standing = listed(scheduled(standing, 2), TODAY - DAY, "two")
    assert standing.followed[TODAY - DAY] == Reading("two", 1)


def test_readings_of_a_day_that_is_not_over_close_nothing():
    standing = scheduled(Standing())
    for slot in (2, 3, 4):
        standing = listed(scheduled(standing, slot), TODAY, over=False)
    assert TODAY in standing.followed


def test_days_that_were_missed_are_made_up_as_far_back_as_vendors_keep():
    standing = listed(scheduled(Standing()), TODAY - DAY)
    later = scheduled(standing, 100, TODAY + 5 * DAY)
    assert later.wanted == tuple(TODAY + number * DAY for number in range(-1, 6))
    standing = listed(standing, TODAY)
    much_later = scheduled(standing, 2000, TODAY + 60 * DAY)
    assert len(much_later.wanted) == 30
    assert much_later.wanted[-1] == TODAY + 60 * DAY


def test_a_closed_day_is_not_taken_up_again_by_the_schedule():
    standing = scheduled(Standing())
    for slot in (2, 3):
        standing = listed(scheduled(standing, slot), TODAY - DAY)
        standing = listed(standing, TODAY)
    tomorrow = scheduled(standing, 4, TODAY + DAY)
    assert tomorrow.wanted == (TODAY, TODAY + DAY)


def test_trouble_keeps_the_day_wanted_and_waits():
    standing = harvest.failed(scheduled(Standing()), "vendor-away", "", NOW, NOW + HOUR)
    assert standing.course(NOW) == Course.POSTPONED
    assert standing.course(NOW + HOUR) == Course.WANTED
    assert standing.wanted == (TODAY - DAY, TODAY)
    assert scheduled(standing, 2).course(NOW) == Course.POSTPONED


def test_somebodys_wish_waits_for_no_postponement():
    standing = harvest.failed(scheduled(Standing()), "vendor-away", "", NOW, NOW + HOUR)
    assert harvest.wish(standing, [TODAY]).course(NOW) == Course.WANTED


def test_waits_grow_with_failures_in_a_row():
    standing = scheduled(Standing())
    waits = []
    for _ in range(5):
        waits.append(harvest.wait_after(standing, WAITS, "seed"))
        standing = harvest.failed(standing, "x", "", NOW, NOW)
    assert waits == sorted(waits)
    assert harvest.wait_after(listed(standing, TODAY), WAITS, "seed") == waits[0]


def test_a_claim_runs_until_its_lease_is_over():
    standing = harvest.claim(scheduled(Standing()), Lease("w", NOW + HOUR))
    assert standing.course(NOW) == Course.RUNNING
    assert standing.course(NOW + HOUR) == Course.WANTED


def test_only_the_same_worker_renews_a_claim():
    standing = harvest.claim(scheduled(Standing()), Lease("w", NOW))
    assert harvest.renewed(standing, Lease("other", NOW + HOUR)).lease == Lease("w", NOW)
    assert harvest.renewed(standing, Lease("w", NOW + HOUR)).lease == Lease("w", NOW + HOUR)


@pytest.mark.parametrize("seed", ["a", "b", "front-door"])
def test_a_period_begins_a_few_minutes_past_the_full_hour(seed):
    hour = NOW.replace(minute=0)
    changes = [
        minute
        for minute in range(1, 60)
        if harvest.slot_of(hour + timedelta(minutes=minute), HOUR, seed)
        != harvest.slot_of(hour + timedelta(minutes=minute - 1), HOUR, seed)
    ]
    assert len(changes) == 1
    assert 2 <= changes[0] <= 11


def test_a_standing_survives_being_written_down():
    standing = harvest.claim(listed(scheduled(Standing()), TODAY - DAY), Lease("w", NOW))
    assert msgspec.json.decode(msgspec.json.encode(standing), type=Standing) == standing
