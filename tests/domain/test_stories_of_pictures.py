"""Stories of a record's picture: there from the start, behind an address that dies; only a listing names a living one."""

import pytest

from shared.domain import events as e
from shared.domain.job import DebtKind, File, FileState, Kind, State
from shared.domain.rules.moving import Late
from tests.builders import a_job
from tests.domain.tale import Tale, a_file

ADDRESS = "http://media.example/p?sign={}"


def picture() -> Tale:
    file = File("picture", ADDRESS.format(1), 0, FileState.OPEN)
    return Tale(a_job(kind=Kind.PICTURE, lanes=(), state=State.READY, record="r", files=(file,)))


def fetched() -> Tale:
    tale = picture()
    tale.fetch()
    return tale


def renewed(tale: Tale, sign: int = 2) -> None:
    tale.tell(e.Prepared(0, (a_file("picture", ADDRESS.format(sign)),)))


def test_a_picture_is_ready_from_the_start_and_never_asked_for():
    tale = picture()
    tale.fetch_and_land()
    assert (tale.state, tale.attempts, tale.job.attempt) == (State.ARCHIVED, 0, 0)


def test_a_picture_that_landed_is_told_to_its_record():
    tale = picture()
    tale.fetch_and_land()
    assert DebtKind.LINK in [kind for kind, _ in tale.owes]
    tale.tell(e.Settled(DebtKind.LINK))
    assert DebtKind.LINK not in [kind for kind, _ in tale.owes]


@pytest.mark.parametrize(
    "dead",
    [
        e.DownloadGone(1, "picture"),
        e.FetchFailed(1, "picture", "media-forbidden"),
        e.FetchFailed(1, "picture", "media-http-4xx"),
    ],
    ids=["gone", "forbidden", "refused"],
)
def test_a_dead_address_makes_the_day_owe_another_listing_and_charges_nothing(dead):
    tale = fetched()
    tale.tell(dead)
    assert (tale.state, tale.attempts, tale.owes) == (State.WANTED, 0, [(DebtKind.RENEW, 0)])
    tale.tell(e.Settled(DebtKind.RENEW))
    renewed(tale)
    assert tale.files(FileState.OPEN) == ["picture"]
    tale.fetch_and_land()
    assert tale.state == State.ARCHIVED


def test_a_newer_address_takes_the_place_of_one_that_was_not_tried_yet():
    tale = picture()
    renewed(tale)
    assert [file.address for file in tale.job.files] == [ADDRESS.format(2)]


def test_a_picture_whose_record_is_gone_is_empty():
    tale = fetched()
    tale.tell(e.DownloadGone(1, "picture"), e.NoFootage(0, "not listed"))
    assert (tale.state, tale.job.reason, tale.owes) == (State.EMPTY, "record-gone", [])


def test_only_a_picture_is_gone_with_its_record():
    tale = Tale(a_job())
    assert isinstance(tale.tell(e.NoFootage(0)), Late)


def test_a_picture_whose_bytes_are_bad_time_and_again_is_failed():
    tale = picture()
    for _ in range(5):
        tale.wait_and_fetch()
        tale.tell(e.FetchFailed(tale.job.claim, "picture", "truncated"))
    assert (tale.state, tale.job.reason) == (State.FAILED, "truncated")


@pytest.mark.parametrize("end", [e.CancelRequested(), e.NoFootage(0)], ids=["cancelled", "empty"])
def test_a_retry_of_a_picture_without_an_address_asks_for_a_listing(end):
    tale = fetched()
    tale.tell(e.DownloadGone(1, "picture"), end, e.RetryRequested())
    assert (tale.state, tale.owes) == (State.WANTED, [(DebtKind.RENEW, 0)])
    renewed(tale)
    assert tale.state == State.READY


def test_a_picture_that_nobody_lists_again_ends_by_age():
    tale = fetched()
    tale.tell(e.DownloadGone(1, "picture"))
    tale.wait(tale.policy.give_up.total_seconds() + 1)
    assert tale.state == State.FAILED
