"""How often cameras are listed: their own rhythm, and the factor by which a budget of calls stretches it."""

from datetime import UTC, date, datetime, timedelta
from functools import reduce
from itertools import accumulate, pairwise

import pytest

from shared.domain import harvest
from shared.domain.harvest import Standing
from shared.domain.rhythm import BUSY, MOST, SOON, Budget, learnt, pace, sentence, settled, step, stretched

NOW = datetime(2026, 11, 20, 4, 5, tzinfo=UTC)
TODAY = date(2026, 11, 20)
HOUR = timedelta(hours=1)
DAY_ENDS = NOW + timedelta(hours=10)


MIDNIGHT = datetime(2026, 11, 20, 0, 5)  # of the vendor's clocks
SHOP = tuple(95 if 8 <= hour < 20 else 0 for hour in range(24))  # busy by day, nobody there by night
NEVER, ALWAYS = (0,) * 24, (100,) * 24


def looks(habit, quiet=1, every=HOUR, at=MIDNIGHT):
    """The hours of a day in which it is listed."""
    hours = []
    while at.day == MIDNIGHT.day:
        hours.append(at.hour)
        at += step(habit, quiet, at, every) * every
    return hours


def test_a_camera_without_a_habit_is_listed_every_period_while_it_has_news_and_then_ever_less():
    noon = MIDNIGHT.replace(hour=12)
    assert [step((), quiet, noon, HOUR) for quiet in (BUSY, 0, 1, 2, 3, 1000)] == [1, 1, 2, 4, 8, 8]


def test_a_camera_is_listed_when_there_should_be_something_to_find():
    assert looks(SHOP) == [0, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]
    assert looks(ALWAYS) == [*range(24)]
    assert looks(NEVER) == [0, 8, 16]
    assert looks((30,) * 24) == [*range(0, 24, 3)]


def test_hours_that_were_busy_by_habit_are_looked_at_less_while_they_bring_nothing():
    noon = MIDNIGHT.replace(hour=12)
    assert [step(SHOP, quiet, noon, HOUR) for quiet in (1, 2, 8, 30)] == [1, 2, 2, 4]


def test_news_against_all_habit_are_followed_up_and_every_period_once_they_go_on():
    assert [step(NEVER, quiet, MIDNIGHT, HOUR) for quiet in (1, 0, -1, BUSY)] == [8, 2, 2, 1]
    standing = Standing(quiet=9)
    for content in "abcd":
        standing = harvest.listed(standing, TODAY, content, NOW, False, "")
    assert standing.quiet == BUSY


@pytest.mark.parametrize("every", [timedelta(minutes=10), HOUR, 2 * HOUR, 5 * HOUR, timedelta(days=1)])
@pytest.mark.parametrize("habit", [(), NEVER, SHOP, ALWAYS])
def test_no_camera_is_left_alone_for_longer_than_eight_hours_or_a_period_nor_beyond_midnight(habit, every):
    for minute in range(0, 1440, 10):
        at = MIDNIGHT.replace(hour=minute // 60, minute=minute % 60)
        periods = step(habit, 1000, at, every)
        assert periods * every <= max(SOON, every)
        assert periods == 1 or (at + (periods - 1) * every).day == at.day


def test_a_habit_is_learnt_from_whole_days_and_forgets():
    once = learnt((), {8, 9})
    assert [hour for hour in range(24) if once[hour]] == [8, 9]
    often = reduce(learnt, [{8}, {8}, {8}, {8, 9}], once)
    assert often[8] == 100
    assert 30 <= often[9] < 60
    gone = [*accumulate([set()] * 9, learnt, initial=once)]
    assert [each[8] for each in gone] == sorted((each[8] for each in gone), reverse=True)
    assert gone[-1][8] < 10


def test_only_the_closing_of_a_day_teaches_and_it_does_so_once():
    standing = harvest.schedule(Standing(), 1, TODAY + timedelta(days=1))
    for over, habit in ((False, ()), (True, ()), (True, learnt((), {8}))):
        standing = harvest.listed(standing, TODAY, "c", NOW, over, "", {8})
        assert standing.habit == habit
    again = harvest.listed(standing, TODAY, "c", NOW, True, "", {9})
    assert again.habit == standing.habit


def test_the_budget_is_shared_by_what_each_takes_on_an_average_day():
    assert [pace(habit, 1, HOUR) for habit in (NEVER, ALWAYS, SHOP)] == [8, 1, 24 / 14]


@pytest.mark.parametrize("hours", [7, 5, 24, 48])
def test_a_period_that_does_not_divide_the_day_is_no_more_often_than_it_is(hours):
    assert pace(ALWAYS, 1, hours * HOUR) == 1


def test_a_part_of_an_hour_has_its_part_of_the_news():
    assert [step((30,) * 24, 0, MIDNIGHT.replace(hour=3), HOUR / part) for part in (1, 2, 4)] == [2, 2, 2]
    assert [step(ALWAYS, 1, MIDNIGHT.replace(hour=3), HOUR / part) for part in (1, 2, 4)] == [1, 2, 4]


def test_nothing_stretches_while_the_calls_suffice():
    assert stretched([1] * 10, HOUR, [Budget(120, DAY_ENDS)], NOW) == 1
    assert stretched([1] * 10, HOUR, [], NOW) == 1
    assert stretched([], HOUR, [Budget(0, DAY_ENDS)], NOW) == 1


def test_all_stretch_by_what_the_scarcest_budget_lacks():
    assert stretched([1] * 10, HOUR, [Budget(60, DAY_ENDS), Budget(100, DAY_ENDS)], NOW) == 2
    assert stretched([4] * 40, HOUR, [Budget(60, DAY_ENDS)], NOW) == 2


def test_no_calls_at_all_stretch_as_far_as_anything_does():
    assert stretched([1], HOUR, [Budget(0, DAY_ENDS)], NOW) == MOST


def test_a_factor_changes_only_when_it_breaks_the_budget_or_wastes_it():
    assert settled(1.5, 1.4) == 1.5
    assert settled(1.5, 1.6) == 1.6
    assert settled(1.5, 1.2) == 1.2


def test_a_stretched_rhythm_comes_true_on_average():
    standing, wished = Standing(), []
    for slot in range(1, 141):
        after = harvest.schedule(standing, slot, TODAY, 1.4)
        wished += [slot] if after != standing else []
        standing = after
    assert len(wished) == 100
    assert {later - earlier for earlier, later in pairwise(wished)} == {1, 2}


def test_news_of_today_bring_a_quiet_camera_back_to_every_period():
    standing = harvest.schedule(Standing(), 1, TODAY)
    for content in (harvest.NOTHING, harvest.NOTHING, "one", "one", "two"):
        standing = harvest.listed(standing, TODAY, content, NOW, False, "")
    assert standing.quiet == 0
    assert harvest.listed(standing, TODAY, "two", NOW, False, "").quiet == 1


def test_readings_of_a_day_that_is_over_say_nothing_of_how_busy_a_camera_is():
    for shown in ("", f"{TODAY - timedelta(days=1)} news"):
        for content in ("news", "more"):
            standing = Standing(quiet=3, shown=shown)
            assert harvest.listed(standing, TODAY - timedelta(days=1), content, NOW, True, "").quiet == 3


def test_a_stretched_rhythm_is_told_in_plain_words():
    assert sentence(1, HOUR) == "busy cameras are listed every 60 min, quiet ones less often"
    assert "all cameras are listed 1.5 times less often, busy ones about every 90 min" in sentence(1.5, HOUR)
