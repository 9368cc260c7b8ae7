"""Stories of a record's video: there from the start like its picture, by what a listing says of it, and no footage of a window."""

import pytest

from shared.domain import events as e
from shared.domain import lifecycle
from shared.domain.job import DebtKind, File, FileState, Kind, State
from shared.domain.rules.moving import Late
from tests.builders import a_job
from tests.domain.tale import Tale, a_file


def video() -> Tale:
    file = File("video", "", 0, FileState.OPEN)
    return Tale(a_job(kind=Kind.HLS, lanes=(), state=State.READY, record="r", files=(file,)))


def gone() -> Tale:
    tale = video()
    tale.fetch()
    tale.tell(e.DownloadGone(1, "video"))
    return tale


def listed_again(tale: Tale) -> None:
    tale.tell(e.Prepared(0, (a_file("video", ""),)))


def test_a_video_is_ready_from_the_start_never_asked_for_and_says_nothing_of_any_window():
    tale = video()
    tale.fetch_and_land()
    assert (tale.state, tale.attempts, tale.job.attempt) == (State.ARCHIVED, 0, 0)
    assert lifecycle.outcome(tale.job) is None
    assert DebtKind.LINK not in [kind for kind, _ in tale.owes]


def test_keys_that_have_ended_make_the_day_owe_another_listing_at_once_and_charge_nothing():
    tale = gone()
    assert (tale.state, tale.attempts, tale.owes) == (State.WANTED, 0, [(DebtKind.RENEW, 0)])
    assert (lifecycle.queue(tale.job), tale.job.due_at) == (None, tale.job.give_up_at)
    assert tale.tell(e.Settled(DebtKind.RENEW))
    listed_again(tale)
    tale.fetch_and_land()
    assert tale.state == State.ARCHIVED


def test_a_video_that_is_waited_for_is_not_asked_of_the_vendor():
    tale = gone()
    tale.change(due_at=tale.at)
    assert tale.claim() == Late("waits-for-harvest")


def test_a_video_whose_record_is_gone_is_empty():
    tale = gone()
    tale.tell(e.NoFootage(0, "not listed"))
    assert (tale.state, tale.job.reason, tale.owes) == (State.EMPTY, "record-gone", [])


@pytest.mark.parametrize("end", [e.CancelRequested(), e.NoFootage(0)], ids=["cancelled", "empty"])
def test_a_retry_of_a_video_without_keys_asks_for_a_listing(end):
    tale = gone()
    tale.tell(end, e.RetryRequested())
    assert (tale.state, tale.owes) == (State.WANTED, [(DebtKind.RENEW, 0)])
    listed_again(tale)
    assert tale.state == State.READY
