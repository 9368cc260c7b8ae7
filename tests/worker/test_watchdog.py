"""When a worker counts as deaf: bells lie there, a hand is free, and none was taken in many looks."""

from worker.watchdog import LOOKS, Hearing


def _looks(hearing: Hearing, number: int, waiting: int = 1, free: bool = True) -> bool:
    """Whether it hears, as the last of so many looks has it."""
    return [hearing.hears(waiting, free) for _ in range(number)][-1]


def test_bells_that_nobody_takes_for_long_mean_deafness() -> None:
    hearing = Hearing()
    assert _looks(hearing, LOOKS - 1)
    assert not _looks(hearing, 1)


def test_an_empty_queue_is_no_sign_of_deafness() -> None:
    hearing = Hearing()
    _looks(hearing, LOOKS - 1)
    assert _looks(hearing, LOOKS, waiting=0)
    assert _looks(hearing, LOOKS - 1)
    assert not _looks(hearing, 1)


def test_who_has_no_hand_free_need_take_nothing() -> None:
    hearing = Hearing()
    _looks(hearing, LOOKS - 1)
    assert _looks(hearing, 2 * LOOKS, free=False)
    assert _looks(hearing, LOOKS - 1)


def test_who_took_a_bell_hears() -> None:
    hearing = Hearing()
    _looks(hearing, LOOKS - 1)
    hearing.took()
    assert _looks(hearing, LOOKS - 1, waiting=9)
    assert not _looks(hearing, 1, waiting=9)
