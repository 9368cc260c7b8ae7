"""What a running system is put through by whoever hits its processes, and how it has to come out of it."""

import itertools
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from random import Random

from gleaner.supervisor import LONGEST_WAIT
from tests.crash.blows import Blow, deal, left_behind
from tests.crash.invariants import judge, kinds
from tests.crash.stage import Stage, say
from tests.e2e.system import SHRUNK, until

CLOCKS = ("SUBMIT_TIMEOUT", "SWEEP_EVERY", "CALLBACK_SILENCE", "GRACE", "RETRY_WAIT", "LEASE_SECONDS")


def end_well(running: Stage, seconds: float) -> float:
    """All tickets used, the vendors in order again, and all of it over; how long that took."""
    until(lambda: not running.unused(), seconds, lambda: {"unused": running.unused(), "busy": running.busy()})
    running.sandbox.platform.mischief.behave()
    running.sandbox.cloud.mischief.behave()
    return running.settled(seconds)


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


def endured(running: Stage, seed: int, dealt: list[Blow], windows: int, days: int) -> None:
    """Dealt all blows while it works off so many windows and days, it ends as if there had been none."""
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
