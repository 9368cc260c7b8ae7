"""How `gleaner up` lives and ends: until a signal, and then in order; at once when a second signal says so."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from gleaner.supervisor import Supervisor

LOOK_SECONDS = 0.1


class Stop:
    """What the signals have asked for: `asked` to stop, and with the second one to `hurry`."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self._hurry = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """Take a signal."""
        self._hurry = self.asked.is_set()
        self.asked.set()

    def hurry(self) -> bool:
        """Whether all patience is over."""
        return self._hurry


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


def keep_running(supervisor: Supervisor, stop: Stop, say: Callable[[str], None]) -> None:
    """Start all, watch over it until told to stop, and end it, whatever happens."""
    try:
        supervisor.start()
        while not stop.asked.wait(LOOK_SECONDS):
            supervisor.look()
        say("stopping; a second signal does not wait for what is under way")
    finally:
        supervisor.stop(stop.hurry)
