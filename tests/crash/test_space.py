"""A real archive on a real volume of 64 MB that fills up in the midst of the work, and is cleared again: jobs wait without being
charged, nothing is torn or lost, and two sweeps after space returned all of it is archived.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.crash.invariants import judge
from tests.crash.stage import Stage, say, stage
from tests.e2e.system import SHRUNK, until
from tests.volume import volume

MEGABYTES, RESERVE = 64, 8_000_000
MINUTES = 20  # of each window: some 2 MB of the sandbox's footage
SLOW = 200_000  # bytes a second of the film that is cut off in the midst of a write
CLOCKS = {
    "SPACE_RESERVE": "8MB",
    "SWEEP_EVERY": "12",  # longer than a download of the sandbox takes, so that what a sweep begins ends before the next one
    "LEASE_SECONDS": "60",  # no heartbeat looks at the room before the disk is full
}
pytestmark = [pytest.mark.crash, pytest.mark.timeout(600)]
Json = dict[str, Any]


class Ballast:
    """A file beside the archive that takes as much room as it is told to."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / "ballast"

    def leave(self, room: int) -> None:
        """Let so many bytes be free beyond the reserve."""
        for _ in range(3):  # others write meanwhile
            self._grow(shutil.disk_usage(self._folder).free - RESERVE - room)

    def fill(self) -> None:
        """Leave nothing, and no reserve either, until the volume itself says so."""
        with self._path.open("ab", buffering=0) as file:
            while os.fstatvfs(file.fileno()).f_bavail:
                with suppress(OSError):
                    file.write(bytes(1_000_000))

    def remove(self) -> None:
        """Give it all back."""
        self._path.unlink()

    def _grow(self, size: int) -> None:
        with self._path.open("ab") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, file.tell() + size))


@contextmanager
def small_stage(home: Path, cameras: int) -> Iterator[tuple[Stage, Ballast]]:
    """A running system with its archive, and nothing else, on a volume of its own."""
    home.mkdir()
    with volume(home / "volume", MEGABYTES) as mounted:
        (mounted / "archive").mkdir()
        (home / "archive").symlink_to(mounted / "archive")  # where the stage looks
        with stage(home, cameras, ARCHIVE_URL=(mounted / "archive").as_uri(), **CLOCKS) as running:
            yield running, Ballast(mounted)


def _waits(job: Json) -> bool:
    return job["state"] in ("wanted", "ready") and job["reason"] == "no-space"


def _archived(job: Json) -> bool:
    return bool(job["state"] == "archived")


def _jobs(running: Stage) -> list[Json]:
    """All there are, with their histories."""
    return [running.job(job["id"]) for job in running.listed("/admin/jobs", "jobs")]


def _all(running: Stage, *tests: Callable[[Json], bool]) -> bool:
    return all(any(test(job) for test in tests) for job in running.listed("/admin/jobs", "jobs"))


def _faults(running: Stage) -> list[str]:
    """What would be charged to a file, a worker or a submission."""
    told = [(job["id"], line) for job in _jobs(running) for line in job["history"]]
    return [
        f"{job_id}: {line['event']} {line['reason']}"
        for job_id, line in told
        if line["event"] in ("FetchFailed", "PrepareFailed", "WorkerDied")
        or (line["event"], line["from"]) == ("DeadlinePassed", "fetching")
    ]


def _asked(running: Stage) -> int:
    """How often the platform was asked for any window."""
    return sum(tally.asked for tally in running.sandbox.platform.witness.windows.values())


def _last_sweep(running: Stage) -> str:
    return str(running.call("GET", "/admin/status")["last_sweep"])


def _sweeps(running: Stage, over: Callable[[], bool], most: int = 10) -> int:
    """How many sweeps the system says to have ended until it is over; no more are waited for than `most`."""
    last, ended = _last_sweep(running), 0
    while not over() and ended <= most:
        now = _last_sweep(running)
        ended, last = ended + (now != last), now
        time.sleep(0.1)
    return ended


def _said(running: Stage, *words: str) -> str:
    """What a command says of this system."""
    system = running.system
    told = {"GLEANER_HOME": str(system.home), "PORT": str(system.port)}
    environ = {**os.environ, **SHRUNK, **running.environ, **told}
    command = [sys.executable, "-m", "gleaner", *words]
    run = subprocess.run(command, env=environ, cwd=system.home, capture_output=True, text=True, check=False)
    return run.stdout


def _disk(running: Stage) -> list[tuple[str, str]]:
    """What the doctor says of the disk."""
    checks = json.loads(_said(running, "doctor", "--json"))["checks"]
    return [(check["status"], check["sentence"]) for check in checks if check["name"] == "disk"]


def _unfinished(running: Stage) -> int:
    return sum(path.stat().st_size for path in (running.archive / ".partial").glob("*.part"))


def _ends_well(running: Stage, ballast: Ballast) -> None:
    """The room returns: two sweeps later all is archived, and nothing shows what was."""
    ballast.remove()
    sweeps = _sweeps(running, lambda: _all(running, _archived))
    assert _all(running, _archived)
    assert _faults(running) == []
    running.settled(60)
    found = judge(running)
    say(f"{sweeps} sweeps after the room returned: {found.counts}, {len(found.violations)} violations")
    assert not found.violations, "\n".join(found.violations)
    assert sweeps <= 2
    assert _unfinished(running) == 0


def test_a_volume_that_is_filled_by_footage_costs_nothing(tmp_path: Path) -> None:
    with small_stage(tmp_path / "home", 12) as (running, ballast):
        ballast.leave(7_000_000)
        for camera in running.cameras:
            running.wish(camera, MINUTES)
        until(lambda: _all(running, _archived, _waits), 90)
        _sweeps(running, lambda: False, 2)
        landed, waiting = ([job for job in _jobs(running) if test(job)] for test in (_archived, _waits))
        assert len(landed) + len(waiting) == len(running.cameras)
        assert 2 <= len(landed) < 7
        assert {job["attempts"] for job in waiting} == {1}
        left = shutil.disk_usage(running.archive).free - RESERVE
        assert left > 0
        say(f"{len(landed)} landed and {len(waiting)} wait; {left} bytes are left beyond the reserve")
        assert _asked(running) == len(running.cameras)
        _ends_well(running, ballast)


def test_a_volume_that_is_full_to_the_last_byte_in_the_midst_of_a_write_costs_nothing(tmp_path: Path) -> None:
    with small_stage(tmp_path / "home", 6) as (running, ballast):
        slow, *others = running.cameras
        running.sandbox.platform.throw({"media_rate": SLOW}, running.device(slow))
        cut_off = running.wish(slow, MINUTES).job
        until(lambda: _unfinished(running) > SLOW, 60)
        ballast.fill()
        until(lambda: _waits(running.job(cut_off)), 30)
        assert "No space left on device" in running.job(cut_off)["detail"]
        kept = _unfinished(running)
        assert kept > SLOW
        for camera in others:
            running.wish(camera, MINUTES)
        for camera in others[:2]:
            running.harvest(camera)
        until(lambda: _all(running, _waits) and running.busy().get("untold"), 60)
        _sweeps(running, lambda: False, 3)
        wanted = [job for job in _jobs(running) if job["id"] != cut_off]
        assert _all(running, _waits)
        assert {job["kind"] for job in wanted} == {"playback", "picture"}
        assert ({job["attempts"] for job in wanted}, _asked(running)) == ({0}, 1)
        assert (_unfinished(running), shutil.disk_usage(running.archive).free) == (kept, 0)
        ((status, sentence),) = _disk(running)
        assert (status, sentence.startswith("0 B are free"), "8.0 MB are to stay free" in sentence) == (
            "fail",
            True,
            True,
        )
        assert "0 B, 8.0 MB left alone: NO ROOM, jobs wait" in _said(running, "status")
        say(
            f"{kept} bytes kept of what was cut off; {len(wanted)} others wait, unasked; the doctor: {sentence}"
        )
        running.sandbox.platform.mischief.behave()
        _ends_well(running, ballast)
