"""Two devices with much to do: one download at a time on each, the next one at once, by doorbells alone.

Six windows each, every day; twenty in `make crash`.
"""

import sys
from collections.abc import Iterator
from statistics import median

import pytest

from gleaner.sandbox.devices import read_devices
from gleaner.sandbox.pace import Pace
from gleaner.sandbox.server import RunningSandbox, running_sandbox
from tests.e2e.system import System, cameras_file, start, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

CAMERAS = ("cam-0", "cam-1")
# So slow that what the sweep has to find is plainly seen; a doorbell may be lost, and then it is the sweep that goes on.
SWEEP_EVERY = 15
BY_BELLS = {"SWEEP_EVERY": str(SWEEP_EVERY), "BUSY_WAIT": "600", "CALLBACK_SILENCE": "600", "GRACE": "600"}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """A platform that counts in percent."""
    file = tmp_path_factory.mktemp("cameras") / "cameras.toml"
    file.write_text(cameras_file(len(CAMERAS)))
    with running_sandbox(devices=read_devices(file), pace=Pace(longest=0.2, cadence=0.05)) as playing:
        playing.platform.throw({"unit": "percent"})
        yield playing


@pytest.fixture(scope="module")
def system(sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system that lives by its bells, in which all is wished for at once."""
    running = start(tmp_path_factory.mktemp("system"), cameras_file(2), sandbox.base_url, **BY_BELLS)
    yield running
    assert running.stop() == 0


@pytest.mark.parametrize("windows", [6, pytest.param(20, marks=pytest.mark.crash)])
def test_no_device_has_two_downloads_at_once_nor_idles_longer_than_a_doorbell(
    system: System, sandbox: RunningSandbox, windows: int
) -> None:
    day = f"2026-11-{windows:02}"
    jobs = [
        job
        for camera in CAMERAS
        for job in system.submit(camera, f"{day}T00:00:00", f"{day}T{windows // 2:02}:00:00")
    ]
    assert len(jobs) == 2 * windows
    archived = system.archived(jobs, 60)
    assert [job["attempts"] for job in archived] == [1] * len(jobs)
    assert [job["postponed"] for job in archived] == [0] * len(jobs)
    assert {job["assets"][0]["verdict"] for job in archived} == {"complete"}
    witness = sandbox.platform.witness
    assert set(witness.most_at_once.values()) == {1}
    assert {tally.asked for tally in witness.windows.values()} == {1}
    gaps = [gap for device in sandbox.platform.devices for gap in witness.timeline.idle(device)][
        -2 * windows :
    ]
    sys.stdout.write(f"\nidle between two downloads: median {median(gaps):.2f} s, at most {max(gaps):.2f} s")
    assert sum(gap >= SWEEP_EVERY / 2 for gap in gaps) <= 1, gaps


def test_a_bare_1_of_a_platform_that_counts_in_percent_is_one_percent(
    system: System, sandbox: RunningSandbox
) -> None:
    sandbox.platform.throw({"progress": "bare-1", "never_ends": True}, "cam-0")
    (job,) = system.submit("cam-0", "2026-11-17T00:00:00", "2026-11-17T00:05:00")
    until(lambda: system.job(job)["progress"] == 0.01, shown=lambda: system.job(job))
    assert system.job(job)["state"] == "preparing"
    system.call("POST", f"/admin/jobs/{job}/cancel")
