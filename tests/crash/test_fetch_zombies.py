"""A worker that is stopped past its lease, and wakes when another is at its job, or has done it: it lands nothing, and harms nothing.

`CRASH_SEED` picks the instants of the stop and of the waking. The one exception is a worker that was stopped in the very act of
landing: until it is dead nobody else lands that asset, and what it lands is whole; such rounds are counted apart.
"""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path
from random import Random

import pytest

from shared.domain.job import ENDED, State
from tests.crash.fetchers import STEPS, Fetcher, Ground, ground
from tests.crash.stage import say
from tests.e2e.system import until

SEED = int(os.environ.get("CRASH_SEED", "1"))
RATE, SPEED = 3_000_000, 300.0  # bytes per second, and a slice of two thirds of a second
LEASE = 1.0  # seconds


@contextmanager
def _asleep(fetcher: Fetcher) -> Iterator[None]:
    fetcher.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        fetcher.signal(signal.SIGCONT)


def _doze(scene: Ground, job: str, fetcher: Fetcher, dice: Random) -> None:
    """Let it come to some instant of its fetch."""
    if dice.random() < 0.5:
        assert fetcher.reaches("fetch-claimed")
        time.sleep(dice.uniform(0, 0.4))
    else:
        scene.waits(job, fetcher, dice.choice(STEPS))
        time.sleep(dice.uniform(0, 0.004))


def _is_anybodys(scene: Ground, job: str) -> bool:
    scene.heal()
    return scene.load(job).state != State.FETCHING


def _round(scene: Ground, dice: Random, whole: bool) -> str:
    """One job, its zombie, and its end. What the zombie was at; nothing when it had no claim to lose.

    `whole`: it wakes when all is over, unless it is landing; else when another is in the midst of it.
    """
    job, zombie = scene.job(), scene.fetcher()
    _doze(scene, job, zombie, dice)
    with _asleep(zombie):
        had_it = scene.load(job).state == State.FETCHING
        zombie.reaches(seconds=0)
        landing, its_own, at = _is_landing(zombie), _parts(zombie), len(zombie.heard)
        until(lambda: _is_anybodys(scene, job), 20)
        other = scene.fetcher()
        shared = _work_beside(
            scene, job, other, its_own, 0 if whole and not landing else dice.uniform(0.1, 0.5)
        )
    found = scene.until_over(job)
    for each in (zombie, other):
        each.end()
    assert not shared
    assert (found.state, len(found.assets)) == (State.ARCHIVED, 1), (found.reason, found.detail)
    landed = scene.root / found.assets[0].key
    assert landed.read_bytes() == scene.jobs[job]
    woken = list(takewhile(lambda point: point != "fetch-claimed", zombie.heard[at:]))
    assert landing or not (had_it and "landing-moved" in woken and landed.stat().st_ino in its_own)
    assert (scene.torn(), scene.spooled()) == ([], set())
    return ("landing" if landing else zombie.heard[at - 1]) if had_it else ""


def _work_beside(scene: Ground, job: str, other: Fetcher, its_own: set[int], seconds: float) -> set[int]:
    """Let another one work beside the zombie, so many seconds, or to the end with none; the spools that both may write."""
    shared, over = set(), time.monotonic() + (seconds or 20)
    while time.monotonic() < over and scene.load(job).state not in ENDED:
        shared |= _parts(other) & its_own
        scene.heal()
    assert seconds or scene.load(job).state in ENDED, "nobody waits for a sleeper"
    return shared


def _open(fetcher: Fetcher, writing: bool = False) -> Iterator[tuple[str, int]]:
    """Every file that it has open, or has open to write: its path, and its number on the disk."""
    process = Path(f"/proc/{fetcher.process.pid}")
    for link in process.glob("fd/*"):
        with suppress(OSError):
            flags = (process / "fdinfo" / link.name).read_text().partition("flags:")[2].split()[0]
            if not writing or int(flags, 8) & os.O_ACCMODE:
                yield str(link.readlink()), link.stat().st_ino


def _is_landing(fetcher: Fetcher) -> bool:
    """Whether it holds the lock of a final name."""
    return any("/key-" in path for path, _ in _open(fetcher))


def _parts(fetcher: Fetcher) -> set[int]:
    """The spools into which it may write, by their numbers on the disk: one whose name was taken away is still its own."""
    spools = ((path.removesuffix(" (deleted)"), number) for path, number in _open(fetcher, writing=True))
    return {number for path, number in spools if path.endswith(".part")}


def _zombies(scene: Ground, zombies: int) -> None:
    dice, at = Random(SEED), Counter[str]()
    while at.total() < zombies:
        at.update(filter(None, [_round(scene, dice, whole=at.total() % 2 == 0)]))
    say(f"seed {SEED}: {at.total()} zombies, by the last step before they were stopped: {dict(at)}")
    keys = {asset.key for job in scene.jobs for asset in scene.load(job).assets}
    assert scene.files() == keys | {f"{key}.json" for key in keys}


def test_a_few_workers_that_wake_after_their_lease_land_nothing_and_harm_nothing(
    redis_url: str, tmp_path: Path
) -> None:
    with ground(tmp_path, redis_url, RATE, SPEED, LEASE_SECONDS=str(LEASE)) as scene:
        _zombies(scene, 3)


@pytest.mark.crash
@pytest.mark.timeout(1800)
def test_a_hundred_workers_that_wake_after_their_lease_land_nothing_and_harm_nothing(
    redis_url: str, tmp_path: Path
) -> None:
    with ground(tmp_path, redis_url, RATE, SPEED, LEASE_SECONDS=str(LEASE)) as scene:
        _zombies(scene, 100)
