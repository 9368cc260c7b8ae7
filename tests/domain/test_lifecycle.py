"""The table as a whole: what must be true whatever happens, in whatever order."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shared.domain import events as e
from shared.domain import lifecycle
from shared.domain.job import ENDED, LIVE, DebtKind, FileState, Job, Kind, Lease, State, Window
from shared.domain.lifecycle import TABLE, Moved, Row, Stayed
from shared.domain.retries import Policy
from shared.domain.rules.moving import Late
from tests.builders import NOON, POLICY, a_job, a_window
from tests.domain.tale import Tale, a_file, an_asset, told_until

EVENTS = get_args(e.Event)
HASTY = Policy(
    retries=2, failures=2, crashes=2, unanswered=1, give_up=timedelta(days=1)
)  # comes to an end soon


# -- the table ---------------------------------------------------------------------------------------------------------


def test_each_state_has_a_meaning_and_somebody_who_owes_the_next_move():
    assert list(lifecycle.MEANINGS) == list(State)
    assert all(meaning and who for meaning, who in lifecycle.MEANINGS.values())


def test_each_event_is_somewhere_in_the_table():
    assert {row.event for row in TABLE} == set(EVENTS)


def test_a_cell_of_the_table_is_filled_once():
    cells = [(row.event, state) for row in TABLE for state in row.states]
    assert len(cells) == len(set(cells))


def _reach(start: State) -> set[State]:
    reached, border = {start}, [start]
    while border:
        state = border.pop()
        for row in TABLE:
            if state in row.states:
                border += row.leads_to - reached
                reached |= row.leads_to
    return reached


def test_every_state_can_be_reached():
    assert _reach(State.WANTED) == set(State)


@pytest.mark.parametrize("state", list(State))
def test_every_state_is_reached_by_telling(state):
    assert told_until(state).state == state


@pytest.mark.parametrize("state", sorted(LIVE))
def test_each_live_state_can_reach_all_ends(state):
    assert _reach(state) >= ENDED


@pytest.mark.parametrize("state", list(State))
def test_exactly_the_live_states_are_due_and_accept_cancelling(state):
    job = told_until(state).job
    cancelled = lifecycle.advance(job, e.CancelRequested(), NOON, POLICY)
    assert (job.due_at is not None, isinstance(cancelled, Moved)) == (job.live, job.live)


# -- whatever happens --------------------------------------------------------------------------------------------------

SECONDS = st.sampled_from([0, 1, 30, 95, 400, 4000, 90_000])
NAMES = ("one", "two")
SIGHTINGS = st.lists(
    st.builds(a_file, st.sampled_from(NAMES), st.sampled_from(["", "http://a/?s=2"])), max_size=2
)
VALUES = {
    "attempt": st.integers(0, 3),
    "claim": st.integers(0, 3),
    "progress": st.sampled_from([None, 0.0, 0.4, 1.0]),
    "ended": st.booleans(),
    "perhaps_ended": st.booleans(),
    "asked": st.booleans(),
    "final": st.booleans(),
    "vendor_away": st.booleans(),
    "stream_id": st.sampled_from([None, "s", "t"]),
    "files": SIGHTINGS.map(tuple),
    "identity": st.sampled_from(["", *NAMES]),
    "reason": st.just("reason"),
    "wait": st.sampled_from([None, timedelta(seconds=30)]),
    "size": st.integers(0, 9),
    "until": st.integers(0, 200).map(lambda seconds: NOON + timedelta(seconds=seconds)),
    "lease": st.integers(0, 200).map(lambda seconds: Lease("w", NOON + timedelta(seconds=seconds))),
    "asset": st.sampled_from(NAMES).map(lambda name: an_asset(a_job(), name)),
    "kind": st.sampled_from(list(DebtKind)),
    "missing": st.sampled_from([(), (Window(NOON, NOON + timedelta(seconds=9)),)]),
}


def _events() -> Iterator[st.SearchStrategy[e.Event]]:
    for event in EVENTS:
        values = {each.name: VALUES[each.name] for each in fields(event) if each.name in VALUES}
        yield st.builds(event, **values)


ANY_EVENT = st.one_of(*_events())
USUAL = st.sampled_from(["claim", "yes", "file", "fetch", "land", "slice", "wait"])


def _usual(tale: Tale, what: str, seconds: int) -> None:
    """What usually comes next, so that a random tale gets anywhere at all."""
    if what == "wait":
        tale.wait(seconds)
    elif what == "claim":
        tale.claim()
    elif what == "fetch":
        tale.fetch()
    elif what == "land" and tale.job.fetching:
        tale.land()
    elif what == "yes":
        tale.tell(e.Submitted(tale.job.attempt, "s"))
    elif what == "file":
        tale.tell(e.Prepared(tale.job.attempt, (a_file(NAMES[tale.job.attempt % 2]),)))
    elif what == "slice":
        tale.tell(e.SliceOver(tale.job.claim, tale.job.kept + 1))


def _row(event: e.Event, state: State) -> Row | None:
    return next((row for row in TABLE if row.event is type(event) and state in row.states), None)


def _check_the_move(before: Job, event: e.Event, told: Moved | Stayed | Late) -> None:
    row = _row(event, before.state)
    if row is None:
        assert isinstance(told, Late)
    elif isinstance(told, Moved):
        assert told.job.state in row.leads_to
        assert told.job.state != before.state
    elif isinstance(told, Stayed):
        assert told.job.state == before.state
        assert row.stays or before.state in row.leads_to


def _check_the_job(job: Job) -> None:
    assert (job.due_at is None) == (job.state in ENDED)
    held = {State.SUBMITTING: job.lease or job.unknown_until, State.FETCHING: job.lease}
    assert held.get(job.state, True)
    assert job.lease is None or job.state in held
    assert job.state != State.PREPARING or job.current
    fetchable = {file.identity for file in job.files_in(FileState.OPEN)}
    assert fetchable or job.state not in (State.READY, State.FETCHING)
    assert job.state != State.FETCHING or job.fetching in fetchable
    assert job.state != State.ARCHIVED or job.assets
    assert len({asset.id for asset in job.assets}) == len(job.assets)
    assert bool(job.files_in(FileState.LANDED)) == bool(job.assets)
    assert not (job.asking and job.state != State.PREPARING)
    assert len({(debt.kind, debt.attempt) for debt in job.debts}) == len(job.debts)


@settings(
    max_examples=70,
    deadline=None,
    database=None,
    print_blob=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    steps=st.lists(st.tuples(USUAL, SECONDS, ANY_EVENT), min_size=1, max_size=12), kind=st.sampled_from(Kind)
)
def test_whatever_happens_the_table_keeps_its_word(steps, kind):
    tale = Tale(a_job(kind=kind, window=a_window(30), give_up_at=NOON + HASTY.give_up), HASTY)
    for usual, seconds, event in steps:
        before, heard = tale.job, len(tale.told)
        _usual(tale, usual, seconds)
        tale.tell(event)
        for told_event, told in tale.told[heard:]:
            _check_the_move(before, told_event, told)
            before = before if isinstance(told, Late) else told.job
            _check_the_job(before)


@pytest.mark.parametrize("state", list(State))
def test_no_event_raises_in_any_state_and_the_same_again_is_answered_alike(state):
    job = told_until(state).job
    like = {"lease": Lease("w", NOON), "until": NOON, "asset": an_asset(job, "x"), "kind": DebtKind.ALERT}
    like |= {
        "owner": "w",
        "attempt": 1,
        "claim": 1,
        "identity": "clip",
        "reason": "r",
        "size": 1,
        "files": (a_file("x"),),
    }
    for event_type in EVENTS:
        event = event_type(**{each.name: like[each.name] for each in fields(event_type) if each.name in like})
        told = [lifecycle.advance(job, event, NOON, POLICY) for _ in range(2)]
        assert told[0] == told[1]
        assert isinstance(told[0], Moved | Stayed | Late)


def test_nothing_worth_noting_is_the_very_same_job():
    tale = told_until(State.PREPARING)
    tale.tell(e.Progressed(1, 0.5))
    told = lifecycle.advance(tale.job, e.Progressed(1, 0.5), tale.at, POLICY)
    assert told == Stayed(tale.job)
    assert told.job is tale.job


def test_a_job_on_hold_is_not_begun_anew_and_goes_on_when_released():
    for state, claim in ((State.WANTED, Tale.claim), (State.READY, Tale.fetch)):
        tale = told_until(state)
        tale.tell(e.HoldRequested())
        assert (tale.job.due_at, lifecycle.queue(tale.job)) == (tale.job.give_up_at, None)
        assert claim(tale) == Late("on-hold")
        tale.tell(e.ReleaseRequested())
        assert isinstance(claim(tale), Moved)


def test_a_claim_before_its_time_is_late():
    tale = told_until(State.SUBMITTING)
    tale.tell(e.PrepareFailed(1, "vendor-error"))
    assert tale.claim() == Late("not-due")
    tale.wait(tale.seconds_until_due())
    assert isinstance(tale.claim(), Moved)


def test_a_live_job_ends_by_age_whatever_it_waits_for():
    for state in LIVE:
        tale = told_until(state)
        tale.wait(POLICY.give_up.total_seconds() + 1)
        assert (tale.state, tale.job.reason) == (State.FAILED, "gave-up")


def test_what_expires_soonest_comes_first_and_then_what_was_wished_for_first():
    hour = timedelta(hours=1)
    jobs = [
        a_job(usable_until=NOON + hour),
        a_job(usable_until=NOON + 2 * hour),
        a_job(created_at=NOON - hour),
        a_job(),
    ]
    assert sorted(jobs, key=lambda job: lifecycle.urgency(job, POLICY)) == jobs
