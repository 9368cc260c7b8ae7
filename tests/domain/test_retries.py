"""The numbers: how long to wait before the next try, and how long a download may go on."""

from datetime import timedelta

import pytest

from shared.domain.retries import Backoff, Policy

TEN_SECONDS = Backoff(timedelta(seconds=10), timedelta(minutes=10))


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 10), (1, 10), (2, 20), (3, 40), (4, 80), (5, 160), (6, 320), (7, 600), (8, 600), (10**9, 600)],
)
def test_waits_double_up_to_the_longest_and_are_up_to_a_quarter_longer_by_chance(failures, seconds):
    waits = [TEN_SECONDS.wait(failures, seed).total_seconds() for seed in "abcdefgh"]
    assert all(seconds <= wait <= seconds * 1.25 for wait in waits)
    assert len(set(waits)) == len(waits)


def test_the_same_seed_and_number_give_the_same_wait():
    assert TEN_SECONDS.wait(3, "job") == TEN_SECONDS.wait(3, "job")
    assert TEN_SECONDS.wait(3, "job") != TEN_SECONDS.wait(3, "other")


def test_no_wait_at_all_stays_none():
    assert Backoff(timedelta(0), timedelta(0)).wait(5, "job") == timedelta(0)


@pytest.mark.parametrize(
    ("waiting", "seconds"),
    [("after_failure", [10, 20, 40, 80, 160, 320, 600, 600]), ("while_away", [10, 20, 40, 60, 60])],
)
def test_charged_tries_wait_up_to_ten_minutes_and_a_world_that_is_away_up_to_one(waiting, seconds):
    backoff = getattr(Policy(retry_wait=timedelta(seconds=10)), waiting)
    for failures, least in enumerate(seconds, start=1):
        assert least <= backoff.wait(failures, "job").total_seconds() <= least * 1.25


@pytest.mark.parametrize(
    ("window", "since_rise", "in_all"),
    [(0, 10, 60), (5, 17.5, 80), (30, 55, 180), (60, 100, 300)],
)
def test_a_download_may_go_on_for_one_and_a_half_windows_after_its_last_rise_and_four_in_all(
    window, since_rise, in_all
):
    minutes = [timedelta(minutes=number) for number in (window, since_rise, in_all)]
    assert Policy().deadline(minutes[0]) == (minutes[1], minutes[2])
