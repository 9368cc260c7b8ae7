"""The short forms of the long proofs, every day: one small system for all of them, since it takes longest to start."""

import itertools
from collections.abc import Iterator

import pytest

from shared.points import POINTS
from tests.crash.blows import Blow
from tests.crash.invariants import judge
from tests.crash.ordeal import end_well, endured
from tests.crash.stage import Stage, stage
from tests.e2e.system import until

# Whoever dies in the midst of a fetch leaves the sandbox's server with a file that only the collector closes.
collected_late = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120), collected_late]

# These come later, one lot after the other: a job at which five processes die in a row is given up, and chance may let one
# job meet them all.
FETCHED = ("fetch-claimed", "fetch-kept", "fetch-checked", "fetch-hashed")
LANDED = ("landing-moved", "fetch-published", "fetch-recorded")


@pytest.fixture(scope="module")
def small_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A running system of a few cameras."""
    with stage(tmp_path_factory.mktemp("crash"), 6) as running:
        yield running


def test_a_death_at_every_named_point_costs_nothing(small_stage: Stage) -> None:
    """Nearly all at once; the long form takes one after the other, five times."""
    first, second, short, gaps, *others = small_stage.cameras
    grown = small_stage.harvest(others[0])
    small_stage.settled(60)
    small_stage.sandbox.platform.throw(
        {"never_ends": True}, small_stage.device(second)
    )  # until it is cancelled
    given_up = small_stage.wish(second, minutes=20)
    small_stage.under_way(given_up)  # before anybody dies: who dies with the vendor's answer leaves no handle
    small_stage.lay(*(point for point in POINTS if point not in FETCHED + LANDED))
    small_stage.sandbox.platform.throw({"drop_callbacks": 1.0}, small_stage.device(first))
    small_stage.sandbox.platform.throw({"delivered": 0.5, "recordings": "missing"}, small_stage.device(short))
    small_stage.sandbox.platform.throw({"delivered": 0.5}, small_stage.device(gaps))
    small_stage.short.update(small_stage.wish(camera).job for camera in (short, gaps))
    small_stage.sandbox.cloud.throw({"picture": "404"}, small_stage.serial(first))
    for camera in (first, *others):
        small_stage.wish(camera)
    small_stage.harvest(first)
    small_stage.harvest(others[0])
    small_stage.grow(others[0], grown)
    small_stage.cancel(given_up)
    # Only so many listings are owed for dead pictures, and here no schedule makes further ones.
    until(lambda: "settle-renewed.0" not in small_stage.unused(), 60)
    small_stage.sandbox.cloud.mischief.behave()
    end_well(small_stage, 60)
    for lot in (FETCHED, LANDED):
        small_stage.lay(*lot)
        small_stage.wish(first)
        end_well(small_stage, 60)
    found = judge(small_stage)
    assert not found.violations, "\n".join(found.violations)


def test_a_few_random_blows_cost_nothing(small_stage: Stage) -> None:
    """A child and a parent, the store and half of the web; the long form hits everybody, and stops them, too."""
    seed = 7
    whom = ("child of fetch", "redis", "parent of sms", "web child")
    few = [Blow(pause, "kill", each, 0) for each, pause in zip(whom, itertools.repeat(0.4), strict=False)]
    endured(small_stage, seed, few, 10, 2)
