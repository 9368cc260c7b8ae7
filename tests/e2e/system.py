"""A whole running system: `gleaner up` as a child, spoken to from outside as an operator and a vendor would."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

# Every clock shrunk, so that what takes minutes in life takes seconds here.
SHRUNK = {
    "SWEEP_EVERY": "0.5",
    "LEASE_SECONDS": "3",
    "CALLBACK_SILENCE": "3",
    "RETRY_WAIT": "0.05",
    "BUSY_WAIT": "0.3",
    "GRACE": "1",
    "SUBMIT_TIMEOUT": "5",
    "SPACE_RESERVE": "10MB",
}


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(
    condition: Callable[[], Any], seconds: float = 30, shown: Callable[[], Any] = lambda: "no more is known"
) -> Any:
    """The condition's first true answer; the test fails when there is none in time, and shows what there is instead."""
    over = time.monotonic() + seconds
    while time.monotonic() < over:
        if answer := condition():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {json.dumps(shown(), indent=1)}")


@dataclass
class System:
    """A running `gleaner up` and its home."""

    home: Path
    port: int
    process: subprocess.Popen[bytes]
    door: str = ""  # host:port that is the vendors' own

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def vendors_url(self) -> str:
        """Where it answers vendors."""
        return f"http://{self.door}" if self.door else self.url

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """One request of an operator."""
        token = token or (self.home / "admin-token").read_text().partition(",")[0].strip()
        headers = {"Authorization": f"Bearer {token}", **(headers or {})}
        return requests.request(method, self.url + path, json=body, headers=headers, timeout=10)

    def lines(self, name: str) -> list[dict[str, Any]]:
        """What a process has logged since it began, line by line; fails when one of them is not in the one form."""
        return [json.loads(line) for line in (self.home / "log" / f"{name}.log").read_text().splitlines()]

    def submit(self, camera: str, start: str, end: str, **headers: str) -> list[str]:
        """Ask for a window; the ids of its jobs."""
        wish = {"camera": camera, "start": start, "end": end}
        answer = self.call("POST", "/admin/jobs", wish, headers=headers)
        assert answer.status_code == 202, answer.text
        return [job["id"] for job in answer.json()["jobs"]]

    def job(self, job_id: str) -> dict[str, Any]:
        """One job with its history."""
        answer: dict[str, Any] = self.call("GET", f"/admin/jobs/{job_id}").json()
        return answer

    def archived(self, job_ids: list[str], seconds: float = 30) -> list[dict[str, Any]]:
        """Wait until all of these jobs are archived, in this order; fails when one ends otherwise."""

        found: dict[str, dict[str, Any]] = {}

        def done() -> bool:
            for job_id in job_ids:
                if job_id not in found and (job := self.job(job_id))["state"] == "archived":
                    found[job_id] = job
                elif job_id not in found:
                    lost = job["state"] in ("failed", "empty", "cancelled")
                    assert not lost, json.dumps(job, indent=1)
                    return False  # the others are asked about later: looking costs the system time
            return True

        until(done, seconds)
        return [found[job_id] for job_id in job_ids]

    def pids(self, *words: str) -> list[int]:
        """The processes of this system whose command line holds these words."""
        found = []
        for folder in Path("/proc").iterdir():
            try:
                argv = (folder / "cmdline").read_bytes().split(b"\0")
                ours = str(self.home).encode() in (folder / "environ").read_bytes()
            except OSError:
                continue
            if ours and all(word.encode() in argv for word in words):
                found.append(int(folder.name))
        return found

    def stop(self) -> int:
        """SIGTERM, and how it ended."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def start(home: Path, cameras: str, sms_base_url: str, **settings: str) -> System:
    """A system with these cameras against this vendor, ready to be spoken to."""
    home.mkdir(parents=True, exist_ok=True)
    cameras_file = home / "cameras.toml"
    cameras_file.write_text(cameras)
    port = int(settings.get("PORT", free_port()))
    told = {"GLEANER_HOME": str(home), "PORT": str(port), "CAMERAS_FILE": str(cameras_file)}
    environ = {**os.environ, **SHRUNK, **told, "SMS_BASE_URL": sms_base_url, **settings}
    with (home / "up.out").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "gleaner", "up"], env=environ, cwd=home, stdout=out, stderr=out
        )
    system = System(home, port, process, settings.get("CALLBACK_BIND", ""))

    def ready() -> bool:
        assert process.poll() is None, (home / "up.out").read_text()
        try:
            return requests.get(f"{system.url}/readyz", timeout=2).ok
        except requests.RequestException:
            return False

    try:
        until(ready, 40)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return system


def cameras_file(count: int, downloads: int = 1) -> str:
    """That many cameras, each on a device of its own."""
    return "".join(
        f'[[camera]]\nname = "cam-{n}"\ntimezone = "Asia/Shanghai"\n[camera.sms]\ndevice_unicode = "3402000000111000{n:04}"\n'
        f'channel = "3402000000132000{n:04}"\ndownloads = {downloads}\n'
        for n in range(count)
    )
