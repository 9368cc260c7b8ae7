"""Checks side by side within a bounded time, so that what hangs delays neither the others nor the end."""

import time
from collections.abc import Mapping
from threading import Thread

from gleaner.checks.finding import Check, Finding, fail
from shared.errors import GleanerError

HUNG = (
    "find out what it waits for: the network, the disk, or a server that takes connections and says nothing"
)
FOLLOWS = "see the other lines here: it may follow from one of them"
BROKE = "this is a fault of the check itself; please report it with the words above"


class _Examination(Thread):
    """One check in a thread that the process does not wait for. What was found before it hung or broke is kept."""

    def __init__(self, name: str, check: Check) -> None:
        super().__init__(name=f"check-{name}", daemon=True)
        self.found: list[Finding] = []
        self._subject = name
        self._check = check

    def run(self) -> None:
        """The thread's body."""
        try:
            self.found.extend(self._check())
        except GleanerError as error:
            self._failed(error.detail or error.code, FOLLOWS)
        except Exception as error:  # noqa: BLE001 - whatever a machine comes up with, the other findings are told
            self._failed(f"could not be looked at ({type(error).__name__})", BROKE)

    def _failed(self, sentence: str, remedy: str) -> None:
        self.found.append(fail(self._subject, sentence, remedy))

    def findings(self) -> list[Finding]:
        """All so far, and that it has not ended, if it has not."""
        return (
            [*self.found, fail(self._subject, "gave no answer in time", HUNG)]
            if self.is_alive()
            else self.found
        )


def side_by_side(checks: Mapping[str, Check], seconds: float) -> list[Finding]:
    """All findings in the order of the checks. One that has not ended after so many seconds in all is a failure."""
    threads = [_Examination(name, check) for name, check in checks.items()]
    over = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, over - time.monotonic()))
    return [finding for thread in threads for finding in thread.findings()]
