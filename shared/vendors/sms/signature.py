"""The `linker-sign` header. Its algorithm is not public, so it comes from outside: a fixed value, or a command's output.

The vendor's signing page gives a value five minutes of life; a command's output is used for four, and dropped at once
when the vendor turns it down. Threads share one value, each process has its own. The value never appears in an error.
"""

import shlex
import subprocess
import time
from collections.abc import Callable
from threading import Lock

from shared.errors import Transient, Whose
from shared.vendors.sms.refusals import Signing
from shared.vendors.sms.settings import COMMAND

KEPT_SECONDS = 240.0
COMMAND_SECONDS = 10.0


class LinkerSign:
    """Gives the header's value; empty when there is none to send."""

    def __init__(self, configured: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._configured = configured
        self._clock = clock
        self._lock = Lock()
        self._minted: tuple[float, str] | None = None

    @property
    def signing(self) -> Signing:
        """Where the value comes from."""
        if not self._configured:
            return Signing.NOWHERE
        return Signing.COMMAND if self._configured.startswith(COMMAND) else Signing.SETTING

    def value(self) -> str:
        """The value to send now. Transient `vendor-auth` when the command gives none."""
        if self.signing is not Signing.COMMAND:
            return self._configured
        with self._lock:
            if self._minted is None or self._clock() - self._minted[0] >= KEPT_SECONDS:
                self._minted = None
                self._minted = (self._clock(), _run(self._configured.removeprefix(COMMAND)))
            return self._minted[1]

    def instead_of(self, refused: str) -> str | None:
        """Another value than the one that the vendor turned down, which is dropped; None when there is none to be had."""
        self.drop(refused)
        try:
            value = self.value()
        except Transient:  # it will be said when the next value is wanted
            return None
        if value != refused:
            return value
        self.drop(refused)
        return None

    def drop(self, refused: str) -> None:
        """The vendor turned this value down: mint a new one next time. Nothing when another thread has done so already."""
        with self._lock:
            if self._minted and self._minted[1] == refused:
                self._minted = None


def _run(command: str) -> str:
    try:
        done = subprocess.run(
            shlex.split(command),
            capture_output=True,
            timeout=COMMAND_SECONDS,
            check=True,
            stdin=subprocess.DEVNULL,
        )
        value = done.stdout.decode("ascii").strip()
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise _unsigned(type(error).__name__) from None  # its text may hold the value
    if not value or not value.isprintable():
        raise _unsigned("its output is not one printable line")
    return value


def _unsigned(why: str) -> Transient:
    detail = f"the command of SMS_LINKER_SIGN gave no value: {why}"
    return Transient("vendor-auth", detail, whose=Whose.VENDOR, asked=False)
