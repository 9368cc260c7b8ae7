"""From an effect to the task of its name, to its queue, to a worker in the Procfile that listens to it."""

import re
from pathlib import Path

import pytest

from shared.domain.effects import (
    ASK,
    CONTROL,
    FETCH,
    FETCH_NEXT,
    SETTLE,
    TELL,
    Step,
    bell_of,
    harvest,
    prepare,
)
from shared.settings import Settings, Source, read
from worker import tasks
from worker.app import app

ROOT = Path(__file__).parent.parent.parent
DEFAULT = read(Settings, Source({}, {}, ROOT))
VENDORS = DEFAULT.vendors
BELLS = [ASK, FETCH_NEXT, SETTLE, TELL, *(bell(vendor) for vendor in VENDORS for bell in (prepare, harvest))]


def listened_to() -> set[str]:
    """The queues that the Procfile's workers listen to."""
    lines = (ROOT / "Procfile").read_text("utf-8").splitlines()
    workers = [line for line in lines if re.match(r"[\w-]+:.* worker .*-Q", line)]
    return {queue for line in workers for queue in re.search(r"-Q[ =]?([\w,]+)", line)[1].split(",")}


@pytest.mark.parametrize("step", list(Step))
def test_every_step_has_a_task_of_its_name(step):
    assert f"gleaner.{step}" in app.tasks
    assert getattr(tasks, step).name == f"gleaner.{step}"


def test_every_step_has_a_bell():
    assert {bell.step for bell in BELLS} == set(Step)


@pytest.mark.parametrize("queue", [CONTROL, FETCH, *VENDORS])
def test_every_queue_is_listened_to(queue):
    assert queue in listened_to()


def test_every_bell_rings_where_somebody_listens():
    assert {bell.queue for bell in BELLS} <= listened_to()


def test_whoever_waits_in_a_queue_is_rung_for_on_that_queue():
    for queue in (CONTROL, FETCH, *VENDORS):
        assert bell_of(queue).queue == queue


def test_whatever_beats_is_a_task_on_a_queue_that_is_listened_to():
    for beat in app.conf.beat_schedule.values():
        assert beat["task"] in app.tasks
        assert beat["options"]["queue"] in listened_to()
