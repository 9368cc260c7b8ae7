"""The thread of `gleaner up` that waits until the service is ready, says so, and from then on what becomes of jobs."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from gleaner.client import Client
from gleaner.feed import Feed, first_wishes
from gleaner.terminal import Terminal
from shared.errors import GleanerError

LOOK_SECONDS = 1.0
FIRST_LOOK_SECONDS = 0.2
LONG_SECONDS = 15.0  # after which a start is worth a word


class Reporter(threading.Thread):
    """Runs until stopped. A service that does not answer is no news: its processes are watched over elsewhere.

    `link` gives the address that logs in once; it is only made for a terminal. `wish`: wish for first windows.
    """

    def __init__(
        self, client: Client, terminal: Terminal, archive: str, wish: bool, link: Callable[[], str]
    ) -> None:
        super().__init__(name="reporter", daemon=True)
        self._client = client
        self._terminal = terminal
        self._feed = Feed(client, terminal.tell, archive)
        self._link = link
        self._over = threading.Event()
        self._todo = [self._greet, self._feed.look, *([self._wish] if wish else [])]
        self._began = time.monotonic()

    def stop(self) -> None:
        """Say nothing more."""
        self._over.set()

    def run(self) -> None:
        """The thread's body."""
        self._wait()
        while not self._over.is_set():
            try:
                self._step()
            except GleanerError:
                self._over.wait(LOOK_SECONDS)

    def _wait(self) -> None:
        patient = True
        while not self._over.wait(FIRST_LOOK_SECONDS) and (lacks := self._client.lacks()):
            if patient and time.monotonic() - self._began > LONG_SECONDS:
                patient = False
                self._terminal.tell(f"not ready yet: {lacks}")

    def _step(self) -> None:
        if self._todo:
            self._todo[0]()
            del self._todo[0]
        else:
            self._feed.look()
            self._over.wait(LOOK_SECONDS)

    def _greet(self) -> None:
        link = f"; to log in, once: {self._link()}" if self._terminal.interactive else ""
        self._terminal.tell(f"ready after {time.monotonic() - self._began:.1f} s{link}")

    def _wish(self) -> None:
        if number := first_wishes(self._client, datetime.now(UTC)):
            self._terminal.tell(f"asked for {number} windows of the last minutes, to begin with")
