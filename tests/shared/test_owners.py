"""Whether the owner of a lease is certainly dead: told by real processes."""

import os
import subprocess
import sys

import pytest

from shared.owners import is_dead, this_process

ASK = "from shared.owners import this_process; print(this_process(), flush=True); input()"


@pytest.fixture
def child():
    process = subprocess.Popen(
        [sys.executable, "-c", ASK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    yield process, process.stdout.readline().strip()
    process.kill()
    process.communicate()


def test_this_process_lives():
    assert not is_dead(this_process())


def test_an_owner_is_another_one_each_time():
    assert this_process() != this_process()


def test_a_process_is_dead_once_it_was_killed_buried_or_not(child):
    process, owner = child
    assert not is_dead(owner)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_dead(owner)
    process.wait()
    assert is_dead(owner)


def test_a_number_that_is_used_again_is_another_process():
    host, pid, start, serial = this_process().split("/")
    assert is_dead("/".join((host, pid, str(int(start) - 1), serial)))


def test_nobody_is_taken_for_dead_who_lives_where_we_do_not_see():
    place, *rest = this_process().split("/")
    host = place.rpartition("-")[0]
    assert not is_dead("/".join((f"{host}-00000000", *rest[:1], "1", "x")))


@pytest.mark.parametrize("owner", ["", "w", "elsewhere/1/1/x", "elsewhere/999999999/1/x", "/1//x"])
def test_nobody_is_taken_for_dead_who_is_not_known(owner):
    assert not is_dead(owner)


def test_nobody_is_taken_for_dead_where_the_system_does_not_tell():
    host, pid, _, serial = this_process().split("/")
    assert not is_dead(f"{host}/{pid}/0/{serial}")
