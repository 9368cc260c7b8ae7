"""When a worker counts as deaf: bells lie there, a hand is free, and none was taken for long."""

from worker.watchdog import Hearing


class _Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def _hears(looks: list[tuple[float, int, bool]], took: float | None = None) -> bool:
    clock = _Clock()
    hearing = Hearing(90, clock)
    hears = True
    for seconds, waiting, free in looks:
        if took is not None and clock.seconds < took <= seconds:
            clock.seconds = took
            hearing.took()
        clock.seconds = seconds
        hears = hearing.hears(waiting, free)
    return hears


def test_bells_that_nobody_takes_for_long_mean_deafness() -> None:
    assert _hears([(5, 1, True), (85, 3, True)])
    assert not _hears([(5, 1, True), (90, 3, True)])


def test_an_empty_queue_is_no_sign_of_deafness() -> None:
    assert _hears([(5, 1, True), (60, 0, True), (149, 1, True)])
    assert not _hears([(5, 1, True), (60, 0, True), (150, 1, True)])


def test_who_has_no_hand_free_need_take_nothing() -> None:
    assert _hears([(5, 1, True), (60, 1, False), (149, 1, True)])


def test_who_took_a_bell_hears() -> None:
    assert _hears([(5, 9, True), (120, 9, True)], took=60)
    assert not _hears([(5, 9, True), (150, 9, True)], took=60)
