"""gunicorn's threaded worker with two manners that it lacks.

Of itself it waits without end for the rest of a request that it has begun to read. A few connections that say half a request and
fall silent would hold every thread, and the vendor would not be heard. So the ear is taken from whoever needs too long, a
short while when all threads are taken, a longer one else: what was said until then is answered as a broken request, and an
answer on its way is still sent to its end.

And of a wave of new connections, whichever process happens to be awake takes them all, and keeps them as long as their callers
like, while the others idle: seen with keep-alive callers from their second wave on. So who has much lets the others go first.
"""

import socket
import time
from contextlib import suppress
from typing import Any

from gunicorn.http.errors import InvalidHeader, UnsupportedTransferCoding
from gunicorn.workers.gthread import ThreadWorker

PATIENCE, WHEN_BUSY = 10.0, 1.0  # seconds for a request; a vendor's is said within milliseconds
STEP_BACK, STEP_BACK_MOST = 0.0002, 0.004  # seconds for each connection that is held, before another is taken


class MannerlyWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn is not typed
    """See the head of this file."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._begun: dict[Any, float] = {}

    def accept(self, listener: Any) -> None:
        """Take a connection, or none when another process was faster."""
        if self.nr_conns >= self.cfg.threads:
            time.sleep(min(STEP_BACK_MOST, STEP_BACK * self.nr_conns))
        super().accept(listener)

    def handle(self, conn: Any) -> Any:
        """Read a request, answer it. In a thread of its own."""
        self._begun[conn] = time.monotonic()
        try:
            return super().handle(conn)
        finally:
            del self._begun[conn]

    def notify(self) -> None:
        """Tell the parent that this process lives, once a second at least, and see who needs too long."""
        super().notify()
        begun = self._begun.copy()
        patience = PATIENCE if len(begun) < self.cfg.threads else WHEN_BUSY
        for conn, since in begun.items():
            if time.monotonic() - since > patience:
                with suppress(OSError):  # it is over already
                    conn.sock.shutdown(socket.SHUT_RD)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a request that is none. Whose body is in no way we know has sent a bad one: a 5xx says that we are broken."""
        if isinstance(exc, UnsupportedTransferCoding):
            exc = InvalidHeader("TRANSFER-ENCODING")
        super().handle_error(req, client, addr, exc)
