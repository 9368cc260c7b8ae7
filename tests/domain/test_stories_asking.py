"""Stories of asking a vendor: an answer may be early, late, lost or odd, and still no submission is made for nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain import events as e
from shared.domain.job import FileState, State
from shared.domain.lifecycle import Moved
from shared.domain.rules.moving import Late
from tests.builders import NOON, POLICY, a_job, a_window
from tests.domain.tale import Tale, a_file, told_until

SILENCE = POLICY.silence.total_seconds()


# -- 1. the callback before the answer ---------------------------------------------------------------------------------


def test_a_callback_before_the_answer_and_the_answer_are_one_submission():
    tale = told_until(State.SUBMITTING)
    tale.tell(e.Progressed(1, 0.1, stream_id="early"))
    assert tale.state == State.PREPARING
    tale.tell(e.Submitted(1, "early"))
    assert (tale.state, tale.attempts, tale.job.attempt) == (State.PREPARING, 1, 1)
    assert tale.job.current
    assert tale.job.current.stream_id == "early"


def test_an_answer_after_callbacks_takes_nothing_back_that_they_told():
    tale = told_until(State.SUBMITTING)
    tale.tell(e.Progressed(1, 0.4, stream_id="early"))
    tale.wait(30)
    tale.tell(e.Progressed(1, 1.0, ended=True))
    before = tale.job
    tale.tell(e.Submitted(1, "the name to ask by"))
    current = replace(before.current, stream_id="the name to ask by", aliases=("early",))
    assert tale.job == replace(before, current=current)
    assert (before.progress, before.finalising_since) == (1.0, tale.at)


def test_a_callback_that_names_another_stream_is_noted_and_decides_nothing():
    tale = told_until(State.PREPARING)
    before = tale.job
    for name in ("other", "other", "stream", "third", "fourth", "fifth", "sixth"):
        tale.tell(e.Progressed(1, None, stream_id=name))
    assert tale.job.current == replace(before.current, aliases=("other", "third", "fourth", "fifth"))
    assert (tale.state, tale.owes, tale.attempts) == (State.PREPARING, [], 1)


def test_a_file_before_the_answer_and_the_answer_are_one_submission():
    tale = told_until(State.SUBMITTING)
    tale.tell(e.Prepared(1, (a_file(),)))
    assert isinstance(tale.tell(e.Submitted(1, "stream")), Late)
    assert (tale.state, tale.attempts, tale.owes) == (State.READY, 1, [])


def test_a_callback_stands_for_an_answer_that_never_comes():
    tale = told_until(State.SUBMITTING)
    tale.tell(e.AnswerLost(1))
    tale.wait(SILENCE - 1)
    tale.tell(e.Progressed(1, 0.1, stream_id="stream"))
    tale.wait(SILENCE - 1)
    tale.tell(e.Prepared(1, (a_file(),)))
    assert (tale.state, tale.attempts, tale.job.attempt) == (State.READY, 1, 1)


def test_a_callback_after_its_submission_was_written_off_still_saves_the_next_one():
    tale = told_until(State.SUBMITTING)
    tale.tell(e.AnswerLost(1))
    tale.wait(SILENCE)
    assert tale.state == State.WANTED
    tale.tell(e.Progressed(1, 0.1))
    assert (tale.state, tale.attempts, tale.job.attempt) == (State.PREPARING, 1, 1)


def test_an_answer_after_its_submission_was_written_off_still_saves_the_next_one():
    tale = told_until(State.SUBMITTING)
    tale.wait(120 + SILENCE)
    assert (tale.state, tale.job.unexplained, tale.attempts) == (State.WANTED, (1,), 0)
    tale.tell(e.Submitted(1, "stream"))
    assert (tale.state, tale.job.attempt) == (State.PREPARING, 1)
    assert (tale.job.unexplained, tale.attempts) == ((), 1)


# -- 2. the answer never comes, and nobody calls -----------------------------------------------------------------------


def test_an_unknown_answer_and_silence_lead_to_one_more_submission():
    tale = told_until(State.SUBMITTING)
    tale.tell(e.AnswerLost(1, "read timed out"))
    tale.wait(SILENCE - 1)
    assert tale.state == State.SUBMITTING
    tale.wait(1)
    assert (tale.state, tale.job.reason, tale.job.detail) == (
        State.WANTED,
        "submit-unknown",
        "read timed out",
    )
    assert isinstance(tale.claim(), Moved)
    assert (tale.attempts, tale.job.attempt) == (1, 2)


def test_a_worker_that_dies_while_asking_leaves_an_unknown_answer_that_is_not_charged():
    tale = told_until(State.SUBMITTING)
    tale.wait(120)
    assert (tale.state, tale.job.unexplained) == (State.SUBMITTING, (1,))
    tale.wait(SILENCE)
    assert (tale.state, tale.job.reason, tale.attempts) == (State.WANTED, "submit-unknown", 0)


# -- 12. nothing there -------------------------------------------------------------------------------------------------


def test_nothing_there_is_believed_of_an_old_window():
    tale = Tale(a_job(window=a_window(minutes_ago=66)))
    tale.claim()
    tale.tell(e.NoFootage(1))
    assert (tale.state, tale.job.reason, tale.attempts) == (State.EMPTY, "no-footage", 1)


def test_nothing_there_of_a_fresh_window_is_postponed_and_charges_nothing():
    tale = Tale(a_job(window=a_window(minutes_ago=60)))
    while tale.state == State.WANTED:
        assert tale.at < NOON + timedelta(minutes=6)
        tale.claim()
        tale.tell(e.NoFootage(tale.job.attempt))
        assert (tale.state, tale.job.reason, tale.attempts) == (State.WANTED, "not-listed-yet", 0)
        tale.wait(tale.seconds_until_due())
        if tale.at >= NOON + timedelta(minutes=5):
            break
    tale.claim()
    tale.tell(e.NoFootage(tale.job.attempt))
    assert (tale.state, tale.attempts) == (State.EMPTY, 1)


def test_nothing_there_when_asked_about_a_fresh_window_was_one_submission():
    tale = Tale(a_job(window=a_window(minutes_ago=60)))
    tale.submit()
    tale.tell(e.NoFootage(1))
    assert (tale.state, tale.attempts, tale.job.postponed) == (State.WANTED, 1, 0)


@pytest.mark.parametrize(
    "no", [e.PrepareFailed(1, "vendor-error"), e.AnswerLost(1), e.Postponed("x", attempt=1)]
)
def test_no_other_answer_makes_a_job_empty(no):
    tale = told_until(State.SUBMITTING)
    tale.tell(no)
    tale.wait(7 * 86400)
    assert tale.state in (State.WANTED, State.FAILED)


# -- 6. what may be the end --------------------------------------------------------------------------------------------


def _a_bare_one(*files: e.Sighting) -> e.Progressed:
    return e.Progressed(1, None, files=files, perhaps_ended=True)


def test_a_bare_one_with_an_address_is_asked_about_soon_and_believed_when_nobody_answers():
    tale = told_until(State.PREPARING)
    tale.tell(_a_bare_one(a_file()))
    tale.wait(SILENCE / 3)
    assert tale.job.asking
    tale.tell(e.AskFailed(1))
    assert (tale.state, tale.attempts) == (State.READY, 1)


def test_a_bare_one_that_is_repeated_after_a_while_is_the_end():
    tale = told_until(State.PREPARING)
    tale.tell(_a_bare_one(a_file()))
    tale.wait(SILENCE / 3 - 1)
    tale.tell(_a_bare_one(a_file()))
    assert tale.state == State.PREPARING
    tale.wait(1)
    tale.tell(_a_bare_one(a_file()))
    assert (tale.state, tale.attempts) == (State.READY, 1)


def test_a_bare_one_that_was_a_percent_is_taken_back_by_the_next_number():
    tale = told_until(State.PREPARING)
    tale.tell(_a_bare_one(a_file("another camera's")), e.Progressed(1, 0.02))
    tale.wait(SILENCE - 1)
    assert not tale.job.asking
    tale.tell(e.Prepared(1, (a_file("clip"),)))
    assert tale.files(FileState.OPEN) == ["clip"]


def test_a_bare_one_without_an_address_changes_nothing_but_that_the_vendor_lives():
    tale = told_until(State.PREPARING)
    tale.tell(_a_bare_one())
    tale.wait(SILENCE - 1)
    assert (tale.state, tale.job.asking, tale.job.progress) == (State.PREPARING, False, None)
