"""What gunicorn is told by `--config python:webhook.server`: where to listen, how to log, to drain, and to hear of secrets.

The server's own lines go where all others go, from the first one on, and through the same filter. SIGUSR1, which is for log
files that others have moved, makes a round of the secrets here, in the parent and in all children, and no connection is
touched by it. SIGHUP does, too, as far as gunicorn's own reload goes: new children are made, and the old ones answer what
they are at. A child that has to leave listens no more at once, instead of only when its last request is answered: whoever
comes meanwhile is refused, or another child's, and never kept waiting.
"""

import gc
import logging
import os
from functools import lru_cache
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger

from shared.errors import one_line
from shared.logs import set_up
from shared.ring import Ring, ring_of
from shared.settings import Settings, read, source
from webhook.manners import MannerlyWorker

_heard = [0]  # rounds; each process counts its own

with one_line():
    settings = read(Settings, source())
    set_up(settings.log_format)


@lru_cache(maxsize=1)
def ring() -> Ring:
    """The secrets in force in this process; its forks go on with what it has."""
    return ring_of(settings, os.environ, lambda: _heard[0])


class Lines(Logger):  # type: ignore[misc] # the library has no types
    """Gunicorn's own, but it writes nothing itself: what it says of a broken request names the path, which may open a door."""

    def setup(self, cfg: Config) -> None:
        """Hand all lines on to the one handler."""
        super().setup(cfg)
        hand_on()

    def reopen_files(self) -> None:
        """What the parent does at both signals: there are no files, but secrets to be read, for itself and those it will fork."""
        super().reopen_files()
        _heard[0] += 1
        ring().now  # noqa: B018 - looking is what counts


def hand_on() -> None:
    """The server's loggers have no handlers of their own."""
    for name in ("gunicorn.error", "gunicorn.access"):
        server = logging.getLogger(name)
        server.handlers.clear()
        server.propagate = True


class Threads(MannerlyWorker):
    """It hears of secrets, too, and leaves the door as soon as it is told to leave."""

    def handle_usr1(self, _number: int, _frame: object) -> None:
        """Only count, as befits a signal: the next request will look."""
        _heard[0] += 1

    def set_accept_enabled(self, enabled: bool) -> None:
        """Whoever stands in the door by then is still let in."""
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                self._let_all_in(listener)
                listener.close()

    def _let_all_in(self, listener: Any) -> None:
        before = -1
        while before != self.nr_conns:
            before = self.nr_conns
            self.let_in(listener)


def when_ready(_: Any) -> None:
    """Before any child is forked: what is loaded by now stays, and need not be looked through for garbage.

    A whole look took the thread that listens 60 to 90 ms, some hundreds of callbacks after its start.
    """
    gc.collect()
    gc.freeze()


bind = [str(each) for each in settings.binds]
logger_class, worker_class = Lines, Threads
