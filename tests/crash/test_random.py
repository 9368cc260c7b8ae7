"""Whoever is hit, however and whenever: nothing is lost, doubled or torn, and it is over soon after the last blow."""

from pathlib import Path

import pytest

from tests.crash.blows import blows
from tests.crash.ordeal import endured
from tests.crash.stage import stage

# Whoever dies in the midst of a fetch leaves the sandbox's server with a file that only the collector closes.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

CAMERAS, DOWNLOADS = 10, 2
JOBS, DAYS, BLOWS = 300, 30, 50
SEEDS = (1, 2, 3)


@pytest.mark.crash
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", SEEDS)
def test_fifty_random_blows_over_three_hundred_jobs_and_two_hundred_records(
    seed: int, tmp_path: Path
) -> None:
    with stage(tmp_path, CAMERAS, DOWNLOADS) as running:
        running.sandbox.platform.throw({"slow_submit": 0.3, "media_rate": 200_000})
        running.sandbox.cloud.throw({"reply": "slow", "slow": 0.2})
        endured(running, seed, blows(seed, BLOWS, 1.0), JOBS, DAYS)
