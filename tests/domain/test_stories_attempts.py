"""Stories of several attempts of one job: which of them is believed, which is called off, and what is charged."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain import events as e
from shared.domain.job import DebtKind, FileState, State, Verdict
from shared.domain.lifecycle import Moved
from shared.domain.rules.moving import Late
from tests.builders import POLICY
from tests.domain.tale import Tale, a_file, an_asset, told_until

SILENCE = POLICY.silence.total_seconds()


# -- 3. busy, and an earlier download that runs all the same -----------------------------------------------------------


def test_a_running_download_that_was_given_up_is_believed_when_it_reports():
    tale = told_until(State.PREPARING)
    tale.unanswered()
    tale.tell(e.Settled(DebtKind.WITHDRAW, 1, "unanswered"))
    tale.claim()
    tale.turned_away()
    assert tale.state == State.WANTED
    tale.tell(e.Progressed(1, 0.6))
    assert (tale.state, tale.job.progress) == (State.PREPARING, 0.6)
    assert (tale.attempts, tale.job.postponed, tale.owes) == (1, 1, [])


def test_a_device_that_is_busy_with_our_own_earlier_download_is_not_asked_again():
    tale = told_until(State.PREPARING)
    tale.unanswered()
    tale.claim()
    tale.tell(e.Progressed(1, 0.6))
    assert tale.state == State.SUBMITTING
    tale.turned_away()
    assert (tale.state, tale.job.reason) == (State.PREPARING, "device-busy")
    tale.tell(e.Prepared(1, (a_file(),)))
    assert (tale.state, tale.attempts, tale.job.postponed) == (State.READY, 1, 1)


def test_an_earlier_download_past_its_deadline_is_not_gone_back_to():
    tale = told_until(State.PREPARING)
    while tale.state == State.PREPARING:
        tale.tell(e.Progressed(1, 0.5))
        tale.wait(30)
    assert tale.job.reason == "deadline"
    tale.claim()
    tale.turned_away()
    assert (tale.state, tale.seconds_until_due()) == (State.WANTED, 30)


def test_a_busy_device_charges_nothing_and_is_left_in_peace_for_as_long_as_asked():
    tale = Tale()
    for asked in range(1, 241):
        tale.claim()
        tale.turned_away()
        assert (tale.state, tale.seconds_until_due(), tale.job.postponed) == (State.WANTED, 30, asked)
        tale.wait(30)
    assert (tale.attempts, tale.job.failures, tale.job.attempt) == (0, 0, 240)


def test_a_lane_stays_closed_for_the_others_when_the_job_goes_back_to_its_running_download():
    tale = told_until(State.PREPARING)
    tale.unanswered()
    tale.claim()
    tale.tell(e.Progressed(1, 0.6))
    tale.turned_away()
    assert tale.state == State.PREPARING
    assert tale.job.retry_at == tale.at + timedelta(seconds=30)


# -- 4. news of several attempts ---------------------------------------------------------------------------------------


def two_attempts() -> Tale:
    tale = told_until(State.PREPARING)
    tale.unanswered()
    tale.submit("second")
    assert tale.job.current
    assert tale.job.current.number == 2
    return tale


@pytest.mark.parametrize(
    "news",
    [
        e.Progressed(1, 0.9, ended=True),
        e.StreamGone(1),
        e.Asked(1),
        e.AskFailed(1),
        e.NoFootage(1),
        e.PrepareFailed(1, "vendor-error"),
        e.Refused(1, "vendor-error"),
        e.Submitted(1, "stream"),
    ],
    ids=lambda news: type(news).__name__,
)
def test_news_of_a_replaced_attempt_is_late(news):
    tale = two_attempts()
    before = tale.job
    assert isinstance(tale.tell(news), Late)
    assert tale.job == before


def test_a_file_of_a_replaced_attempt_is_welcome_and_the_newer_one_is_called_off():
    tale = two_attempts()
    tale.tell(e.Settled(DebtKind.WITHDRAW, 1))
    tale.tell(e.Prepared(1, (a_file(),)))
    assert (tale.state, tale.owes) == (State.READY, [(DebtKind.WITHDRAW, 2)])


def test_an_attempt_becomes_current_when_the_vendor_accepts_it_and_not_before():
    tale = told_until(State.PREPARING)
    tale.unanswered()
    tale.claim()
    assert tale.job.attempt == 2
    assert tale.job.current
    assert tale.job.current.number == 1
    tale.tell(e.Submitted(2, "second"))
    assert tale.job.current
    assert tale.job.current.number == 2


def test_of_two_attempts_that_turn_out_to_run_the_older_one_is_called_off():
    tale = told_until(State.SUBMITTING)
    tale.tell(e.AnswerLost(1))
    tale.wait(SILENCE)
    tale.claim()
    tale.tell(e.Progressed(1, 0.1, stream_id="first"))
    assert (tale.state, tale.attempts) == (State.SUBMITTING, 1)
    tale.tell(e.Submitted(2, "second"))
    assert (tale.state, tale.attempts, tale.owes) == (State.PREPARING, 2, [(DebtKind.WITHDRAW, 1)])


# -- 14. withdrawals (the vendor's side is told in test_stories_of_lanes) ------------------------------------------


def test_an_attempt_that_was_given_up_is_owed_a_withdrawal_under_its_own_handle():
    tale = told_until(State.PREPARING)
    tale.unanswered()
    (debt,) = tale.job.debts
    assert (debt.kind, debt.attempt, debt.stream_id, debt.due_at) == (DebtKind.WITHDRAW, 1, "stream", tale.at)


def test_a_withdrawal_that_failed_holds_nobody_up():
    tale = told_until(State.PREPARING)
    tale.unanswered()
    tale.tell(e.Settled(DebtKind.WITHDRAW, 1, "vendor-away"))
    assert tale.owes == []
    assert isinstance(tale.claim(), Moved)


def test_a_withdrawal_is_forgotten_when_the_next_attempt_gets_the_same_handle():
    tale = told_until(State.PREPARING)
    tale.unanswered()
    assert tale.owes == [(DebtKind.WITHDRAW, 1)]
    tale.submit("stream")
    assert (tale.state, tale.owes) == (State.PREPARING, [])


def test_an_attempt_that_the_vendor_has_ended_is_not_withdrawn():
    tale = told_until(State.READY)
    tale.tell(e.CancelRequested())
    assert tale.owes == []


def test_what_could_not_be_asked_at_all_is_no_submission():
    tale = told_until(State.SUBMITTING)
    tale.tell(e.Refused(1, "time-ambiguous", asked=False))
    assert (tale.state, tale.attempts, tale.job.unexplained) == (State.FAILED, 0, ())


def test_an_attempt_that_nobody_knew_to_be_running_brings_no_second_asset():
    tale = told_until(State.SUBMITTING)
    tale.wait(tale.policy.silence.total_seconds() + 121)  # the worker died after it had asked
    tale.submit("second")
    tale.tell(e.Prepared(2, (a_file("second"),)))
    tale.fetch_and_land()
    assert isinstance(tale.tell(e.Prepared(1, (a_file("first"),))), Late)
    assert (tale.state, len(tale.job.assets)) == (State.ARCHIVED, 1)


def test_of_two_attempts_that_both_bring_the_footage_the_first_to_land_is_kept():
    tale = told_until(State.SUBMITTING)
    tale.wait(tale.policy.silence.total_seconds() + 121)
    tale.submit("second")
    tale.tell(e.Prepared(2, (a_file("second"),)))
    tale.tell(e.Prepared(1, (a_file("first"),)))
    assert tale.files(FileState.OPEN) == ["second", "first"]
    tale.fetch_and_land()
    assert (tale.state, len(tale.job.assets)) == (State.ARCHIVED, 1)
    assert tale.files(FileState.SUPERSEDED) == ["first"]


def test_footage_that_came_short_does_not_keep_out_what_another_attempt_brings():
    tale = told_until(State.SUBMITTING)
    tale.wait(tale.policy.silence.total_seconds() + 121)
    tale.submit("second")
    tale.tell(e.Prepared(2, (a_file("second"),)))
    tale.fetch()
    short = replace(an_asset(tale.job, "second"), verdict=Verdict.PARTIAL)
    tale.tell(e.AssetLanded("second", short, tale.job.claim))
    tale.tell(e.Prepared(1, (a_file("first"),)))
    assert (tale.state, tale.files(FileState.OPEN)) == (State.READY, ["first"])
