"""A running system with both vendors played on loopback, spoken to from outside by somebody who outlives every kill of it."""

import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import redis
import requests

from gleaner.embedded_redis import socket_path
from gleaner.sandbox.accounts import environ
from gleaner.sandbox.channels import DAYS, read_channels
from gleaner.sandbox.content import Addition
from gleaner.sandbox.devices import read_devices
from gleaner.sandbox.pace import Pace
from gleaner.sandbox.server import RunningSandbox, running_sandbox
from tests.e2e.system import System, free_port, start, until

ZONE = ZoneInfo("Asia/Shanghai")
LIVE = ("wanted", "submitting", "preparing", "ready", "fetching")
PACE = Pace(speed=120, longest=6, cadence=0.1, callback_timeout=3, callback_retry=0.3)
CLOCKS = {
    "HARVEST_EVERY": "0",
    "CALLBACK_SILENCE": "1",
    "GRACE": "0.3",
    "FINALISING": "10",
    "RETRY_WAIT": "0.2",
    "RETRIES": "20",
    "UNANSWERED": "20",
}


@dataclass(frozen=True)
class Wish:
    """One window that somebody wanted, and the one job that it became."""

    camera: str
    start: datetime
    end: datetime
    job: str


@dataclass
class Stage:
    """The system, the vendors, and what was asked of them: the wishes, the days of records, what was cancelled.

    `short` are the jobs whose footage may be less than was wanted.
    """

    system: System
    sandbox: RunningSandbox
    environ: dict[str, str]
    tickets: Path
    redis_url: str
    wishes: list[Wish] = field(default_factory=list)
    days: set[tuple[str, date]] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)
    short: set[str] = field(default_factory=set)
    _minutes: dict[str, int] = field(default_factory=dict)
    _back: dict[str, int] = field(default_factory=dict)

    @property
    def cameras(self) -> list[str]:
        """All cameras, each on a device of its own at either vendor."""
        return [channel.name for channel in self.sandbox.cloud.channels]

    @property
    def archive(self) -> Path:
        """Where everything lands."""
        return self.system.home / "archive"

    def store(self) -> redis.Redis:
        """A client of the state's database, to look and not to touch."""
        return redis.Redis.from_url(self.redis_url, decode_responses=True, protocol=2)

    def call(self, method: str, path: str, body: Any = None, seconds: float = 40) -> Any:
        """One request of an operator who tries again until the service is back; the JSON of its answer."""

        def answered() -> tuple[requests.Response] | None:  # a refusal is an answer, and by itself false
            with suppress(requests.RequestException):
                answer = self.system.call(method, path, body)
                return (answer,) if answer.status_code < 500 else None
            return None

        (answer,) = until(answered, seconds)
        assert answer.ok or answer.status_code == 409, answer.text
        return answer.json()

    def listed(self, path: str, name: str) -> list[dict[str, Any]]:
        """A whole list of the admin API, all its pages."""
        found: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            page = self.call("GET", f"{path}?limit=200" + (f"&cursor={cursor}" if cursor else ""))
            found += page[name]
            cursor = page["next"]
        return found

    def wish(self, camera: str, minutes: int = 1) -> Wish:
        """Want the next window of a camera that nobody has wanted yet, none across a mark."""
        at = self._minutes.get(camera, 0)
        if at // 30 != (at + minutes - 1) // 30:
            at = (at // 30 + 1) * 30
        self._minutes[camera] = at + minutes
        begin = datetime.combine(datetime.now(ZONE).date() - timedelta(days=9), datetime.min.time())
        first, last = (begin + timedelta(minutes=number) for number in (at, at + minutes))
        body = {"camera": camera, "start": first.isoformat(), "end": last.isoformat()}
        (job,) = self.call("POST", "/admin/jobs", body)["jobs"]
        wish = Wish(camera, first, last, job["id"])
        self.wishes.append(wish)
        return wish

    def job(self, job_id: str) -> dict[str, Any]:
        """One job with its history."""
        found: dict[str, Any] = self.call("GET", f"/admin/jobs/{job_id}")
        return found

    def under_way(self, wish: Wish) -> None:
        """Wait until the vendor is at a window's job, by a handle that is known: without one there is nothing to withdraw."""

        def known() -> bool:
            job = self.job(wish.job)
            return job["state"] == "preparing" and job["stream_id"] is not None

        until(known, 60)

    def cancel(self, wish: Wish) -> None:
        """Cancel a window's job while the vendor is at it."""
        self.under_way(wish)
        self.cancelled.add(wish.job)
        self.call("POST", f"/admin/jobs/{wish.job}/cancel")

    def harvest(self, camera: str) -> date:
        """Want the next day back of a camera whose records nobody has listed yet."""
        back = self._back.get(camera, 1) + 1
        self._back[camera] = back
        day = datetime.now(ZONE).date() - timedelta(days=back)
        self.days.add((camera, day))
        self.harvest_again(camera, day)
        return day

    def harvest_again(self, camera: str, day: date) -> None:
        """Want a day once more."""
        self.call("POST", "/admin/harvests", {"camera": camera, "since": f"{day}", "until": f"{day}"})

    def grow(self, camera: str, day: date) -> None:
        """One more chapter of a day, and a wish to hear of it."""
        self.sandbox.cloud.add(Addition(self.serial(camera), "0", DAYS, day))
        self.harvest_again(camera, day)

    def device(self, camera: str) -> str:
        """A camera's device at the SMS platform."""
        devices = self.sandbox.platform.devices.values()
        return next(device.device_unicode for device in devices if device.name == camera)

    def serial(self, camera: str) -> str:
        """A camera's device at the Imou cloud."""
        return next(channel.device for channel in self.sandbox.cloud.channels if channel.name == camera)

    def lay(self, *points: str, each: int = 1) -> None:
        """That many tickets for every point."""
        for point in points:
            for number in range(each):
                (self.tickets / f"{point}.{number}").touch()

    def unused(self) -> list[str]:
        """The tickets by which nobody has died yet."""
        return sorted(path.name for path in self.tickets.iterdir())

    def busy(self) -> dict[str, Any]:
        """What is not over yet; empty when there is nothing left to do."""
        states = self.call("GET", "/admin/status")["states"]
        cameras = self.call("GET", "/admin/cameras")["cameras"]
        days = [day for each in cameras for harvest in each["harvests"] for day in harvest["days"]]
        with self.store() as store:
            owed, untold = (store.zcard(f"{{gleaner}}:{name}") for name in ("owed", "untold"))
        live = {state: number for state, number in states.items() if state in LIVE and number}
        found = {"live": live, "days": days, "owed": owed, "untold": untold}
        return {name: value for name, value in found.items() if value}

    def settled(self, seconds: float) -> float:
        """Wait until all is over; how long it took. Tells what is left when it takes too long."""
        began = time.monotonic()
        while left := self._busy():
            if time.monotonic() - began > seconds:
                raise AssertionError(f"not over within {seconds:g} s: {left}")
            time.sleep(0.2)
        return time.monotonic() - began

    def _busy(self) -> dict[str, Any]:
        try:
            return self.busy()
        except (AssertionError, redis.RedisError) as error:
            return {"no answer": repr(error)}

    def restart(self) -> None:
        """A new `gleaner up` on the same home, after the death of the one before."""
        self.system.process.wait(30)
        self.system = _start(self.system.home, self.environ["IMOU_BASE_URL"], self.environ, self.system.port)


def cameras_file(count: int, downloads: int = 1) -> str:
    """That many cameras, each with a device of its own at both vendors."""
    return "".join(
        f'[[camera]]\nname = "cam-{n}"\ntimezone = "Asia/Shanghai"\n'
        f'[camera.sms]\ndevice_unicode = "3402000000111000{n:04}"\nchannel = "3402000000132000{n:04}"\n'
        f'downloads = {downloads}\n[camera.imou]\ndevice = "CRASHCAM{n:04}"\n'
        for n in range(count)
    )


def _start(home: Path, vendors: str, told: dict[str, str], port: int) -> System:
    cameras = (home / "cameras.toml").read_text()
    return start(home, cameras, vendors, **told, PORT=str(port))


@contextmanager
def stage(
    home: Path, cameras: int, downloads: int = 1, port: int = 0, through: int = 0, **settings: str
) -> Iterator[Stage]:
    """Everything running, until the end of the block; whatever was left of it then is ended.

    The vendors listen on `port`, and are spoken to by the port `through`, where somebody stands between.
    """
    home.mkdir(parents=True, exist_ok=True)
    (home / "cameras.toml").write_text(cameras_file(cameras, downloads))
    tickets = home / "tickets"
    tickets.mkdir()
    devices, channels = read_devices(home / "cameras.toml"), read_channels(home / "cameras.toml")
    with running_sandbox(port or free_port(), devices=devices, pace=PACE, channels=channels) as sandbox:
        vendors = f"http://127.0.0.1:{through}" if through else sandbox.base_url
        told = CLOCKS | environ(vendors)["imou"] | {"GLEANER_TICKETS": str(tickets)} | settings
        url = settings.get("REDIS_URL") or f"unix://{socket_path(home / 'redis')}?db=0"
        system = _start(home, vendors, told, free_port())
        running = Stage(system, sandbox, told, tickets, url)
        try:
            yield running
        finally:
            _end(running.system)


def _end(system: System) -> None:
    """In good order where that is possible; what outlives its supervisor is a finding, and ended all the same."""
    try:
        assert system.stop() == 0
        until(lambda: not system.pids(), 10)
    finally:
        for pid in system.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def say(line: str) -> None:
    """To whoever runs the long form: pytest shows it with -s."""
    sys.stdout.write(f"\n{line}")
    sys.stdout.flush()


def pick(camera: Iterable[str], count: int) -> list[str]:
    """So many of the cameras, in turn."""
    names = list(camera)
    return [names[number % len(names)] for number in range(count)]
