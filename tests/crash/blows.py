"""Blows to the processes of a running system: a seeded list of whom, how and after what pause; and how each is dealt."""

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.crash.stage import Stage
from tests.e2e.system import System, until

QUEUES = ("control", "sms", "imou", "fetch")
CHILDREN = tuple(f"child of {queue}" for queue in QUEUES)
PARENTS = tuple(f"parent of {queue}" for queue in QUEUES)
OTHERS = ("web child", "web", "beat", "redis", "supervisor")
TARGETS = CHILDREN + PARENTS + OTHERS
WEIGHTS = (*[3] * len(CHILDREN), *[2] * len(PARENTS), 3, 2, 1, 3, 3)
HOWS, HOW_WEIGHTS = ("kill", "stop", "restart"), (6, 3, 1)
LONGEST_STOP = 5.0  # seconds; longer than a lease


@dataclass(frozen=True)
class Blow:
    """After `pause` seconds: SIGKILL; or SIGSTOP, and SIGCONT after `lasts` seconds; or SIGTERM, to be started again."""

    pause: float
    how: str
    whom: str
    lasts: float

    def __str__(self) -> str:
        return f"{self.how} {self.whom}" + (f" for {self.lasts:.1f} s" if self.how == "stop" else "")


def blows(seed: int, number: int, longest_pause: float) -> list[Blow]:
    """The list that follows from a seed."""
    dice = Random(seed)

    def one() -> Blow:
        (whom,), (how,) = dice.choices(TARGETS, WEIGHTS), dice.choices(HOWS, HOW_WEIGHTS)
        how = "kill" if how == "restart" and whom in CHILDREN else how
        return Blow(dice.uniform(0.05, longest_pause), how, whom, dice.uniform(0.2, LONGEST_STOP))

    return [one() for _ in range(number)]


def deal(running: Stage, blow: Blow, dice: Random) -> None:
    """Deal it, as soon as there is somebody to be hit."""
    victims: list[int] = until(lambda: _victims(running, blow.whom), 60)
    victim = dice.choice(victims)
    with suppress(ProcessLookupError):
        _DEALT[blow.how](victim, blow.lasts)
    if blow.whom == "supervisor" and blow.how != "stop":
        running.restart()


def _kill(pid: int, _: float) -> None:
    os.kill(pid, signal.SIGKILL)


def _stop(pid: int, lasts: float) -> None:
    """Somebody else lets it go on, whatever becomes of us."""
    os.kill(pid, signal.SIGSTOP)
    subprocess.run(
        ["/bin/sh", "-c", f"sleep {lasts:.2f}; kill -CONT {pid}"], check=False, stderr=subprocess.DEVNULL
    )


def _restart(pid: int, _: float) -> None:
    os.kill(pid, signal.SIGTERM)


_DEALT: dict[str, Callable[[int, float], None]] = {"kill": _kill, "stop": _stop, "restart": _restart}


def _victims(running: Stage, whom: str) -> list[int]:
    system, (role, _, queue) = running.system, whom.partition(" of ")
    if whom == "supervisor":
        return [system.process.pid]
    if whom == "redis":
        return _written(system.home / "redis" / "redis.pid")
    if whom == "beat":
        return system.pids("beat")
    found = system.pids("webhook.wsgi:app") if whom.startswith("web") else system.pids("-Q", queue)
    leads = role in ("parent", "web")
    return [pid for pid in found if (_parent(pid) == system.process.pid) == leads]


def _written(path: Path) -> list[int]:
    with suppress(OSError, ValueError):
        return [int(path.read_text())]
    return []


def _parent(pid: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def left_behind(system: System) -> list[str]:
    """Processes of this system whose supervisor is not ours: they outlived it."""
    ours = {system.process.pid}
    pids = system.pids()
    parents = {pid: _parent(pid) for pid in pids}
    return [f"{pid}: {_words(pid)}" for pid in pids if not _leads_to(pid, parents, ours)]


def _leads_to(pid: int, parents: dict[int, int], ours: set[int]) -> bool:
    while pid and pid not in ours:
        pid = parents.get(pid, 0)
    return pid in ours


def _words(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()[-80:]
    return "gone"
