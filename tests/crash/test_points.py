"""At every named point a process kills itself, and nothing is lost, doubled or torn: on the paths of both vendors."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.points import POINTS
from tests.crash.invariants import judge, kinds
from tests.crash.ordeal import end_well
from tests.crash.stage import Stage, pick, say, stage

# Whoever dies in the midst of a fetch leaves the sandbox's server with a file that only the collector closes.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

DEATHS = 5
OF_A_HARVEST = 20  # deaths at each point of a harvest, for which every day and camera comes to it anew
CAMERAS = 6


def _windows(running: Stage, number: int) -> None:
    for camera in pick(running.cameras, number):
        running.wish(camera)


def _silent(running: Stage, number: int) -> None:
    """The platform never calls back, so that it has to be asked."""
    running.sandbox.platform.throw({"drop_callbacks": 1.0})
    _windows(running, number)


def _cancelled(running: Stage, number: int) -> None:
    """Downloads that do not end by themselves, so that there is time to call them off."""
    running.sandbox.platform.throw({"never_ends": True})
    for camera in pick(running.cameras, number):
        running.cancel(running.wish(camera, minutes=20))


def _short(running: Stage, number: int) -> None:
    """The device delivers half of everything, and cannot be asked what it holds: the window is wanted once more."""
    running.sandbox.platform.throw({"delivered": 0.5, "recordings": "missing"})
    running.short.update(running.wish(camera).job for camera in pick(running.cameras, number))


def _gaps(running: Stage, number: int) -> None:
    """The device delivers half of everything, and lists all: what is missing is wanted by itself."""
    running.sandbox.platform.throw({"delivered": 0.5})
    running.short.update(running.wish(camera).job for camera in pick(running.cameras, number))


def _records(running: Stage, number: int) -> None:
    for camera in pick(running.cameras, number):
        running.harvest(camera)


def _dead_addresses(running: Stage, number: int) -> None:
    """No address of a picture leads to it, until the last ticket is used."""
    running.sandbox.cloud.throw({"picture": "404"})
    _records(running, number)


def _grown(running: Stage, number: int) -> None:
    """Days that are closed and grow all the same, which brings the second picture of each."""
    days = [(camera, running.harvest(camera)) for camera in pick(running.cameras, number)]
    running.settled(120)
    for camera, day in days:
        running.grow(camera, day)


FETCHED = (
    "fetch-claimed",
    "fetch-kept",
    "fetch-checked",
    "fetch-hashed",
    "landing-moved",
    "fetch-published",
    "fetch-recorded",
)
PATHS: dict[str, tuple[Callable[[Stage, int], None], tuple[str, ...]]] = {
    "clips": (
        _windows,
        (
            "prepare-claimed",
            "prepare-answered",
            "prepare-recorded",
            "callback-read",
            "callback-recorded",
            *FETCHED,
        ),
    ),
    "short": (_short, ("settle-judged", "settle-aside", "aside-unmarked")),
    "gaps": (_gaps, ("settle-wished",)),
    "silent": (_silent, ("ask-answered",)),
    "cancelled": (_cancelled, ("withdraw-told",)),
    "records": (
        _records,
        (*(each for each in POINTS if each.startswith(("harvest-", "tell-"))), "settle-linked", *FETCHED),
    ),
    "grown": (_grown, ("closing-wished",)),
    "renewed": (_dead_addresses, ("settle-renewed",)),
}
HARVESTED = [
    (path, point)
    for path in ("records", "renewed", "grown")
    for point in PATHS[path][1]
    if point.startswith(("harvest-", "tell-", "settle-", "closing-"))
]
CASES = [(path, point) for path, (_, points) in PATHS.items() for point in points]


def test_every_named_point_is_on_a_path() -> None:
    assert {point for _, point in CASES} == set(POINTS)


@pytest.fixture(scope="module")
def long_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("points"), CAMERAS) as running:
        yield running


@pytest.mark.crash
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("path", "point"), CASES)
def test_a_point_at_which_five_processes_die_costs_nothing(long_stage: Stage, path: str, point: str) -> None:
    _die_at(long_stage, path, point, DEATHS)


@pytest.mark.crash
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("path", "point"), HARVESTED)
def test_a_point_of_a_harvest_at_which_twenty_die_costs_nothing(
    tmp_path: Path, path: str, point: str
) -> None:
    with stage(tmp_path / "home", CAMERAS) as running:
        _die_at(running, path, point, OF_A_HARVEST)


def _die_at(running: Stage, path: str, point: str, deaths: int) -> None:
    drive, _ = PATHS[path]
    running.lay(point, each=deaths)
    drive(running, deaths + 1)
    seconds = end_well(running, 120)
    found = judge(running)
    say(
        f"{path} {point}: over after {seconds:.1f} s more, {found.counts}, spool {dict(kinds(found.leftovers))}"
    )
    assert not found.violations, "\n".join(found.violations)
