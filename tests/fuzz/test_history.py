"""One vendor history, delivered in any order, doubled, dropped, cut by crashes: the same state and files."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import redis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from shared.domain import events as e
from shared.domain import lifecycle
from shared.domain.job import Job, State
from shared.domain.lifecycle import Table
from shared.domain.rules import moving, reporting
from shared.domain.rules.moving import Late, Now, Outcome
from tests.fuzz.machine import World

EVERY_DAY = 200
UNTIL_FOUND = 500  # a broken table is found out far sooner
LONG = 10_000


@pytest.fixture
def world(redis_url: str) -> Iterator[type[World]]:
    """The machine on a database of its own on the real server."""
    with redis.Redis.from_url(
        redis_url, db=7, decode_responses=True, protocol=2, single_connection_client=True
    ) as client:
        yield type("OneWorld", (World,), {"client": client})


def _run(world: type[World], examples: int) -> None:
    run_state_machine_as_test(
        world,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            print_blob=True,
            database=None,
            phases=[Phase.generate],
            report_multiple_bugs=False,  # the first says enough; Hypothesis would look for others twice as long
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.fuzz
@pytest.mark.timeout(150)
def test_every_delivery_of_a_history_ends_alike(world: type[World]) -> None:
    _run(world, EVERY_DAY)


@pytest.mark.fuzz_long
def test_ten_thousand_deliveries_of_a_history_end_alike(world: type[World]) -> None:
    _run(world, LONG)


def _without(event: type, state: State) -> Table:
    return Table(
        replace(row, states=row.states - {state}) if row.event is event else row for row in lifecycle.TABLE
    )


def _instead(event: type, rule: Callable[[Job, object, Now], Outcome]) -> Table:
    return Table(replace(row, rule=rule) if row.event is event else row for row in lifecycle.TABLE)


def _fetches_what_is_superseded(job: Job, event: e.Progressed, now: Now) -> Outcome:
    after = reporting.progressed(job, event, now)
    return after if isinstance(after, Late) or not after.files else moving.open_noted(after, now)


# Each with a history that it harms: where a report is told again, one that came to nothing harms nobody.
BROKEN = {
    "an early callback is late": (_without(e.Prepared, State.SUBMITTING), "three files"),
    "a dead fetch is not noticed": (_without(e.DeadlinePassed, State.FETCHING), "plain"),
    "an address is fetched before the end": (
        _instead(e.Progressed, _fetches_what_is_superseded),
        "changing",
    ),
}


@pytest.mark.fuzz
@pytest.mark.timeout(150)
@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_table_broken_in_one_place_is_found_out(world: type[World], name: str) -> None:
    world.table, world.first = BROKEN[name]
    with pytest.raises(AssertionError):
        _run(world, UNTIL_FOUND)
