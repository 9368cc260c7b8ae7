"""The supervisor: starts children, starts again what dies, and ends all of them in order.

Children stand in tiers, of which each needs those before it. All start at once, without waiting for one another; they
are ended tier by tier, the last one first. What dies is started again after half a second, then after longer waits up
to five seconds, for ever: what is wrong today may be right tomorrow. Each child leads a session of its own, so that
Ctrl-C in a terminal reaches the supervisor alone, and where the kernel can do it a child dies with its supervisor.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Protocol, cast

from gleaner.output import Complain, LogFile, Output
from gleaner.processes import wait_until
from shared.errors import GleanerError

FIRST_WAIT, LONGEST_WAIT = 0.5, 5.0  # seconds before a child is started again
SETTLED_SECONDS = 30.0  # who lived so long begins with the first wait again
_LEASH = Path(__file__).parent / "leash.py"


class Child(Protocol):
    """Something that runs until it dies or is ended."""

    name: str
    patience: float  # seconds that it may take to end

    def start(self) -> None:
        """Start it, or start it again. GleanerError when that is not possible now."""
        ...

    def fate(self) -> str | None:
        """None while it runs; after that, how it ended."""
        ...

    def ask_to_end(self) -> None:
        """Ask politely; it may take its time. Harmless to one that has ended."""
        ...

    def end(self) -> None:
        """End whatever is left of it, now."""
        ...


@dataclass(frozen=True)
class Process:
    """A command line to keep running; `patience` is how many seconds it may take to end. `as_json`: its log's form.

    `renewed_by`: the signal that it takes for news of changed secrets, if it uses any.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    patience: float = 5.0
    as_json: bool = False
    renewed_by: signal.Signals | None = None


class Command:
    """The child that runs a Process, with its output in a log of its own."""

    def __init__(self, process: Process, log_folder: Path, complain: Complain) -> None:
        self.name = process.name
        self.patience = process.patience
        self._process = process
        self._complain = complain
        self._log = LogFile(log_folder, process.name)
        self._output = Output(process.name, self._log, complain, process.as_json)
        self._running: subprocess.Popen[bytes] | None = None
        self._fate: str | None = "not started"

    @property
    def pid(self) -> int | None:
        """The process id, while it runs."""
        return self._running.pid if self._running else None

    def start(self) -> None:
        """Start the command, tied to this process."""
        self._fate = None
        self._output = Output(self.name, self._log, self._complain, self._process.as_json)
        self._running = subprocess.Popen(
            [*_tie(), *self._process.argv],
            env=dict(self._process.env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._output.follow(cast(IO[bytes], self._running.stdout))

    def fate(self) -> str | None:
        """How the command ended, with its last words if it was not meant to."""
        if self._running is not None and (code := self._running.poll()) is not None:
            self.end()
            self._output.drain()
            words = self._output.last if code > 0 else ""
            self._fate = f"{ending(code)}{words and f': {words}'}"
        return self._fate

    def ask_to_end(self) -> None:
        """SIGTERM to the command alone: it knows best how its own children are to be told."""
        if self._running is not None:
            self._running.terminate()

    def renew(self) -> None:
        """Have the command look at the secrets anew, if it uses any."""
        if self._running is not None and self._process.renewed_by:
            self._running.send_signal(self._process.renewed_by)

    def end(self) -> None:
        """SIGKILL to all that is left of its session: a dead leader may have left others behind."""
        if self._running is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._running.pid, signal.SIGKILL)
            self._running.wait()
            self._running = None


def _tie() -> list[str]:
    if sys.platform != "linux":
        return []
    return [sys.executable, "-I", "-S", str(_LEASH), str(os.getpid())]


def ending(code: int) -> str:
    """How a process ended, by its code."""
    return f"exit {code}" if code >= 0 else signal.strsignal(-code) or f"signal {-code}"


@dataclass
class _Watch:
    """One child under the supervisor's eyes; `again_at` is when it is to be started again."""

    child: Child
    started_at: float = 0.0
    wait: float = 0.0
    again_at: float | None = None


class Supervisor:
    """Keeps tiers of children running, from `start` to `stop`; somebody calls `look` several times a second.

    All of it belongs to one thread, which has to live as long as the children: the kernel ties them to it.
    """

    def __init__(
        self, tiers: Sequence[Sequence[Child]], complain: Complain, first_wait: float = FIRST_WAIT
    ) -> None:
        self._first_wait = first_wait
        self._tiers = [[_Watch(child) for child in tier] for tier in tiers]
        self._complain = complain

    def start(self) -> None:
        """Start all. GleanerError from the first that cannot be; what runs by then is for `stop`."""
        for watch in self._watches():
            watch.child.start()
            watch.started_at = time.monotonic()

    def look(self) -> None:
        """Notice who has died, and start again whoever has waited for it."""
        for watch in self._watches():
            if watch.again_at is None:
                self._notice(watch)
            elif time.monotonic() >= watch.again_at:
                self._restart(watch)

    def stop(self, hurry: Callable[[], bool] = lambda: False) -> None:
        """End all, the last tier first; `hurry` coming true ends the patience with everybody.

        What a tier has left of its patience, the next ones may use: all together take as long as all patience at most.
        """
        spare = 0.0
        for tier in reversed(self._tiers):
            children = [watch.child for watch in tier]
            for child in children:
                child.ask_to_end()
            patience, began = spare + max(child.patience for child in children), time.monotonic()
            wait_until(partial(_settled, children, hurry), patience)
            spare = max(0.0, patience - (time.monotonic() - began))
            for child in children:
                child.end()

    def _watches(self) -> Iterator[_Watch]:
        return (watch for tier in self._tiers for watch in tier)

    def _notice(self, watch: _Watch) -> None:
        if (fate := watch.child.fate()) is not None:
            if time.monotonic() - watch.started_at > SETTLED_SECONDS:
                watch.wait = 0.0
            self._put_off(watch, f"ended ({fate})")

    def _restart(self, watch: _Watch) -> None:
        try:
            watch.child.start()
        except GleanerError as error:
            self._put_off(watch, f"does not start ({error.detail})")
        else:
            watch.started_at, watch.again_at = time.monotonic(), None

    def _put_off(self, watch: _Watch, why: str) -> None:
        watch.wait = min(max(self._first_wait, watch.wait * 2), LONGEST_WAIT)
        watch.again_at = time.monotonic() + watch.wait
        self._complain(watch.child.name, f"{why}; starting it again in {watch.wait:g} s")


def _settled(children: Sequence[Child], hurry: Callable[[], bool]) -> bool:
    return hurry() or all(child.fate() is not None for child in children)
