"""What gunicorn is told beside its command line (`--config python:webhook.server`): how it logs, drains, and reads secrets.

The server's own lines go where all others go, from the first one on, and through the same filter. SIGHUP has the secrets
read anew, once, in the parent; its new children take them over, and the old ones answer what they are at and leave. Nothing
else changes by that, so that a bad value in `.env` ends nobody. A child that has to leave listens no more at once, instead of
only when its last request is answered: whoever comes meanwhile is refused, or another child's, and never kept waiting.
"""

import logging
from typing import Any

from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from shared.errors import Misconfigured, one_line
from shared.logs import set_up
from shared.settings import Settings, read, source
from webhook import renew

with one_line():
    set_up(read(Settings, source()).log_format)

log = logging.getLogger(__name__)


class Lines(Logger):  # type: ignore[misc] # the library has no types
    """Gunicorn's own, but it writes nothing itself: what it says of a broken request names the path, which may open a door."""

    def setup(self, cfg: Config) -> None:
        """Hand all lines on to the one handler."""
        super().setup(cfg)
        hand_on()


def hand_on() -> None:
    """The server's loggers have no handlers of their own."""
    for name in ("gunicorn.error", "gunicorn.access"):
        server = logging.getLogger(name)
        server.handlers.clear()
        server.propagate = True


def on_reload(arbiter: Arbiter) -> None:
    """SIGHUP, before the new children are made."""
    try:
        renew(arbiter.app.wsgi())
    except Misconfigured as error:
        log.warning(
            "the secrets in force stay as they are", extra={"code": error.code, "detail": error.detail}
        )


class Threads(ThreadWorker):  # type: ignore[misc]
    """Gunicorn's own, but it leaves the door as soon as it is told to leave."""

    def set_accept_enabled(self, enabled: bool) -> None:
        """Whoever stands in the door by then is still let in."""
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                self._let_in(listener)
                listener.close()

    def _let_in(self, listener: Any) -> None:
        before = -1
        while before != self.nr_conns:
            before = self.nr_conns
            self.accept(listener)


logger_class, worker_class = Lines, Threads
