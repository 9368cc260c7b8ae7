"""How `gleaner up` lives and ends: until a signal, and then in order; at once when a second signal says so.

SIGHUP ends it only where it means what its name says, that the terminal is gone; else somebody has changed the secrets.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from gleaner.supervisor import Supervisor

LOOK_SECONDS = 0.1


class Stop:
    """What the signals have asked for: `asked` to stop, and with the second one to `hurry`; `changed`: to look at secrets."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.changed = False
        self._on_terminal = _has_terminal()
        self._hurry = False

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Take a signal."""
        if number == signal.SIGHUP and self._on_terminal == _has_terminal():
            self.changed = True
            return
        self._hurry = self.asked.is_set()
        self.asked.set()

    def hurry(self) -> bool:
        """Whether all patience is over."""
        return self._hurry


def _has_terminal() -> bool:
    """Whether this process has a terminal that could hang up; one that has hung up is none."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


@contextmanager
def stop_signals() -> Iterator[Stop]:
    """SIGTERM, SIGINT and SIGHUP (unless `nohup` has turned it off) go to one Stop for the time being."""
    stop = Stop()
    wanted = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        wanted.append(signal.SIGHUP)
    before = {number: signal.signal(number, stop) for number in wanted}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def keep_running(
    supervisor: Supervisor, stop: Stop, say: Callable[[str], None], changed: Callable[[bool], object] = bool
) -> None:
    """Start all, watch over it until told to stop, and end it, whatever happens.

    `changed` is called at each look, and told whether secrets have changed since the one before.
    """
    try:
        supervisor.start()
        while not stop.asked.wait(LOOK_SECONDS):
            supervisor.look()
            news, stop.changed = stop.changed, False
            changed(news)
        say("stopping; a second signal does not wait for what is under way")
    finally:
        supervisor.stop(stop.hurry)
