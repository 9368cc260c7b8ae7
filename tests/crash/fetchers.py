"""Processes that do nothing but fetch, to be killed and stopped: the cheapest honest form of a worker.

All that a fetch touches is real: the step itself, the archive on a disk, HTTP from a throttled host, the store in a real server,
the check in a child of its own. What is left out, so that a death costs a tenth of a second instead of ten, is Celery, which
does no more here than call the step; `test_random.py` kills whole systems. The sweep and the giving back of what the dead
held are run by the test, as they are by a supervisor.
"""

import json
import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from uuid import uuid4

from gleaner.sandbox.muxer import Footage, scenes
from shared.adapters.memory import ListQueue
from shared.domain import events as e
from shared.domain import lifecycle
from shared.domain.job import ENDED, Job, Lease, Window
from shared.ledger import Ledger
from shared.services import Services
from shared.settings import Settings, Source, read
from shared.wiring import archive, build
from tests.builders import POLICY, a_job
from tests.crash.media_host import MediaHost, media_host
from tests.e2e.system import until
from worker.fetch import fetch

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])
CAMERAS = """
[[camera]]
name = "front-door"
timezone = "Asia/Shanghai"
[camera.sms]
device_unicode = "34020000001110000001"
channel = "34020000001320000001"
"""
STEPS = ("fetch-claimed", "fetch-kept", "fetch-checked", "fetch-hashed", "landing-moved", "fetch-published")
SECONDS = 600  # of film in each file


def assemble(environ: dict[str, str]) -> Services:
    """Services of the real world, but for the doorbells: nobody is there to hear them."""
    where = Source(environ, {}, Path(environ["GLEANER_HOME"]))
    services = build(read(Settings, where), where)
    return replace(services, ledger=Ledger(services.jobs, ListQueue(), POLICY))


def live(environ: dict[str, str], points: Connection, speed: float) -> None:
    """The life of a fetcher: it tells every point that it reaches, and ends when it is told to, between two jobs.

    Its slices are `speed` times shorter than they would be.
    """
    os.setsid()
    services = assemble(environ)
    services = replace(
        services,
        tick=lambda: time.monotonic() * speed,
        reach=points.send,
        archive=archive(services.settings, points.send),
    )
    points.send("ready")
    while not points.poll(0.01):
        fetch(services, "fetch")


@dataclass
class Fetcher:
    """A fetcher from outside."""

    process: BaseProcess
    points: Connection
    heard: list[str] = field(default_factory=list)  # the points that it told of and somebody listened to

    @property
    def last(self) -> str:
        """The last point that was heard of."""
        return self.heard[-1] if self.heard else ""

    def reaches(self, *points: str, seconds: float = 20) -> bool:
        """Wait until it says that it is at one of these points; False when it did not within so many seconds, or ended."""
        deadline = time.monotonic() + seconds
        with suppress(EOFError, ConnectionResetError):
            while self.points.poll(max(0.0, deadline - time.monotonic())):
                self.heard.append(self.points.recv())
                if self.last in points:
                    return True
        return False

    def signal(self, number: int) -> None:
        """Send a signal to it and to all in its group."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid or 0, number)

    def kill(self) -> None:
        """SIGKILL, wait until it is gone, and hear what it had still said."""
        self.signal(signal.SIGKILL)
        self.process.join(10)
        self.reaches(seconds=0)

    def end(self) -> None:
        """In good order, with all that it had still to say."""
        with suppress(BrokenPipeError):
            self.points.send("end")
        self.process.join(20)
        self.reaches(seconds=0)
        assert self.process.exitcode == 0


@dataclass
class Ground:
    """A home, a store, a media host, and the jobs for its files."""

    host: MediaHost
    environ: dict[str, str]
    services: Services
    speed: float
    jobs: dict[str, bytes] = field(default_factory=dict)  # by id: what is to land
    fetchers: list[Fetcher] = field(default_factory=list)

    @property
    def root(self) -> Path:
        """The archive's folder."""
        return Path(self.environ["GLEANER_HOME"]) / "archive"

    def fetcher(self) -> Fetcher:
        """One more, ready for work."""
        ours, theirs = PROCESSES.Pipe()
        process = PROCESSES.Process(target=live, args=(self.environ, theirs, self.speed), daemon=True)
        process.start()
        theirs.close()
        found = Fetcher(process, ours)
        self.fetchers.append(found)
        assert found.reaches("ready")
        return found

    def job(self, footage: bytes | None = None) -> str:
        """A job with a file to fetch, of its own content; its id, which is the file's name."""
        services, now = self.services, self.services.jobs.now()
        wanted = a_job(
            window=Window(now - timedelta(hours=3), now - timedelta(hours=3) + timedelta(seconds=SECONDS)),
            lanes=(),
            created_at=now,
            updated_at=now,
            give_up_at=now + POLICY.give_up,
        )
        job = services.ledger.create(replace(wanted, due_at=lifecycle.due(wanted, POLICY)))
        assert job
        self.jobs[job.id] = footage or film(job.id)
        address = self.host.put(job.id, self.jobs[job.id])
        services.ledger.record(job.id, e.PrepareStarted(Lease("test", now + timedelta(minutes=2))))
        services.ledger.record(job.id, e.Prepared(1, (e.Sighting("clip", address),), "stream"))
        self.heal()
        return job.id

    def load(self, job_id: str) -> Job:
        """A job as it is now."""
        found = self.services.jobs.load(job_id)
        assert found
        return found.job

    def waits(self, job_id: str, fetcher: Fetcher, step: str) -> None:
        """Wait for a step, through all slices; or for the job's end, when the step was passed in an earlier life."""
        while fetcher.reaches(step, "fetch-recorded") and fetcher.last != step:
            if self.load(job_id).state in ENDED:
                return

    def heal(self) -> None:
        """What a supervisor does every few seconds."""
        self.services.leases.give_back()
        self.services.sweep.run()

    def until_over(self, job_id: str, seconds: float = 60) -> Job:
        """Heal until the job has come to an end."""

        def over() -> bool:
            self.heal()
            return self.load(job_id).state in ENDED

        until(over, seconds)
        return self.load(job_id)

    @cached_property
    def own(self) -> set[str]:
        """What the archive has for itself."""
        return {".gleaner-archive"}

    def files(self) -> set[str]:
        """All that lies in the archive but in the folder of unfinished bytes."""
        paths = (path for path in self.root.rglob("*") if path.is_file())
        return {path.relative_to(self.root).as_posix() for path in paths} - self.own - self._partial()

    def spooled(self) -> set[str]:
        """All unfinished bytes and their notes. The lock of somebody who died in its last step locks nothing."""
        return {name for name in self._partial() if not name.endswith(".lock")}

    def _partial(self) -> set[str]:
        return {path.relative_to(self.root).as_posix() for path in (self.root / ".partial").glob("*")}

    def torn(self) -> list[str]:
        """What lies under a final name and is not one of the files, whole; or whose sidecar does not tell of it."""
        return [name for name in self.files() if not self._is_right(name)]

    def _is_right(self, name: str) -> bool:
        path = self.root / name
        if path.name.startswith(".") or name.startswith(".rejected/"):
            return path.name.endswith(".json.new")  # a sidecar that was being written
        if path.suffix != ".json":
            return path.read_bytes() in self.jobs.values()
        told = json.loads(path.read_bytes())
        return (self.root / name.removesuffix(".json")).read_bytes() == self.jobs[told["job"]]


def film(title: str) -> bytes:
    """An MP4 of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        Footage(scenes()[0], SECONDS, title).write(path)
        return path.read_bytes()


@contextmanager
def ground(home: Path, redis_url: str, rate: float, speed: float, **told: str) -> Iterator[Ground]:
    """All of it, until the end of the block."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "cameras.toml").write_text(CAMERAS)
    environ = {
        "GLEANER_HOME": str(home),
        "CAMERAS_FILE": str(home / "cameras.toml"),
        "REDIS_URL": redis_url,
        "REDIS_PREFIX": f"{{fetch-{uuid4().hex[:12]}}}:",
        "MEDIA_ALLOW": "127.0.0.1",
        "SPACE_RESERVE": "1MB",
        "SWEEP_EVERY": "0.1",
        "SECRET_KEY": "a-key-of-the-tests-and-a-long-one",
        **told,
    }
    with media_host(rate) as host:
        made = Ground(host, environ, assemble(environ), speed)
        try:
            yield made
        finally:
            for each in made.fetchers:
                each.signal(signal.SIGCONT)
                each.kill()
