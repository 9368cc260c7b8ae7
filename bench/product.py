"""Gleaner as an operator runs it: `gleaner up` with its own Redis, web and workers, in a home of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.web import asked

START_SECONDS = 60.0
HANDED_ON = ("PATH", "HOME", "LANG", "TMPDIR")
CAMERA = """
[[camera]]
name = "{name}"
timezone = "UTC"
[camera.sms]
device_unicode = "{device}"
channel = "{device}1"
"""


@dataclass
class Product:
    """A service that is running, or was."""

    home: Path
    port: int
    environ: Mapping[str, str]
    process: subprocess.Popen[bytes]

    def submit(self, camera: str, minutes: int) -> None:
        """Wish for the first minutes of yesterday."""
        start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
        end = start + timedelta(minutes=minutes)
        wish = {"camera": camera, "start": start.isoformat(), "end": end.isoformat()}
        said = json.dumps(wish).encode()
        token = (self.home / "admin-token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        url = f"http://127.0.0.1:{self.port}/admin/jobs"
        asked(url, said, headers)

    def landed(self) -> list[Path]:
        """The sidecars of all assets, in the order in which they landed."""
        found = (self.home / "archive").glob("[!.]*/*/*/*/*-playback-*.json")
        return sorted(found, key=lambda path: path.stat().st_mtime)

    def pids(self, *words: str) -> list[int]:
        """The processes of this service, Redis included: those with these words in their command line."""
        home, found = os.fsencode(self.home), []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                line, told = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
                ours = home in line or b"GLEANER_HOME=" + home in told
                if ours and all(word.encode() in line.split(b"\0") for word in words):
                    found.append(int(folder.name))
        return found

    def kill(self) -> None:
        """SIGKILL to all of it at once, Redis included; after the supervisor the youngest first, which are those at work."""
        for pid in (self.process.pid, *sorted(self.pids(), reverse=True)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def again(self) -> "Product":
        """The same command once more."""
        return _started(self.home, self.port, self.environ)


def started(home: Path, cameras: Mapping[str, str], platform: str, fetches: int) -> Product:
    """`gleaner up` with these cameras (a device's number by name) at this platform; every other setting is the default."""
    home.mkdir(parents=True)
    (home / "cameras.toml").write_text(
        "".join(CAMERA.format(name=name, device=device) for name, device in cameras.items())
    )
    port = free_port()
    environ = {name: os.environ[name] for name in HANDED_ON if name in os.environ} | {
        "GLEANER_HOME": str(home),
        "PORT": str(port),
        "CAMERAS_FILE": str(home / "cameras.toml"),
        "SMS_BASE_URL": platform,
        "FETCH_CONCURRENCY": str(fetches),
    }
    return _started(home, port, environ)


def _started(home: Path, port: int, environ: Mapping[str, str]) -> Product:
    with (home / "up.out").open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "gleaner", "up"],
            env=environ,
            cwd=home,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    return Product(home, port, environ, process)


def ready(product: Product) -> bool:
    """Whether it answers, and would take work."""
    if product.process.poll() is not None:
        raise RuntimeError((product.home / "up.out").read_text())
    with suppress(OSError):
        asked(f"http://127.0.0.1:{product.port}/readyz")
        return True
    return False


def until(
    what: str, condition: Callable[[], Any], seconds: float = START_SECONDS, pause: float = 0.02
) -> None:
    """Wait until it is so, looking after each pause. RuntimeError after so many seconds."""
    over = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > over:
            raise RuntimeError(f"not within {seconds:g} s: {what}")
        time.sleep(pause)


def free_port() -> int:
    """One that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
