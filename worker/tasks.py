"""Every task. Each is a doorbell: it says "take the next" and names the queue it was rung on; the steps decide.

One bell works off what waits, within a time budget, so that a few bells are enough for any crowd, and a bell for
nothing costs one look.
"""

import logging
import time
from collections.abc import Callable

from shared.domain.effects import Ring, Step
from shared.errors import GleanerError
from shared.logs import REQUEST
from shared.services import Services
from worker.app import app, services
from worker.ask import ask as ask_next
from worker.fetch import fetch as fetch_next
from worker.harvest import harvest as harvest_next
from worker.prepare import prepare as prepare_next
from worker.settle import settle as settle_next
from worker.tell import tell as tell_next

log = logging.getLogger(__name__)

BUDGET = (
    45.0  # seconds after which no further job is begun; with one slice it stays below the task's time limit
)


@app.task(name="gleaner.prepare")
def prepare(queue: str) -> None:
    """Ask a vendor for what is wanted."""
    work_off(prepare_next, Ring(Step.PREPARE, queue))


@app.task(name="gleaner.ask")
def ask(queue: str) -> None:
    """Ask how silent downloads stand."""
    work_off(ask_next, Ring(Step.ASK, queue))


@app.task(name="gleaner.fetch")
def fetch(queue: str) -> None:
    """Bring bytes home."""
    work_off(fetch_next, Ring(Step.FETCH, queue))


@app.task(name="gleaner.settle")
def settle(queue: str) -> None:
    """Pay what is owed."""
    work_off(settle_next, Ring(Step.SETTLE, queue))


@app.task(name="gleaner.harvest")
def harvest(queue: str) -> None:
    """List cameras' records."""
    work_off(harvest_next, Ring(Step.HARVEST, queue))


@app.task(name="gleaner.tell")
def tell(queue: str) -> None:
    """Tell what records have to say that is new."""
    work_off(tell_next, Ring(Step.TELL, queue))


@app.task(name="gleaner.sweep")
def sweep() -> None:
    """The beat's nudge; harmless when somebody else sweeps."""
    services().sweep.run()


def work_off(step: Callable[[Services, str], bool], bell: Ring) -> None:
    """Take one job after the other until none waits; when the budget is over, leave the rest to another bell.

    A store that is away ends the round with one line: whatever was under way is found by its lease.
    """
    parts, over = services(), time.monotonic() + BUDGET
    request = REQUEST.get()
    try:
        while step(parts, bell.queue):
            REQUEST.set("")  # what a request has rung for is what was taken first; the rest are others'
            if time.monotonic() >= over or parts.stopping():
                parts.ledger.effects.ring(bell)
                return
    except GleanerError as error:
        log.warning("a step broke off", extra={"step": bell.step, "code": error.code, "detail": error.detail})
    finally:
        REQUEST.set(request)  # Celery's line at the end is about the bell
