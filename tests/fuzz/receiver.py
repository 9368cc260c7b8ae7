"""The receiver as it runs, alone: the Procfile's web process on a real Redis, with jobs that vendors may report on.

No worker and no sweep runs beside it, so that whatever changes a job is a callback's doing.
"""

import os
import signal
import socket
import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from gleaner.procfile import commands, project_file
from shared.domain import events as e
from shared.domain.job import Job, Window
from shared.services import Services
from shared.settings import Settings, Source, read
from shared.wiring import build
from tests.e2e.system import cameras_file, free_port, until

JSON = "application/json"
WAIT_SECONDS = 20.0  # a machine that has much else to do is slow, and nothing here is about speed


@dataclass(frozen=True)
class Receiver:
    """A running web process. `services` are a second set of the same parts, to look at jobs with."""

    home: Path
    port: int
    services: Services
    process: subprocess.Popen[bytes]

    def job(self, hour: int) -> Job:
        """A job of that hour, which the vendor is at work for."""
        start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=2, hours=hour)
        [job] = self.services.wishes.playback("cam-0", Window(start, start + timedelta(minutes=5)))
        self.services.ledger.record(job.id, e.PrepareStarted(self.services.lease()))
        self.services.ledger.record(job.id, e.Submitted(1, "stream-1"))
        return job

    def path(self, job: Job) -> str:
        """Where the vendor reports on it."""
        return self.services.callback_url("sms", job.id, 1).removeprefix(self.services.public_url)

    def known(self, jobs: list[Job]) -> list[object]:
        """All that is known of these jobs, histories included."""
        jobs_now = self.services.jobs
        found = [(jobs_now.load(job.id), jobs_now.history(job.id)) for job in jobs]
        return [(snapshot.job, snapshot.version, history) for snapshot, history in found]

    def pids(self) -> list[int]:
        """The processes that serve."""
        return children(self.process.pid)

    def resident(self) -> int:
        """Bytes of memory that they hold, in all."""
        pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.pids()]
        return sum(pages) * os.sysconf("SC_PAGE_SIZE")

    def log(self) -> str:
        """What it has said."""
        return (self.home / "web.log").read_text("utf-8", "replace")

    def connection(self) -> HTTPConnection:
        """A connection that is kept."""
        return HTTPConnection("127.0.0.1", self.port, timeout=WAIT_SECONDS)

    def socket(self) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), WAIT_SECONDS)

    def alive(self) -> bool:
        """Whether it answers."""
        connection = self.connection()
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


def children(pid: int) -> list[int]:
    """The processes that one has made."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def receiving(home: Path, redis_url: str, prefix: str, **settings: str) -> Iterator[Receiver]:
    """A receiver until the block ends, with a camera called cam-0."""
    port = free_port()
    (home / "cameras.toml").write_text(cameras_file(1))
    told = {
        "GLEANER_HOME": str(home),
        "CAMERAS_FILE": str(home / "cameras.toml"),
        "PORT": str(port),
        "REDIS_URL": redis_url,
        "CELERY_BROKER_URL": "memory://",
        "REDIS_PREFIX": prefix,
        "SMS_BASE_URL": "http://127.0.0.1:1",
        "SECRET_KEY": "the-key-of-these-tests-which-nobody-would-guess",
        "LOG_FORMAT": "json",
        "FETCH_CONCURRENCY": "1",
        **settings,
    }
    where = Source(told, {}, home)
    services = build(read(Settings, where), where)
    web = commands(project_file("Procfile").read_text("utf-8"), told, ["sms"])["web"]
    with (home / "web.log").open("wb") as log:
        path = os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)))
        process = subprocess.Popen(web, env={**os.environ, **told, "PATH": path}, stdout=log, stderr=log)
        try:
            receiver = Receiver(home, port, services, process)
            until(receiver.alive, 30, receiver.log)
            yield receiver
        finally:
            for pid in (process.pid, *children(process.pid)):  # nothing here is about a good end
                os.kill(pid, signal.SIGKILL)
            process.wait(30)
