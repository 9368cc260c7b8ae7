"""Stories of footage that is less than was wanted: told, asked for once more, or put aside; and never twice over."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain import events as e
from shared.domain.camera import Short
from shared.domain.job import DebtKind, FileState, Job, State, Verdict, Window
from shared.domain.rules.moving import Late
from tests.builders import POLICY, a_job
from tests.domain.tale import Tale, a_file, an_asset

CHILDREN, ALERT, ASIDE, VERDICT = DebtKind.CHILDREN, DebtKind.ALERT, DebtKind.ASIDE, DebtKind.VERDICT


def delivered(*lengths: float, tale: Tale | None = None, names: str = "clip") -> Tale:
    """A tale of one more attempt, by which files of these lengths have landed."""
    tale = tale or Tale()
    tale.wait(max(tale.seconds_until_due(), 0))
    tale.submit(f"stream-{tale.job.attempt}")
    files = [f"{names}-{number}" for number in range(len(lengths))]
    tale.tell(e.Prepared(tale.job.attempt, tuple(a_file(name) for name in files)))
    for seconds in lengths:
        tale.fetch()
        asset = an_asset(tale.job, tale.job.fetching, seconds)
        asset = replace(asset, id=f"{asset.id}-{tale.job.attempt}", key=f"{asset.key}-{tale.job.attempt}")
        short = seconds < tale.job.window.length.total_seconds() * POLICY.whole_from
        landed = replace(asset, verdict=Verdict.PARTIAL if short else Verdict.COMPLETE)
        tale.tell(e.AssetLanded(tale.job.fetching, landed, tale.job.claim))
    assert tale.state == State.ARCHIVED
    return tale


def whole(job: Job) -> tuple[Window, ...]:
    """A device that holds all of the window."""
    return (job.window,)


def part(job: Job, first: float, last: float) -> Window:
    """A part of the window, in seconds from its start."""
    start = job.window.start
    return Window(start + timedelta(seconds=first), start + timedelta(seconds=last))


def test_where_the_list_can_be_read_what_is_missing_at_the_end_is_wished_for():
    tale = delivered(200.0)
    tale.tell(e.GraceOver(Short.FLAG, whole(tale.job)))
    assert (tale.state, tale.job.verdict, tale.job.reason) == (State.ARCHIVED, Verdict.PARTIAL, "short")
    assert (tale.owes, tale.job.missing) == ([(CHILDREN, 0)], (part(tale.job, 200, 300),))


def test_what_the_device_never_recorded_is_not_wished_for():
    tale = delivered(100.0)
    held = (
        part(tale.job, 0, 60),
        part(tale.job, 120, 200),
        part(tale.job, 250, 251),
        part(tale.job, 290, 300),
    )
    tale.tell(e.GraceOver(Short.FLAG, held))
    assert tale.job.missing == (part(tale.job, 160, 200), part(tale.job, 290, 300))


@pytest.mark.parametrize("short", [Short.FLAG, Short.REJECT])
def test_all_that_a_device_holds_is_kept_and_says_that_the_rest_was_never_recorded(short):
    tale = delivered(100.0)
    tale.tell(e.GraceOver(short, (part(tale.job, 100, 200),)))
    assert (tale.state, tale.job.verdict, tale.job.reason) == (
        State.ARCHIVED,
        Verdict.PARTIAL,
        "not-recorded",
    )
    assert (tale.owes, len(tale.job.assets)) == ([], 1)


def test_where_the_list_cannot_be_read_the_whole_window_is_asked_for_once_more_and_only_once():
    tale = delivered(200.0)
    tale.tell(e.GraceOver())
    assert (tale.state, tale.job.reason, len(tale.job.assets)) == (State.WANTED, "short", 1)
    delivered(190.0, tale=tale)
    tale.tell(e.GraceOver())
    assert (tale.state, tale.job.verdict, tale.job.reason) == (State.ARCHIVED, Verdict.PARTIAL, "short")
    assert tale.attempts == 2


@pytest.mark.parametrize(("second", "kept"), [(250.0, 250.0), (300.0, 300.0), (150.0, 200.0), (200.0, 200.0)])
@pytest.mark.parametrize("names", ["clip", "other"], ids=["under the same name", "under another name"])
def test_of_two_deliveries_the_longer_is_kept_and_the_other_put_aside(second, kept, names):
    tale = delivered(200.0)
    tale.tell(e.GraceOver())
    delivered(second, tale=tale, names=names)
    assert len(tale.job.assets) == 2
    tale.tell(e.GraceOver())
    (asset,), (aside,) = tale.job.assets, tale.job.aside
    assert asset.duration_seconds == kept
    assert {asset.attempt, aside.attempt} == {1, 2}
    assert tale.owes == [(ASIDE, 0)]
    assert tale.job.debts[0].key == aside.key
    assert tale.job.verdict == (Verdict.COMPLETE if kept == 300 else Verdict.PARTIAL)


def test_two_halves_of_two_attempts_are_not_taken_for_a_whole():
    tale = delivered(150.0)
    tale.tell(e.GraceOver())
    delivered(150.0, tale=tale)
    tale.tell(e.GraceOver())
    assert tale.job.verdict == Verdict.PARTIAL


def test_three_files_of_one_attempt_are_judged_together_and_none_is_put_aside():
    tale = delivered(100.0, 100.0, 100.0)
    tale.tell(e.GraceOver())
    assert (tale.job.verdict, len(tale.job.assets), tale.owes) == (Verdict.COMPLETE, 3, [])


def test_footage_whose_length_nobody_knows_is_neither_judged_nor_put_aside():
    tale = delivered(200.0)
    tale.tell(e.GraceOver())
    delivered(250.0, tale=tale, names="other")
    unknown = replace(tale.job.assets[1], duration_seconds=None, verdict=Verdict.UNVERIFIED)
    tale.change(assets=(tale.job.assets[0], unknown))
    tale.tell(e.GraceOver())
    assert (tale.job.verdict, len(tale.job.assets), tale.owes) == (Verdict.UNVERIFIED, 2, [])


def test_a_second_try_that_comes_to_nothing_leaves_what_there_is():
    tale = delivered(200.0)
    tale.tell(e.GraceOver())
    tale.wait(tale.seconds_until_due())
    tale.claim()
    tale.tell(e.Refused(tale.job.attempt, "vendor-error"))
    assert (tale.state, len(tale.job.assets), tale.owes) == (State.ARCHIVED, 1, [(VERDICT, 0)])
    tale.tell(e.GraceOver())
    assert (tale.state, tale.job.reason, tale.job.verdict) == (State.ARCHIVED, "short", Verdict.PARTIAL)


def test_a_repeated_last_callback_of_the_first_delivery_is_no_second_delivery():
    tale = delivered(200.0)
    tale.tell(e.GraceOver())
    assert isinstance(tale.tell(e.Prepared(1, (a_file("clip-0"),))), Late)
    assert tale.state == State.WANTED


def test_owners_who_accept_short_footage_are_left_in_peace():
    tale = delivered(200.0)
    tale.tell(e.GraceOver(Short.ACCEPT, whole(tale.job)))
    assert (tale.state, tale.job.verdict, tale.job.reason) == (State.ARCHIVED, Verdict.PARTIAL, None)
    assert (tale.owes, tale.job.missing) == ([], ())


def test_who_rejects_short_footage_gets_one_more_try_and_then_a_failure_with_the_bytes_put_aside():
    tale = delivered(200.0)
    tale.tell(e.GraceOver(Short.REJECT, whole(tale.job)))
    assert tale.state == State.WANTED
    delivered(210.0, tale=tale)
    tale.tell(e.GraceOver(Short.REJECT, whole(tale.job)))
    assert (tale.state, tale.job.reason, tale.job.assets) == (State.FAILED, "short", ())
    assert len(tale.job.aside) == 2
    assert sorted(tale.owes) == [(ALERT, 0), (ASIDE, 0), (ASIDE, 0)]


@pytest.mark.parametrize("names", ["clip", "other"], ids=["under the same name", "under another name"])
def test_what_was_rejected_stands_in_no_later_deliverys_way(names):
    tale = delivered(200.0)
    tale.tell(e.GraceOver(Short.REJECT))
    delivered(210.0, tale=tale)
    tale.tell(e.GraceOver(Short.REJECT), e.RetryRequested())
    delivered(300.0, tale=tale, names=names)
    tale.tell(e.GraceOver(Short.REJECT))
    assert (tale.state, tale.job.verdict, len(tale.job.assets)) == (State.ARCHIVED, Verdict.COMPLETE, 1)


def test_a_list_of_all_where_next_to_nothing_came_leads_to_the_whole_window_once_more():
    tale = delivered(0.6)
    tale.tell(e.GraceOver(Short.FLAG, whole(tale.job)))
    assert (tale.state, tale.owes) == (State.WANTED, [])
    delivered(0.7, tale=tale)
    tale.tell(e.GraceOver(Short.FLAG, whole(tale.job)))
    assert (tale.state, tale.owes) == (State.ARCHIVED, [(ASIDE, 0)])


def test_who_rejects_short_footage_keeps_a_whole_second_delivery():
    tale = delivered(200.0)
    tale.tell(e.GraceOver(Short.REJECT))
    delivered(300.0, tale=tale)
    tale.tell(e.GraceOver(Short.REJECT))
    assert (tale.state, tale.job.verdict, len(tale.job.assets)) == (State.ARCHIVED, Verdict.COMPLETE, 1)


def test_debts_of_two_assets_are_paid_one_by_one():
    tale = delivered(200.0)
    tale.tell(e.GraceOver(Short.REJECT))
    delivered(210.0, tale=tale)
    tale.tell(e.GraceOver(Short.REJECT))
    first, second = tale.job.aside
    tale.tell(e.Settled(ASIDE, key=first.key))
    assert [debt.key for debt in tale.job.debts if debt.kind == ASIDE] == [second.key]


def test_the_line_of_wishes_for_what_is_missing_comes_to_an_end():
    owed = []
    for generation in range(POLICY.generations + 1):
        tale = delivered(200.0, tale=Tale(a_job(generation=generation)))
        tale.tell(e.GraceOver(Short.FLAG, whole(tale.job)))
        owed.append(tale.owes == [(CHILDREN, 0)])
    assert owed == [True] * POLICY.generations + [False]


def test_what_is_missing_of_another_is_not_asked_for_twice_as_a_whole():
    tale = delivered(200.0, tale=Tale(a_job(generation=1)))
    tale.tell(e.GraceOver())
    assert (tale.state, tale.job.reason, tale.owes) == (State.ARCHIVED, "short", [])


def test_a_list_of_a_thousand_snippets_becomes_one_wish():
    tale = delivered(10.0)
    start = tale.job.window.start
    held = tuple(
        Window(start + timedelta(seconds=s), start + timedelta(seconds=s + 3)) for s in range(0, 300, 4)
    )
    tale.tell(e.GraceOver(Short.FLAG, held))
    assert len(tale.job.missing) == 1
    assert tale.job.missing[0].end == held[-1].end


def test_a_window_of_which_all_came_is_judged_once():
    tale = delivered(290.0)
    tale.tell(e.GraceOver())
    assert (tale.job.verdict, tale.owes, tale.job.reason) == (Verdict.COMPLETE, [], None)
    assert isinstance(tale.tell(e.GraceOver()), Late)
    assert tale.files(FileState.LANDED) == ["clip-0"]
