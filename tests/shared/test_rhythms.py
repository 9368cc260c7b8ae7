"""When a change of the rhythm is said: at once if it is much, else once a day, and never twice."""

from shared.rhythms import Decided

DAY = 24


def said(factors: list[float]) -> list[tuple[int, float]]:
    """Of factors decided hour by hour, which were said, and when."""
    decided, told = Decided(), []
    for period, factor in enumerate(factors):
        after = decided.followed_by(period, factor, DAY)
        told += [(period, factor)] if after.said_in != decided.said_in else []
        decided = after
        assert (decided.period, decided.factor) == (period, factor)
    return told


def test_a_rhythm_that_stays_is_said_once_and_one_that_never_stretched_not_at_all():
    assert said([1.0] * 100) == []
    assert said([1.1] * 100) == [(0, 1.1)]


def test_small_changes_to_and_fro_are_said_once_a_day():
    assert said([1.1, 1.2, 1.1, 1.0] * 12) == [(0, 1.1), (DAY + 1, 1.2)]


def test_much_is_said_at_once():
    assert said([1.1, 1.3, 1.4, 3.0, 2.9, 1.0]) == [(0, 1.1), (2, 1.4), (3, 3.0), (5, 1.0)]
