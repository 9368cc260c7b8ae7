"""Stories of how a job ends, what revives it, and what an ended job still owes."""

from dataclasses import replace

import pytest

from shared.domain import events as e
from shared.domain.job import DebtKind, FileState, State, Verdict
from shared.domain.lifecycle import Moved
from shared.domain.rules.moving import Late
from tests.builders import POLICY
from tests.domain.tale import Tale, a_file, an_asset, ready, told_until

# -- 13. cancelled -----------------------------------------------------------------------------------------------------

LIVE = [State.WANTED, State.SUBMITTING, State.PREPARING, State.READY, State.FETCHING]
ENDED = [State.ARCHIVED, State.EMPTY, State.FAILED, State.CANCELLED]


@pytest.mark.parametrize("state", LIVE)
def test_a_job_can_be_cancelled_in_each_live_state(state):
    tale = told_until(state)
    tale.tell(e.CancelRequested())
    assert (tale.state, tale.job.lease, tale.job.due_at) == (State.CANCELLED, None, None)
    assert tale.owes == ([(DebtKind.WITHDRAW, 1)] if state == State.PREPARING else [])


@pytest.mark.parametrize("state", ENDED)
def test_an_ended_job_cannot_be_cancelled(state):
    assert isinstance(told_until(state).tell(e.CancelRequested()), Late)


def test_an_answer_after_the_cancelling_is_counted_and_withdrawn():
    tale = told_until(State.SUBMITTING)
    tale.tell(e.CancelRequested())
    tale.tell(e.Submitted(1, "stream"))
    assert (tale.state, tale.attempts, tale.owes) == (State.CANCELLED, 1, [(DebtKind.WITHDRAW, 1)])


@pytest.mark.parametrize("state", LIVE + ENDED)
def test_bytes_that_land_are_owned_in_every_state(state):
    tale = told_until(state)
    before = len(tale.job.assets)
    tale.tell(e.AssetLanded("late", an_asset(tale.job, "late"), claim=77))
    assert len(tale.job.assets) == before + 1
    assert "late" in tale.files(FileState.LANDED)
    after = {State.CANCELLED: State.CANCELLED, State.READY: State.READY, State.FETCHING: State.FETCHING}
    assert tale.state == after.get(state, State.ARCHIVED)


@pytest.mark.parametrize("state", LIVE + ENDED)
def test_bytes_that_land_twice_are_one_asset(state):
    tale = told_until(state)
    landed = e.AssetLanded("late", an_asset(tale.job, "late"))
    tale.tell(landed)
    before = tale.job
    assert isinstance(tale.tell(landed), Late)
    assert tale.job == before


def test_a_file_named_after_the_cancelling_is_not_fetched():
    tale = told_until(State.CANCELLED)
    assert isinstance(tale.tell(e.Prepared(1, (a_file(),))), Late)


# -- 15. what revives a failed job -------------------------------------------------------------------------------------


def failed_after_a_file() -> Tale:
    tale = Tale()
    while tale.job.live:
        tale.submit(f"stream-{tale.job.attempt}")
        tale.tell(e.Prepared(tale.job.attempt, (a_file(),)))
        tale.fetch()
        tale.tell(e.FetchFailed(tale.job.claim, "clip", "media-forbidden", final=True))
        tale.wait(max(tale.seconds_until_due(), 0) if tale.job.live else 0)
    assert (tale.state, tale.attempts, tale.owes) == (State.FAILED, POLICY.retries, [(DebtKind.ALERT, 0)])
    return tale


@pytest.mark.parametrize(
    "address", ["", "http://media.example/clip.mp4?sign=new"], ids=["same", "signed anew"]
)
@pytest.mark.parametrize("attempt", range(1, 6))
def test_a_repeated_last_callback_does_not_revive_a_failed_job(attempt, address):
    tale = failed_after_a_file()
    assert isinstance(tale.tell(e.Prepared(attempt, (a_file("clip", address),))), Late)
    assert isinstance(tale.tell(e.Progressed(attempt, 1.0, ended=True)), Late)
    assert tale.state == State.FAILED


def test_an_unseen_file_revives_a_failed_job():
    tale = failed_after_a_file()
    tale.wait(8 * 86400)
    tale.tell(e.Prepared(5, (a_file("unseen"),)))
    assert (tale.state, tale.owes) == (State.READY, [])
    assert tale.job.give_up_at == tale.at + POLICY.give_up
    tale.fetch_and_land()
    assert tale.state == State.ARCHIVED


def test_an_operator_revives_a_failed_job_with_fresh_counters_and_attempt_numbers_go_on():
    tale = failed_after_a_file()
    tale.tell(e.RetryRequested())
    assert (tale.state, tale.attempts, tale.owes) == (State.WANTED, 0, [])
    assert (tale.job.failures, tale.job.crashes, tale.job.give_up_at) == (0, 0, tale.at + POLICY.give_up)
    tale.submit("anew")
    assert (tale.attempts, tale.job.attempt) == (1, 6)


# -- 18. a step that kills its process (told with the steps in test_stories_of_outages) --------------------------------


def test_a_fetch_that_kills_its_worker_every_time_ends_failed_after_five():
    tale = told_until(State.READY)
    for _ in range(POLICY.crashes):
        tale.wait_and_fetch()
        tale.wait(120)
    assert (tale.state, tale.job.reason, tale.owes) == (State.FAILED, "crashed", [(DebtKind.ALERT, 0)])


def test_a_submission_that_kills_its_worker_every_time_ends_failed_after_five():
    tale = Tale()
    for _ in range(POLICY.crashes):
        tale.claim()
        tale.wait(120 + 90)
    assert (tale.state, tale.job.reason, tale.attempts) == (State.FAILED, "crashed", 0)
    assert tale.job.unexplained == (1, 2, 3, 4, 5)


# -- 20. the window's verdict ------------------------------------------------------------------------------------------


def test_the_window_is_judged_once_after_the_grace():
    tale = told_until(State.ARCHIVED)
    assert [debt.due_at for debt in tale.job.debts] == [tale.at + POLICY.grace]
    tale.tell(e.GraceOver())
    assert (tale.job.verdict, tale.owes) == (Verdict.COMPLETE, [])
    assert isinstance(tale.tell(e.GraceOver()), Late)


def test_several_files_are_judged_together():
    tale = ready("one", "two")
    for name in ("one", "two"):
        tale.fetch()
        asset = replace(an_asset(tale.job, name), duration_seconds=150.0)
        tale.tell(e.AssetLanded(name, asset, tale.job.claim))
    tale.tell(e.GraceOver())
    assert tale.job.verdict == Verdict.COMPLETE


# -- begun again by an operator ----------------------------------------------------------------------------------------


def _retried_after_an_early_address() -> Tale:
    tale = told_until(State.PREPARING)
    tale.tell(e.Progressed(1, 0.3, files=(a_file("another camera's"),)))
    tale.tell(e.CancelRequested(), e.Settled(DebtKind.WITHDRAW, 1), e.RetryRequested())
    return tale


def test_what_a_cancelled_attempt_named_is_never_fetched_for_the_next_one():
    tale = _retried_after_an_early_address()
    tale.submit("second")
    tale.tell(e.StreamGone(2))
    assert (tale.state, tale.files(FileState.SUPERSEDED)) == (State.PREPARING, ["another camera's"])


def test_a_retry_does_not_go_back_to_the_attempt_that_was_called_off():
    tale = _retried_after_an_early_address()
    tale.claim()
    tale.turned_away()
    assert tale.state == State.WANTED


def test_what_an_attempt_named_is_not_believed_once_a_later_one_was_taken():
    tale = told_until(State.PREPARING)
    tale.tell(e.Progressed(1, 0.3, files=(a_file("another camera's"),)), e.Submitted(2, "second"))
    tale.tell(e.StreamGone(2))
    assert (tale.state, tale.files(FileState.OPEN)) == (State.PREPARING, [])


def test_a_retry_lets_a_job_on_hold_go_on():
    tale = told_until(State.WANTED)
    tale.tell(e.HoldRequested(), e.CancelRequested(), e.RetryRequested())
    assert isinstance(tale.claim(), Moved)
