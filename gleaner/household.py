"""What one home and one machine allow: one `up` per home, one listener per port; and the children that are no commands."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from errno import EADDRINUSE
from pathlib import Path

from gleaner.embedded_redis import EmbeddedRedis
from gleaner.processes import open_lock, take, wait_until
from gleaner.supervisor import ending
from shared.errors import Misconfigured
from shared.settings import Settings
from shared.sweep import Sweeper

LOGS = "log"
_BEAT_FILES = "beat-schedule*"


@contextmanager
def only_one(home: Path) -> Iterator[bool]:
    """Have a home to ourselves, made if need be; whether the one before us was killed and may have left children.

    Misconfigured when another `up` has it, or it cannot be made.
    """
    try:
        for folder in (home, home / LOGS):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = open_lock(home / "up.lock")
    except OSError as error:
        raise Misconfigured("home-unusable", f"GLEANER_HOME {home}: {error.strerror}") from error
    try:
        before = os.pread(lock, 20, 0).decode()
        if not take(lock):
            raise Misconfigured(
                "home-in-use", f"another `gleaner up` (process {before}) is running on {home}"
            )
        os.truncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        yield bool(before)
        os.truncate(lock, 0)
    finally:
        os.close(lock)


def check_ports(settings: Settings, patience: float) -> None:
    """Misconfigured when the web process cannot listen where it is to, or somebody still does after so many seconds."""
    for each, name in zip(settings.binds, ("PORT", "CALLBACK_BIND"), strict=False):
        check_port(each.host, each.port, patience, name)


def check_port(host: str, port: int, patience: float, setting: str = "PORT") -> None:
    """Misconfigured when nobody can listen there, or when somebody still does after so many seconds."""
    trouble: list[OSError] = []
    if not wait_until(lambda: _is_free(host, port, trouble), patience):
        if trouble[-1].errno == EADDRINUSE:
            raise Misconfigured(
                "port-in-use", f"port {port} of {host} is in use; stop what listens there, or set {setting}"
            )
        raise Misconfigured("port-unusable", f"cannot listen on {host}, port {port}: {trouble[-1].strerror}")


def _is_free(host: str, port: int, trouble: list[OSError]) -> bool:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        trouble.append(error)
        return False
    return True


def drop_beat_files(home: Path) -> None:
    """Begin each start with a fresh schedule: a kill may have torn the old one, and nothing of it is needed."""
    for path in home.glob(_BEAT_FILES):
        with suppress(FileNotFoundError):
            path.unlink()


class RedisChild:
    """The embedded Redis under the supervisor. Starting waits until it answers."""

    name = "redis"
    patience = 0.0  # its end is waited for where it is asked for

    def __init__(self, server: EmbeddedRedis) -> None:
        self._server = server
        self._asked = False

    def start(self) -> None:
        """Misconfigured when it cannot be started."""
        self._server.start()

    def fate(self) -> str | None:
        """How it ended, if it has."""
        code = self._server.poll()
        return ("as asked" if self._asked else None) if code is None else ending(code)

    def ask_to_end(self) -> None:
        """End it, for good."""
        self._asked = True
        self._server.stop()

    def end(self) -> None:
        """End it."""
        self._server.stop()


class SweepChild:
    """The supervisor's own sweep: a thread here, so that it runs even where no worker does."""

    name = "sweep"
    patience = 2.0

    def __init__(self, sweeper: Callable[[], Sweeper]) -> None:
        self._sweeper = sweeper
        self._thread = sweeper()

    def start(self) -> None:
        """Begin to sweep."""
        self._thread = self._sweeper()
        self._thread.start()

    def fate(self) -> str | None:
        """Whether it still sweeps."""
        return None if self._thread.is_alive() else "its thread is over"

    def ask_to_end(self) -> None:
        """Let it finish the sweep under way."""
        self._thread.stop()

    def end(self) -> None:
        """Nothing more can be done: a thread ends with its process."""
