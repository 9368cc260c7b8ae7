"""Stories of addresses that are named before the end: one may be another camera's, and only time or another one tells."""

from dataclasses import replace

from shared.domain import events as e
from shared.domain.job import DebtKind, FileState, State, Verdict
from shared.domain.lifecycle import Moved
from tests.builders import POLICY
from tests.domain.tale import Tale, a_file, an_asset, told_until

PATIENCE = POLICY.silence.total_seconds() / 3


def named_early(name: str = "of-another-camera") -> Tale:
    """A download that runs, and has named a file."""
    tale = told_until(State.PREPARING)
    tale.tell(e.Progressed(1, 0.5, files=(a_file(name),)))
    return tale


def test_an_end_that_only_repeats_an_early_address_is_not_believed_at_once():
    tale = named_early()
    tale.tell(e.Prepared(1, (a_file("of-another-camera"),)))
    tale.tell(e.Prepared(1, (a_file("right"),)))
    assert (tale.files(FileState.OPEN), tale.files(FileState.SUPERSEDED)) == (
        ["right"],
        ["of-another-camera"],
    )


def test_an_end_that_goes_on_repeating_it_is_believed_after_a_third_of_the_silence():
    tale = named_early("clip")
    tale.tell(e.Prepared(1, (a_file("clip"),)))
    tale.wait(PATIENCE - 1)
    tale.tell(e.Prepared(1, (a_file("clip"),)))
    assert tale.state == State.PREPARING
    tale.wait(1)
    tale.tell(e.Prepared(1, (a_file("clip"),)))
    assert (tale.state, tale.files(FileState.OPEN), tale.attempts) == (State.READY, ["clip"], 1)


def test_once_the_stream_is_gone_it_is_believed_at_once():
    tale = named_early("clip")
    tale.tell(e.Prepared(1, (a_file("clip"),)), e.StreamGone(1))
    assert (tale.state, tale.files(FileState.OPEN)) == (State.READY, ["clip"])


def test_nobody_answering_any_more_it_is_believed_all_the_same():
    tale = named_early("clip")
    tale.tell(e.Prepared(1, (a_file("clip"),)))
    tale.wait(PATIENCE)
    tale.tell(e.AskFailed(1))
    assert (tale.state, tale.files(FileState.OPEN)) == (State.READY, ["clip"])


def test_an_older_report_that_comes_late_takes_no_address_back():
    tale = named_early("early")
    tale.tell(e.Progressed(1, 0.9, files=(a_file("clip"),)), e.Prepared(1, (a_file("clip"),)))
    tale.tell(e.Progressed(1, 0.2, files=(a_file("early"),)), e.StreamGone(1))
    assert tale.files(FileState.OPEN) == ["clip"]


def test_a_report_that_falls_back_to_0_may_still_name_the_file():
    tale = named_early()
    tale.tell(e.Progressed(1, 0.0, files=(a_file("right"),)), e.StreamGone(1))
    assert tale.files(FileState.OPEN) == ["right"]


def believed_too_early() -> Tale:
    """The early address was believed, and then another one came."""
    tale = named_early()
    tale.tell(e.StreamGone(1))
    assert tale.files(FileState.OPEN) == ["of-another-camera"]
    return tale


def test_another_address_takes_the_place_of_an_early_one_that_is_not_fetched_yet():
    tale = believed_too_early()
    tale.tell(e.Prepared(1, (a_file("right"),)))
    assert (tale.files(FileState.OPEN), tale.files(FileState.SUPERSEDED)) == (
        ["right"],
        ["of-another-camera"],
    )


def test_what_an_early_address_brought_is_put_aside_once_a_later_one_brings_the_whole_window():
    tale = believed_too_early()
    tale.fetch_and_land()
    tale.tell(e.Prepared(1, (a_file("right"),)))
    tale.fetch_and_land()
    tale.tell(e.GraceOver())
    assert [asset.id for asset in tale.job.assets] == ["asset-of-right"]
    assert [asset.id for asset in tale.job.aside] == ["asset-of-of-another-camera"]
    assert (tale.owes, tale.job.verdict) == ([(DebtKind.ASIDE, 0)], Verdict.COMPLETE)


def landed(tale: Tale, name: str, seconds: float) -> None:
    """A file of that length comes home."""
    tale.tell(e.Prepared(1, (a_file(name),)))
    tale.fetch()
    asset = replace(an_asset(tale.job, name), duration_seconds=seconds, verdict=Verdict.PARTIAL)
    tale.tell(e.AssetLanded(name, asset, tale.job.claim))


def test_what_was_named_early_and_what_was_named_later_are_never_added_up():
    tale = believed_too_early()
    landed(tale, "of-another-camera", 150.0)
    landed(tale, "right", 160.0)
    tale.tell(e.GraceOver())
    assert (tale.state, tale.job.reason) == (State.WANTED, "short")
    assert [asset.id for asset in tale.job.assets] == ["asset-of-right"]


def test_an_early_file_that_is_signed_anew_while_it_waits_is_still_fetched():
    tale = believed_too_early()
    tale.tell(e.Prepared(1, (a_file("of-another-camera", "http://media.example/signed-anew"),)))
    assert tale.files(FileState.OPEN) == ["of-another-camera"]
    assert isinstance(tale.fetch(), Moved)
