"""Circuits as all processes share them: what one writes, another reads, and what cannot be read stops nobody."""

from datetime import datetime, timedelta, timezone

import pytest

from shared.adapters.memory import HandClock, MemoryShared
from shared.circuits import Circuits

PAUSE = timedelta(seconds=30)


def circuits(memory: MemoryShared, clock: HandClock) -> Circuits:
    return Circuits(memory, clock.now, PAUSE, PAUSE * 10)


def test_what_one_process_has_learnt_another_reads_whole():
    clock = HandClock()
    memory = MemoryShared(clock)
    named = datetime(2027, 1, 1, tzinfo=timezone(timedelta(hours=8)))
    circuits(memory, clock).faulted("imou", "a job", "vendor-away", "no answer")
    circuits(memory, clock).shut("imou", "vendor-quota", "all are used", clock.now() + PAUSE, named)
    found = circuits(memory, clock).get("imou")
    assert (found.jobs, found.code, found.reason) == (frozenset({"a job"}), "vendor-quota", "all are used")
    assert (found.until, found.named, found.over, found.shut) == (clock.now() + PAUSE, named, named, True)


@pytest.mark.parametrize("text", ["[0]", "{", '{"until": "tomorrow"}', "null"])
def test_what_cannot_be_read_is_a_closed_circuit_and_is_written_anew(text):
    clock = HandClock()
    memory = MemoryShared(clock)
    memory.swap("circuit:imou", None, text)
    ours = circuits(memory, clock)
    assert not ours.get("imou").open
    ours.shut("imou", "vendor-quota", "all are used", clock.now() + PAUSE)
    assert ours.get("imou").open
