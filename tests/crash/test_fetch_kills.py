"""A fetch that is killed at any instant costs the bytes on their way, and nothing else: no file is torn, none is forgotten.

`CRASH_SEED` picks the instants. Half of them are spread over the time that an undisturbed fetch takes; the other half over the
milliseconds after a step, for the check, the hash and the landing take so little of that time that few others would hit them.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from shared.domain.job import State
from tests.crash.fetchers import STEPS, Ground, ground
from tests.crash.stage import say

SEED = int(os.environ.get("CRASH_SEED", "1"))
RATE = 1_500_000  # bytes per second: a file takes a good half second
SPEED = 300.0  # so that a slice lasts two thirds of a second
ON_THEIR_WAY = (
    256 * 1024
)  # bytes: what buffers and one piece hold, a sixth of a second; a slice holds four times that
EACH = 4  # kills of one job; five in a row are a poison job's


def _undisturbed(scene: Ground) -> float:
    """How long a fetch takes, in seconds."""
    fetcher = scene.fetcher()
    job = scene.job()
    assert fetcher.reaches("fetch-claimed")
    began = time.monotonic()
    assert fetcher.reaches("fetch-published")
    took = time.monotonic() - began
    assert scene.until_over(job).state == State.ARCHIVED
    fetcher.end()
    return took


def _strike(scene: Ground, job: str, dice: Random, took: float) -> str:
    """Kill a fetcher in the midst of a fetch, and where that was."""
    fetcher = scene.fetcher()
    if dice.random() < 0.5:
        assert fetcher.reaches("fetch-claimed")
        time.sleep(dice.uniform(0, took))
    else:
        scene.waits(job, fetcher, dice.choice(STEPS))
        time.sleep(dice.uniform(0, 0.004))
    fetcher.kill()
    return fetcher.last


def _strikes(scene: Ground, dice: Random, took: float) -> Iterator[str]:
    """One job, its deaths, and its fetch to the end; where each death was that came before that end."""
    job = scene.job()
    for _ in range(EACH):
        where = _strike(scene, job, dice, took)
        assert scene.torn() == []
        scene.heal()
        if scene.load(job).state == State.ARCHIVED:
            break
        yield where
    last_one = scene.fetcher()
    found = scene.until_over(job)
    assert found.state == State.ARCHIVED, (found.reason, found.detail)
    last_one.end()
    (asset,) = found.assets
    assert (scene.root / asset.key).read_bytes() == scene.jobs[job]


def _kills(scene: Ground, kills: int) -> None:
    """So many deaths, and then a look at everything."""
    dice, deaths, took = Random(SEED), Counter[str](), _undisturbed(scene)
    while deaths.total() < kills:
        deaths.update(_strikes(scene, dice, took))
    twice = [each for job in scene.jobs for each in scene.host.twice(job)]
    say(f"seed {SEED}: {deaths.total()} deaths, by the last step before: {dict(deaths)}")
    say(
        f"bytes sent twice: {sum(twice)} in all, {max(twice)} at most; a fetch takes {took:.2f} s undisturbed"
    )
    assert scene.spooled() == set()
    keys = {asset.key for job in scene.jobs for asset in scene.load(job).assets}
    assert len(keys) == len(scene.jobs)
    assert scene.files() == keys | {f"{key}.json" for key in keys}
    assert max(twice) <= ON_THEIR_WAY


def test_a_fetch_killed_at_a_few_random_instants_tears_and_repeats_nothing(
    redis_url: str, tmp_path: Path
) -> None:
    with ground(tmp_path, redis_url, RATE * 2, SPEED * 2) as scene:
        _kills(scene, 6)


@pytest.mark.crash
@pytest.mark.timeout(1800)
def test_a_fetch_killed_at_two_hundred_random_instants_tears_and_repeats_nothing(
    redis_url: str, tmp_path: Path
) -> None:
    with ground(tmp_path, redis_url, RATE, SPEED) as scene:
        _kills(scene, 200)
