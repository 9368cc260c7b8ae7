"""Stories of a download that runs: odd progress, early addresses and a stream that is gone cost one attempt."""

import pytest

from shared.domain import events as e
from shared.domain.job import DebtKind, FileState, State
from shared.domain.lifecycle import Moved
from tests.builders import POLICY, a_job, a_window
from tests.domain.tale import Tale, a_file, told_until

FINALISING = POLICY.finalising.total_seconds()
SILENCE = POLICY.silence.total_seconds()


# -- 5. addresses that come early, change, or are several --------------------------------------------------------------


def test_an_address_in_the_very_first_answer_is_not_fetched_before_the_end():
    tale = Tale()
    tale.submit("stream", a_file())
    for progress in (0.2, 0.6, 0.9):
        tale.wait(60)
        tale.tell(e.Progressed(1, progress, files=(a_file(),)))
        assert (tale.state, tale.files(FileState.NOTED)) == (State.PREPARING, ["clip"])
    tale.tell(e.Prepared(1, (a_file(),)))
    assert (tale.state, tale.job.progress) == (State.PREPARING, 1.0)
    tale.wait(POLICY.silence.total_seconds() / 3)
    assert tale.job.asking
    tale.tell(e.Prepared(1, (a_file(),)))
    assert (tale.state, tale.files(FileState.OPEN)) == (State.READY, ["clip"])


def test_an_address_that_changes_before_the_end_is_never_fetched():
    tale = Tale()
    tale.submit("stream", a_file("of-another-camera"))
    tale.tell(e.Progressed(1, 0.5, files=(a_file("right"),)))
    tale.tell(e.Progressed(1, 1.0, ended=True))
    tale.fetch_and_land()
    assert tale.state == State.ARCHIVED
    assert tale.files(FileState.SUPERSEDED) == ["of-another-camera"]
    assert [asset.id for asset in tale.job.assets] == ["asset-of-right"]


def test_an_address_that_the_end_replaces_is_never_fetched():
    tale = Tale()
    tale.submit("stream", a_file("of-another-camera"))
    tale.tell(e.Prepared(1, (a_file("right"),)))
    tale.fetch_and_land()
    assert (tale.state, tale.files(FileState.SUPERSEDED)) == (State.ARCHIVED, ["of-another-camera"])


def test_three_files_after_the_end_are_three_assets():
    tale = told_until(State.PREPARING)
    tale.tell(e.Prepared(1, (a_file("one"),)))
    tale.tell(e.Prepared(1, (a_file("two"),)))
    tale.fetch_and_land()
    assert tale.state == State.READY
    tale.fetch_and_land()
    assert (tale.state, tale.owes) == (State.ARCHIVED, [(DebtKind.VERDICT, 0)])
    tale.tell(e.Prepared(1, (a_file("three"),)))
    assert (tale.state, tale.owes) == (State.READY, [])
    tale.fetch_and_land()
    assert (tale.state, len(tale.job.assets), tale.attempts) == (State.ARCHIVED, 3, 1)


def test_an_address_signed_anew_takes_the_place_of_the_old_one():
    tale = told_until(State.READY)
    tale.tell(e.Prepared(1, (a_file("clip", "http://media.example/clip.mp4?sign=new"),)))
    file = tale.job.file("clip")
    assert file
    assert (file.address, file.state) == ("http://media.example/clip.mp4?sign=new", FileState.OPEN)
    assert len(tale.job.files) == 1


# -- 6. odd progress ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "figures",
    [
        [0.0] * 15,
        [0.5, 0.9, 0.0, 0.0, 0.0],
        [None] * 15,
    ],
    ids=["nothing but zero", "back to zero", "a bare 1 of unknown unit"],
)
def test_odd_figures_cost_one_attempt(figures):
    tale = told_until(State.PREPARING)
    for figure in figures:
        tale.wait(60)
        tale.tell(e.Progressed(1, figure))
        assert tale.state == State.PREPARING
    tale.tell(e.Prepared(1, (a_file(),)))
    assert (tale.state, tale.job.attempt) == (State.READY, 1)


def test_a_hundred_per_cent_without_an_address_for_minutes_costs_one_attempt():
    tale = told_until(State.PREPARING)
    for progress in (1.0, 1.0, 1.0, 0.0):
        tale.tell(e.Progressed(1, progress, ended=progress == 1.0))
        tale.wait(70)
        assert tale.state == State.PREPARING
    tale.tell(e.Prepared(1, (a_file(),)))
    assert (tale.state, tale.job.attempt) == (State.READY, 1)


A_BARE_ONE = e.Progressed(1, None, perhaps_ended=True, files=(a_file(),))


def test_a_bare_1_with_an_address_is_believed_once_it_has_stood_for_a_while():
    tale = told_until(State.PREPARING)
    tale.tell(A_BARE_ONE)
    tale.wait(SILENCE / 3 - 1)
    tale.tell(A_BARE_ONE)
    assert (tale.state, tale.job.asking) == (State.PREPARING, False)
    tale.wait(1)
    tale.tell(A_BARE_ONE)
    assert (tale.state, tale.files(FileState.OPEN), tale.job.attempt) == (State.READY, ["clip"], 1)


def test_a_bare_1_and_then_silence_is_asked_about_soon_and_fetched_when_nobody_answers():
    tale = told_until(State.PREPARING)
    tale.tell(A_BARE_ONE)
    tale.wait(SILENCE / 3)
    assert tale.job.asking
    tale.tell(e.AskFailed(1))
    assert (tale.state, tale.job.attempt, tale.owes) == (State.READY, 1, [])


def test_a_bare_1_that_a_plainer_word_follows_was_one_per_cent():
    tale = told_until(State.PREPARING)
    tale.tell(A_BARE_ONE)
    tale.wait(20)
    tale.tell(e.Progressed(1, 0.02, files=(a_file(),)))
    tale.wait(SILENCE / 3)
    tale.tell(e.Progressed(1, 0.03, files=(a_file(),)))
    assert (tale.state, tale.job.asking) == (State.PREPARING, False)


def test_a_bare_1_without_an_address_is_only_life():
    tale = told_until(State.PREPARING)
    for _ in range(15):
        tale.wait(60)
        tale.tell(e.Progressed(1, None, perhaps_ended=True))
        assert (tale.state, tale.job.finalising_since) == (State.PREPARING, None)


def test_progress_never_falls():
    tale = told_until(State.PREPARING)
    tale.tell(e.Progressed(1, 0.9), e.Progressed(1, 0.0))
    assert tale.job.progress == 0.9


def test_any_answer_is_life():
    tale = told_until(State.PREPARING)
    for news in (e.Asked(1), e.Progressed(1), e.Progressed(1, 0.0)) * 2:
        for _ in range(POLICY.unanswered - 1):
            tale.wait(SILENCE)
            tale.tell(e.AskFailed(1))
        tale.change(last_rise=tale.at)  # so that no deadline comes between
        tale.tell(news)
        assert (tale.state, tale.job.unanswered) == (State.PREPARING, 0)


@pytest.mark.parametrize(
    "end", [e.StreamGone(1), e.Progressed(1, 1.0, ended=True)], ids=["gone", "known unit"]
)
def test_finalising_begins_with_the_end(end):
    tale = told_until(State.PREPARING)
    tale.tell(e.Progressed(1, None))
    assert tale.job.finalising_since is None
    tale.tell(end)
    assert tale.job.finalising_since == tale.at


def test_a_slow_device_is_not_cut_off_while_it_moves():
    tale = Tale(a_job(window=a_window(minutes=60)))
    tale.submit()
    for minute in range(240):
        tale.wait(60)
        tale.tell(e.Progressed(1, minute / 300))
        assert tale.state == State.PREPARING


def test_a_device_that_moves_for_ever_is_cut_off_in_the_end():
    tale = Tale(a_job(window=a_window(minutes=60)))
    tale.submit()
    for minute in range(5 * 60 + 1):
        tale.tell(e.Progressed(1, minute / 1000))
        tale.wait(60)
    assert (tale.state, tale.job.reason) == (State.WANTED, "deadline")


def with_an_address() -> Tale:
    tale = Tale()
    tale.submit("stream", a_file())
    return tale


def test_with_an_address_in_hand_silence_leads_to_a_fetch():
    tale = with_an_address()
    tale.unanswered()
    assert (tale.state, tale.job.attempt, tale.owes) == (State.READY, 1, [])


def test_with_an_address_in_hand_the_deadline_leads_to_a_fetch():
    tale = with_an_address()
    for _ in range(60):
        tale.tell(e.Asked(1))
        tale.wait(30)
    assert (tale.state, tale.job.attempt, tale.owes) == (State.READY, 1, [])


@pytest.mark.parametrize(
    "end", [e.StreamGone(1), e.Progressed(1, 1.0, ended=True)], ids=["gone", "known unit"]
)
def test_with_an_address_in_hand_the_end_leads_to_a_fetch(end):
    tale = with_an_address()
    tale.tell(end)
    assert (tale.state, tale.job.attempt, tale.owes) == (State.READY, 1, [])


def under_way_with_an_address_of_the_first_attempt() -> Tale:
    tale = told_until(State.SUBMITTING)
    tale.tell(e.AnswerLost(1))
    tale.wait(SILENCE)
    tale.claim()
    tale.tell(e.Progressed(1, 0.5, stream_id="first", files=(a_file(),)))
    assert (tale.state, tale.files(FileState.NOTED)) == (State.SUBMITTING, ["clip"])
    return tale


def test_with_an_address_in_hand_an_unknown_answer_leads_to_an_ask_and_then_a_fetch():
    tale = under_way_with_an_address_of_the_first_attempt()
    tale.wait(120 + SILENCE)
    assert (tale.state, tale.job.asking, tale.files(FileState.OPEN)) == (State.PREPARING, True, [])
    tale.tell(e.AskFailed(1))
    for _ in range(POLICY.unanswered - 1):
        tale.wait(SILENCE)
        tale.tell(e.AskFailed(1))
    assert (tale.state, tale.files(FileState.OPEN), tale.job.attempt) == (State.READY, ["clip"], 2)


def test_an_address_that_another_takes_the_place_of_is_not_fetched_for_an_unknown_answer():
    tale = under_way_with_an_address_of_the_first_attempt()
    tale.wait(120 + SILENCE)
    tale.tell(e.Prepared(1, (a_file("the right one"),)))
    assert (tale.files(FileState.OPEN), tale.files(FileState.SUPERSEDED)) == (["the right one"], ["clip"])


@pytest.mark.parametrize(
    "end", [e.StreamGone(1), e.Progressed(1, 1.0, ended=True)], ids=["gone", "known unit"]
)
def test_the_end_of_an_earlier_download_with_an_address_leads_to_a_fetch_while_the_vendor_is_asked_again(end):
    tale = under_way_with_an_address_of_the_first_attempt()
    tale.tell(end)
    assert (tale.state, tale.files(FileState.OPEN)) == (State.READY, ["clip"])
    tale.tell(e.Submitted(2, "second"))
    assert (tale.state, tale.owes, tale.attempts) == (State.READY, [(DebtKind.WITHDRAW, 2)], 2)


# -- 7. the stream is gone before the file is there --------------------------------------------------------------------


def test_a_stream_that_is_gone_is_waited_for_and_then_its_file_comes():
    tale = told_until(State.PREPARING)
    tale.tell(e.StreamGone(1))
    tale.wait(FINALISING - 1)
    assert tale.state == State.PREPARING
    tale.tell(e.Prepared(1, (a_file(),)))
    assert (tale.state, tale.job.attempt, tale.owes) == (State.READY, 1, [])


def test_a_stream_that_is_gone_and_never_a_file_is_withdrawn_and_asked_for_again():
    tale = told_until(State.PREPARING)
    tale.tell(e.StreamGone(1))
    tale.wait(FINALISING)
    assert (tale.state, tale.job.reason) == (State.WANTED, "no-file")
    assert tale.owes == [(DebtKind.WITHDRAW, 1)]
    assert isinstance(tale.claim(), Moved)


def test_a_hundred_per_cent_told_again_and_again_and_never_a_file_is_asked_for_again():
    tale = told_until(State.PREPARING)
    for _ in range(int(FINALISING / 10)):
        tale.tell(e.Progressed(1, 1.0, ended=True))
        assert tale.state == State.PREPARING
        tale.wait(10)
    assert (tale.state, tale.job.reason) == (State.WANTED, "no-file")


def test_a_stream_that_is_gone_again_and_again_ends_failed():
    tale = Tale()
    for _ in range(POLICY.retries):
        tale.submit(f"stream-{tale.job.attempt}")
        tale.tell(e.StreamGone(tale.job.attempt))
        tale.wait(FINALISING)
    assert (tale.state, tale.job.reason, tale.attempts) == (State.FAILED, "no-file", POLICY.retries)
