"""How often cameras are listed: their own rhythm, and the factor by which a budget of calls stretches it."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from shared.domain import harvest
from shared.domain.harvest import Standing
from shared.domain.rhythm import MOST, Budget, sentence, settled, step, stretched

NOW = datetime(2026, 11, 20, 4, 5, tzinfo=UTC)
TODAY = date(2026, 11, 20)
HOUR = timedelta(hours=1)
DAY_ENDS = NOW + timedelta(hours=10)


def test_a_busy_camera_keeps_every_period_and_a_quiet_one_ever_fewer():
    assert [step(quiet, HOUR) for quiet in (0, 1, 2, 3, 1000)] == [1, 2, 4, 4, 4]


@pytest.mark.parametrize("every", [timedelta(minutes=10), HOUR, 2 * HOUR, 5 * HOUR, timedelta(days=1)])
def test_a_quiet_camera_is_never_left_alone_for_longer_than_six_hours_or_a_period(every):
    assert step(1000, every) * every <= max(timedelta(hours=6), every)


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
    standing = harvest.listed(Standing(quiet=3), TODAY - timedelta(days=1), "news", NOW, True, "")
    assert standing.quiet == 3


def test_a_stretched_rhythm_is_told_in_plain_words():
    assert sentence(1, HOUR) == "busy cameras are listed every 60 min, quiet ones less often"
    assert "all cameras are listed 1.5 times less often, busy ones about every 90 min" in sentence(1.5, HOUR)
