"""What space promises, on every shared memory: those who start together see one another, and only what is to come counts."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from threading import Barrier

import pytest

from shared.adapters.memory import HandClock, MemoryShared
from shared.adapters.memory_archive import MemoryArchive
from shared.adapters.redis_shared import RedisShared
from shared.errors import Transient
from shared.space import NoSpace, Space

GB = 10**9
LIFE = timedelta(minutes=2)


@pytest.fixture(params=["memory", "fake", "real"])
def space(request: pytest.FixtureRequest, prefix: str) -> Space:
    """Ten gigabytes are free, five of these are left alone."""
    clock = HandClock()
    if request.param == "memory":
        memory = MemoryShared(clock)
    else:
        memory = RedisShared(request.getfixturevalue(f"{request.param}_client"), prefix)
    return Space(MemoryArchive(room=10 * GB), memory, clock.now, 5 * GB, LIFE)


def told(space):
    standing = space.standing()
    return standing.free, standing.promised, standing.reserve


def test_what_is_promised_is_nobody_elses_until_it_is_given_back(space):
    with space.promised("a", 3 * GB):
        assert told(space) == (10 * GB, 3 * GB, 5 * GB)
        with pytest.raises(NoSpace) as no, space.promised("b", 2 * GB):
            pass
        with space.promised("c", 2 * GB - 1):
            assert told(space) == (10 * GB, 5 * GB - 1, 5 * GB)
    assert (no.value.code, no.value.total, no.value.asked) == ("no-space", 2 * GB, False)
    assert no.value.detail == (
        "2,000.0 MB are needed; 10,000.0 MB are free, 3,000.0 MB of these promised to running fetches, "
        "and SPACE_RESERVE leaves 5,000.0 MB alone"
    )
    assert told(space) == (10 * GB, 0, 5 * GB)


def test_the_last_byte_beyond_the_reserve_is_left_alone_too(space):
    space.must_hold(5 * GB - 1)
    for need in (5 * GB, 6 * GB):
        with pytest.raises(NoSpace):
            space.must_hold(need)


def test_bytes_that_are_in_the_spool_are_off_the_free_ones_already_and_count_once(space):
    with space.archive.spool("a") as spool, space.promised("a", 3_000_000):
        for written in (0, 1_000_000, 2_000_000, 3_000_000):
            spool.write(bytes(written - spool.size))
            free, promised, _ = told(space)
            assert (free, promised) == (10 * GB - written, 3_000_000 - written)
        spool.write(b"more than was said")
        assert told(space)[1] == 0


def test_what_an_asset_has_in_its_spool_it_does_not_need_once_more(space):
    space.archive.room = 5 * GB + 1_500_000
    with space.archive.spool("a") as spool:
        spool.write(bytes(1_000_000))
    space.must_hold(1_499_999, "a")
    with pytest.raises(NoSpace):
        space.must_hold(1_499_999, "b")
    with space.promised("a", 1_499_999) as still_room:
        still_room()


def test_a_heartbeat_keeps_a_promise_and_without_one_it_runs_out(space):
    killed = ExitStack()  # nobody is left to give it back
    still_room = killed.enter_context(space.promised("a", 3 * GB))
    _pass(space, LIFE * 0.6)
    still_room()
    _pass(space, LIFE * 0.6)
    assert told(space)[1] == 3 * GB
    _pass(space, LIFE * 0.6)
    assert told(space)[1] == 0
    with space.promised("b", 4 * GB):
        pass


def test_a_heartbeat_says_no_when_the_room_has_gone_elsewhere_and_the_others_gain_by_it(space):
    with space.promised("b", GB) as others:
        with space.promised("a", 3 * GB) as still_room:
            space.archive.room = 9 * GB
            with pytest.raises(NoSpace):
                still_room()
        others()


def test_what_nobody_knows_the_size_of_counts_by_the_bytes_as_they_come(space):
    with space.archive.spool("a") as spool, space.promised("a", 0) as still_room:
        spool.write(bytes(1_000_000))
        assert told(space)[:2] == (10 * GB - 1_000_000, 0)
        with space.promised("b", 5 * GB - 1_000_001):
            still_room()
            spool.write(b"x")
            with pytest.raises(NoSpace):
                still_room()


def test_eight_that_start_at_once_do_not_all_believe_in_the_same_gigabyte(space):
    start, got = Barrier(8), Barrier(8)

    def fetch(number):
        start.wait(10)
        try:
            with space.promised(f"a{number}", GB * 3 // 2):
                got.wait(10)
                return True
        except NoSpace:
            got.wait(10)
            return False

    for _ in range(5):
        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(fetch, range(8))) == 3
        assert told(space)[1] == 0


def test_an_archive_that_is_away_promises_nothing(space):
    class Away(MemoryArchive):
        def free_bytes(self):
            raise Transient("archive-foreign")

    away = Space(Away(), space.memory, space.now, space.reserve, LIFE)
    for ask in (away.standing, lambda: away.must_hold(0), away.promised("a", 1).__enter__):
        with pytest.raises(Transient) as no:
            ask()
        assert no.value.code == "archive-foreign"
    assert told(space)[1] == 0


def _pass(space, time):
    space.now.__self__.move(time)
