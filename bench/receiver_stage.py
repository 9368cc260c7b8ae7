"""The receiver alone, as the Procfile starts it, with a Redis of its own and many jobs that a vendor is at work for."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.product import CAMERA, HANDED_ON, free_port, until
from bench.web import asked
from bench.wrk import Post
from gleaner.embedded_redis import EmbeddedRedis
from gleaner.procfile import commands, project_file
from shared.domain.events import PrepareStarted, Submitted
from shared.domain.job import Lease, State, Window
from shared.services import Services
from shared.settings import Source
from shared.wiring import build

OURS, BASE = "webhook.wsgi:app", "http://receiver"
PER_CAMERA = 30  # jobs; a device has a place for each
SHORT = timedelta(minutes=10)
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Served:
    """One gunicorn."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def base(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def children(self) -> tuple[int, ...]:
        """The processes that answer."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return tuple(int(pid) for pid in path.read_text().split())


@dataclass
class Stage:
    """Redis, services of this process's own on it, and servers."""

    home: Path
    redis: EmbeddedRedis
    services: Services
    environ: Mapping[str, str]
    wished: int = 0
    jobs: list[str] = field(default_factory=list)

    def preparing(self, number: int) -> Sequence[str]:
        """So many new jobs that the vendor has accepted: the paths of their callbacks."""
        paths = []
        for index in range(self.wished, self.wished + number):
            start = FIRST_DAY + timedelta(hours=index % PER_CAMERA)
            camera = f"camera-{index // PER_CAMERA}"
            (job,) = self.services.wishes.playback(camera, Window(start, start + SHORT))
            lease = Lease("bench", self.services.jobs.now() + timedelta(hours=1))
            self.services.ledger.record(job.id, PrepareStarted(lease))
            self.services.ledger.record(job.id, Submitted(1, f"stream-{index}"))
            paths.append(self.services.callback_url("sms", job.id, 1).removeprefix(BASE))
        self.wished += number
        return paths

    def moved(self) -> int:
        """How many jobs have a file to fetch."""
        return self.services.jobs.counts()[State.READY]

    def freeze(self) -> None:
        """Redis holds its connections and says nothing."""
        os.kill(self.redis.pid or 0, signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        os.kill(self.redis.pid or 0, signal.SIGCONT)

    @contextmanager
    def serving(self, app: str = OURS, options: Sequence[str] = (), **environ: str) -> Iterator[Served]:
        """The Procfile's own server with this app in it, and with these options and settings beside the usual ones."""
        port = free_port()
        values = {"GLEANER_HOME": "", "FETCH_CONCURRENCY": ""}
        command = commands(project_file("Procfile").read_text(), values, ())["web"]
        program = [sys.executable, "-m", *(app if word == OURS else word for word in command), *options]
        with (self.home / "web.out").open("ab") as out:
            told = {**self.environ, **environ, "PORT": str(port)}
            process = subprocess.Popen(program, env=told, stdout=out, stderr=out)
        served = Served(port, process)
        try:
            until("the server answers", lambda: _answers(served))
            yield served
        finally:
            process.terminate()
            process.wait()


def rising(paths: Sequence[str], progress: float) -> list[Post]:
    """What says how far each is."""
    return [
        Post(path, json.dumps({"streamId": f"s-{n}", "fileUrl": "", "downloadProgress": progress}))
        for n, path in enumerate(paths)
    ]


def ending(paths: Sequence[str]) -> list[Post]:
    """What brings each job its file."""
    return [
        Post(
            path,
            json.dumps(
                {
                    "streamId": f"s-{n}",
                    "fileUrl": f"http://127.0.0.1/{path[-20:]}.mp4?auth_key=1764115200-{n}",
                    "downloadProgress": 1.0,
                }
            ),
        )
        for n, path in enumerate(paths)
    ]


@contextmanager
def stage(folder: Path, most_jobs: int) -> Iterator[Stage]:
    """All of it, until the block ends."""
    redis = EmbeddedRedis(folder / "home")
    redis.start()
    cameras = folder / "cameras.toml"
    cameras.write_text("".join(_camera(number) for number in range(most_jobs // PER_CAMERA + 1)))
    own: dict[str, Any] = {
        "GLEANER_HOME": str(folder / "home"),
        "REDIS_URL": redis.state_url,
        "PUBLIC_URL": BASE,
        "CAMERAS_FILE": str(cameras),
        "SMS_BASE_URL": "http://127.0.0.1:9",
        "SMS_DOWNLOADS": str(most_jobs),
        "LOG_FORMAT": "json",
        "CALLBACK_SILENCE": "3600",  # or what tells nothing new would, each half minute, be a sign of life to write down
    }
    environ = {name: os.environ[name] for name in HANDED_ON if name in os.environ} | own
    try:
        yield Stage(folder, redis, build(where=Source(own, {}, folder)), environ)
    finally:
        redis.stop()


def _camera(number: int) -> str:
    device = str(34020000001110000000 + number)
    return CAMERA.format(name=f"camera-{number}", device=device) + f"downloads = {PER_CAMERA}\n"


def _answers(served: Served) -> bool:
    if served.process.poll() is not None:
        raise RuntimeError("the server has ended; see web.out")
    try:
        asked(f"{served.base}/healthz", b"")
    except OSError as error:
        return "HTTP Error" in str(error)
    return True


def ticks(pid: int) -> int:
    """The CPU time that a process has used, in the kernel's ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def used(pids: Sequence[int], seconds: float = 0.0) -> list[int]:
    """Of each."""
    time.sleep(seconds)
    return [ticks(pid) for pid in pids]
