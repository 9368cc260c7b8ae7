"""A worker's stop: a bell that a child has taken and not yet confirmed does not hold it up, nor does what no longer answers
where the worker ends by an error of its own; and one that hears nothing any more ends itself.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from celery import Celery

from shared.adapters.celery_queue import broker_options
from shared.domain.effects import ASK
from shared.settings import Settings, Source, read
from shared.wiring import broker_url

PREFIX = "{stop}:"
PATIENCE = 15.0  # seconds; a child that waits to be heard would wait for thirty


@contextmanager
def _working(told: dict[str, str], app: str = "worker.app") -> Iterator[subprocess.Popen[str]]:
    argv = ["worker", "-Q", ASK.queue, "-n", "stop@%h", "--pool", "prefork", "--concurrency", "2"]
    with subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", app, *argv, "--loglevel", "INFO"],
        env={**os.environ, **told},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as worker:
        try:
            yield worker
        finally:
            with suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)


def _says(worker: subprocess.Popen[str], words: str) -> bool:
    assert worker.stderr
    return any(words in line for line in worker.stderr)


def _children(worker: subprocess.Popen[str]) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()]


@pytest.fixture
def told(redis_url: str, tmp_path: Path) -> dict[str, str]:
    """What a worker is told by its environment."""
    return {"REDIS_URL": redis_url, "REDIS_PREFIX": PREFIX, "GLEANER_HOME": str(tmp_path)}


@pytest.fixture
def bells(told: dict[str, str], tmp_path: Path) -> Iterator[Celery]:
    """Somebody who rings."""
    broker = broker_url(read(Settings, Source(told, {}, tmp_path)))
    with Celery("bells", broker=broker, set_as_current=False) as app:
        app.conf.update(broker_transport_options=broker_options(PREFIX), task_ignore_result=True)
        yield app


def test_a_bell_that_is_not_yet_confirmed_holds_up_no_stop(told: dict[str, str], bells: Celery) -> None:
    with _working(told) as worker:
        assert _says(worker, "ready.")
        children = _children(worker)
        assert len(children) == 2
        for child in children:
            os.kill(child, signal.SIGSTOP)
        bells.send_task(f"gleaner.{ASK.step}", [ASK.queue], queue=ASK.queue)
        assert _says(worker, "received")
        time.sleep(0.5)  # handed to a child, which cannot say so
        worker.terminate()
        time.sleep(1)  # forgotten
        for child in children:
            os.kill(child, signal.SIGCONT)
        began = time.monotonic()
        assert _says(worker, "succeeded")
        assert worker.wait() == 0
        assert time.monotonic() - began < PATIENCE


def test_a_worker_that_cannot_recover_leaves_without_waiting(told: dict[str, str], bells: Celery) -> None:
    with _working(told, "tests.worker.broken_app") as worker:
        assert _says(worker, "ready.")
        for child in _children(worker):
            os.kill(child, signal.SIGSTOP)
        bells.send_task(f"gleaner.{ASK.step}", [ASK.queue], queue=ASK.queue)
        assert _says(worker, "received")
        worker.send_signal(signal.SIGUSR2)
        assert worker.wait(PATIENCE) == 1


def test_a_worker_that_takes_no_bells_any_more_leaves(told: dict[str, str], bells: Celery) -> None:
    with _working(told, "tests.worker.broken_app") as worker:
        assert _says(worker, "ready.")
        worker.send_signal(signal.SIGURG)
        time.sleep(1)
        bells.send_task(f"gleaner.{ASK.step}", [ASK.queue], queue=ASK.queue)
        assert worker.wait(PATIENCE) == 1
