"""Whoever is hit, however and whenever: nothing is lost, doubled or torn, and it is over soon after the last blow."""

import itertools
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from random import Random

import pytest

from gleaner.supervisor import LONGEST_WAIT
from tests.crash.blows import Blow, blows, deal, left_behind
from tests.crash.invariants import judge, kinds
from tests.crash.stage import Stage, say, stage
from tests.e2e.system import SHRUNK, until

# Whoever dies in the midst of a fetch leaves the sandbox's server with a file that only the collector closes.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

CAMERAS, DOWNLOADS = 10, 2
JOBS, DAYS, BLOWS = 300, 30, 50
SEEDS = (1, 2, 3)
CLOCKS = ("SUBMIT_TIMEOUT", "SWEEP_EVERY", "CALLBACK_SILENCE", "GRACE", "RETRY_WAIT", "LEASE_SECONDS")


def _work(running: Stage, windows: int, days: int, steps: int) -> list[Callable[[], None]]:
    """For each step its share of the windows and days; every third day grows after it was listed, and is wanted again."""
    shares: list[list[Callable[[], object]]] = [[] for _ in range(steps)]
    cameras = running.cameras
    for number in range(windows):
        camera = cameras[number % len(cameras)]
        shares[number * steps // windows].append(lambda camera=camera: running.wish(camera))
    for number in range(days):
        camera, grows = cameras[number % len(cameras)], number % 3 == 0
        shares[number * steps // days].append(
            lambda camera=camera, grows=grows: _harvest(running, camera, grows)
        )
    return [lambda share=share: [each() for each in share] for share in shares]


def _harvest(running: Stage, camera: str, grows: bool) -> None:
    day = running.harvest(camera)
    if grows:
        running.grow(camera, day)


def _strike(running: Stage, seed: int, dealt: list[Blow], windows: int, days: int) -> Counter[str]:
    """Hand out the work and the blows, in turns; how often each kind of blow hit somebody."""
    dice, hits = Random(seed), Counter[str]()
    for share, blow in zip(_work(running, windows, days, len(dealt)), dealt, strict=True):
        share()
        time.sleep(blow.pause)
        deal(running, blow, dice)
        hits[f"{blow.how} {blow.whom}"] += 1
    return hits


def _clocks(running: Stage) -> float:
    """What the clocks allow after a blow, in seconds, to what was under way; not counted is what has not begun.

    Who died is found by the next sweep, once somebody sweeps again. Who lives and could not save what a vendor had said
    leaves a submission to its lease, the time-out and half a minute. A lost answer is waited for as long as silence is
    borne, the next try is put off, and the verdict has its grace.
    """
    told = {name: float(value) for name, value in {**SHRUNK, **running.environ}.items() if name in CLOCKS}
    submission = told["SUBMIT_TIMEOUT"] + 30
    waits = 2 * told["SWEEP_EVERY"] + 2 * told["CALLBACK_SILENCE"] + told["GRACE"] + 7.5 * told["RETRY_WAIT"]
    return LONGEST_WAIT + max(submission, told["LEASE_SECONDS"]) + waits


def _last(running: Stage) -> str:
    """The job that was last to change, and the steps after which most time went by."""
    last = max(running.listed("/admin/jobs", "jobs"), key=lambda job: str(job["updated_at"]))
    lines = running.job(last["id"])["history"]
    steps = [
        (datetime.fromisoformat(line["at"]), f"{line['event']} {line['reason'] or ''}") for line in lines
    ]
    waits = [(after - before, step) for (before, step), (after, _) in itertools.pairwise(steps)]
    slow = sorted(waits, reverse=True)[:3]
    return f"{last['kind']}, " + ", ".join(
        f"{wait.total_seconds():.1f} s after {step.strip()}" for wait, step in slow
    )


def _run(running: Stage, seed: int, dealt: list[Blow], windows: int, days: int) -> None:
    began = time.monotonic()
    hits = _strike(running, seed, dealt, windows, days)
    struck = time.monotonic() - began
    seconds = running.settled(150)
    found = judge(running)
    told = ", ".join(f"{number}x {what}" for what, number in sorted(hits.items()) if number)
    say(f"seed {seed}, {hits.total()} blows in {struck:.0f} s: {told}")
    say(
        f"{found.counts}, {len(found.violations)} violations, spool {dict(kinds(found.leftovers))}; "
        f"over {seconds:.1f} s after the last blow, the clocks allow {_clocks(running):.1f} s and the work left"
    )
    say(f"what ended last: {_last(running)}")
    until(lambda: not left_behind(running.system), 20)
    assert not found.violations, "\n".join([f"seed {seed}: {' '.join(map(str, dealt))}", *found.violations])


@pytest.mark.crash
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", SEEDS)
def test_fifty_random_blows_over_three_hundred_jobs_and_two_hundred_records(
    seed: int, tmp_path: Path
) -> None:
    with stage(tmp_path, CAMERAS, DOWNLOADS) as running:
        running.sandbox.platform.throw({"slow_submit": 0.3, "media_rate": 200_000})
        running.sandbox.cloud.throw({"reply": "slow", "slow": 0.2})
        _run(running, seed, blows(seed, BLOWS, 1.0), JOBS, DAYS)


@pytest.mark.e2e
@pytest.mark.timeout(120)
def test_a_few_random_blows_cost_nothing(small_stage: Stage) -> None:
    """A child and a parent, the store and half of the web; the long form hits everybody, and stops them, too."""
    seed = 7
    whom = ("child of fetch", "redis", "parent of sms", "web child")
    few = [Blow(pause, "kill", each, 0) for each, pause in zip(whom, itertools.repeat(0.4), strict=False)]
    _run(small_stage, seed, few, 10, 2)
