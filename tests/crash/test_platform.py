"""What takes too long for every day: two hundred windows without one callback, and an answer that takes twenty seconds."""

import json
import time
from pathlib import Path

import pytest

from gleaner.sandbox.devices import read_devices
from gleaner.sandbox.pace import Pace
from gleaner.sandbox.server import running_sandbox
from tests.crash.stage import say
from tests.e2e.system import cameras_file, start, until

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]

DEVICES, WINDOWS = 10, 20
CLOCKS = {"CALLBACK_SILENCE": "1", "SMS_DOWNLOADS": "64", "UNANSWERED": "20"}


def test_all_callbacks_dropped_and_two_hundred_of_two_hundred_jobs_finish(tmp_path: Path) -> None:
    cameras = cameras_file(DEVICES)
    (tmp_path / "cameras.toml").write_text(cameras)
    devices = read_devices(tmp_path / "cameras.toml")
    with running_sandbox(devices=devices, pace=Pace(longest=0.5, cadence=0.1)) as sandbox:
        sandbox.platform.throw({"drop_callbacks": 1})
        system = start(tmp_path, cameras, sandbox.base_url, **CLOCKS)
        began = time.monotonic()
        jobs = [
            job
            for number in range(DEVICES)
            for job in system.submit(
                f"cam-{number}", "2026-11-18T00:00:00", f"2026-11-18T{WINDOWS // 2}:00:00"
            )
        ]
        archived = system.archived(jobs, 200)
        say(f"{len(archived)} of {len(jobs)} jobs without a callback in {time.monotonic() - began:.0f} s")
        assert system.stop() == 0
        assert not sandbox.platform.witness.callbacks
        assert [tally.asked for tally in sandbox.platform.witness.windows.values()] == [1] * DEVICES * WINDOWS
    assert [job["attempts"] for job in archived] == [1] * DEVICES * WINDOWS


def test_a_platform_that_answers_after_twenty_seconds_and_calls_back_meanwhile_is_asked_once(
    tmp_path: Path,
) -> None:
    (tmp_path / "cameras.toml").write_text(cameras_file(1))
    devices = read_devices(tmp_path / "cameras.toml")
    with running_sandbox(devices=devices, pace=Pace(longest=4, cadence=0.5)) as sandbox:
        sandbox.platform.throw({"slow_submit": 20})
        system = start(tmp_path, cameras_file(1), sandbox.base_url, SUBMIT_TIMEOUT="60")
        (job_id,) = system.submit("cam-0", "2026-11-18T00:00:00", "2026-11-18T00:05:00")
        (job,) = system.archived([job_id], 15)
        say(f"archived before the answer: {[line['event'] for line in job['history']]}")
        until(lambda: "Submitted" in [line["event"] for line in system.job(job_id)["history"]], 30)
        time.sleep(3)
        job = system.job(job_id)
        assert (job["state"], job["attempts"]) == ("archived", 1), json.dumps(job, indent=1)
        assert [tally.asked for tally in sandbox.platform.witness.windows.values()] == [1]
        assert system.stop() == 0
