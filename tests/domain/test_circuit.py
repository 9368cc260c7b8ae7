"""A vendor's circuit: what opens it, what closes it, and when it may be tried."""

from datetime import timedelta

from shared.domain.circuit import Circuit, answered, faulted, probe_failed, served, shut
from tests.builders import NOON

PAUSE = timedelta(seconds=10)
MOST = timedelta(seconds=60)


def after_faults_of(*jobs: str) -> Circuit:
    circuit = Circuit()
    for job in jobs:
        circuit = faulted(circuit, job, "vendor-error", "500", NOON, PAUSE)
    return circuit


def test_one_bad_job_opens_nothing_however_often_it_fails():
    assert not after_faults_of(*["bad"] * 100).open


def test_five_faults_in_a_row_over_two_jobs_open_it():
    assert not after_faults_of("a", "b", "a", "b").open
    circuit = after_faults_of("a", "b", "a", "b", "a")
    assert circuit.open
    assert (circuit.until, circuit.code, circuit.reason) == (NOON + PAUSE, "vendor-error", "500")


def test_the_second_job_may_be_the_last_of_many():
    assert after_faults_of(*["a"] * 9, "b").open


def test_a_served_job_forgets_every_fault():
    assert served(after_faults_of("a", "b", "a", "b")) == Circuit()
    assert served(after_faults_of("a", "b", "a", "b", "a")) == Circuit()


def test_an_answered_question_closes_it_until_the_next_fault():
    circuit = answered(after_faults_of("a", "b", "a", "b", "a"))
    assert (circuit.open, circuit.failing()) == (False, True)
    assert faulted(circuit, "c", "vendor-error", "500", NOON, PAUSE).until == NOON + PAUSE


def test_it_may_be_tried_once_the_pause_is_over_and_only_then():
    circuit = after_faults_of("a", "b", "a", "b", "a")
    assert not circuit.may_probe(NOON + PAUSE - timedelta(microseconds=1))
    assert circuit.may_probe(NOON + PAUSE)
    assert not Circuit().may_probe(NOON + PAUSE)


def test_faults_of_those_still_under_way_do_not_stretch_the_pause():
    circuit = after_faults_of("a", "b", "a", "b", "a", "c", "d")
    assert circuit.until == NOON + PAUSE


def test_the_pause_doubles_with_each_failed_probe_up_to_the_longest():
    circuit, pauses = after_faults_of("a", "b", "a", "b", "a"), []
    for _ in range(50):
        circuit = probe_failed(circuit, NOON, PAUSE, MOST)
        assert circuit.until
        pauses.append((circuit.until - NOON).total_seconds())
    assert pauses == [20, 40, *[60] * 48]


def test_how_many_jobs_have_failed_is_not_remembered_beyond_what_matters():
    assert len(after_faults_of(*"abcdefghij").jobs) == 2


def test_what_a_vendor_has_shut_by_its_word_only_a_probe_opens():
    closed = shut(Circuit(), "vendor-quota", "spent", NOON + PAUSE, NOON + MOST)
    assert served(closed) == closed
    assert shut(closed, "vendor-quota", "spent", NOON, NOON + MOST).until == NOON + PAUSE
    assert answered(closed).until is None
    assert served(answered(closed)) == Circuit()


def test_until_when_nobody_is_served_is_what_the_vendor_named_as_long_as_that_is_to_come():
    closed = shut(Circuit(), "vendor-quota", "spent", NOON + PAUSE, NOON + MOST)
    assert (closed.until, closed.over) == (NOON + PAUSE, NOON + MOST)
    later = probe_failed(closed, NOON + MOST, PAUSE, MOST)
    assert later.over == later.until > NOON + MOST
    assert answered(closed).over is None
    assert after_faults_of("a", "b", "a", "b", "a").over == NOON + PAUSE
