"""Effects: what follows a move. Each is a doorbell that says "take the next", rung after the save; it may be lost.

The one mapping of a step to its queue. A queue's workers do nothing else, so that what may hang on one vendor delays
neither the other vendor, nor asks, nor fetches.
"""

from dataclasses import dataclass
from enum import StrEnum

CONTROL = "control"
FETCH = "fetch"


class Step(StrEnum):
    """A worker's step; the task of the same name is its doorbell."""

    PREPARE = "prepare"
    ASK = "ask"
    FETCH = "fetch"
    SETTLE = "settle"
    HARVEST = "harvest"
    TELL = "tell"


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring the doorbell of `step` on `queue`."""

    step: Step
    queue: str


def prepare(vendor: str) -> Ring:
    """Somebody should ask this vendor for the next wanted job."""
    return Ring(Step.PREPARE, vendor)


def harvest(vendor: str) -> Ring:
    """Somebody should list the next camera's records at this vendor."""
    return Ring(Step.HARVEST, vendor)


ASK = Ring(Step.ASK, CONTROL)
FETCH_NEXT = Ring(Step.FETCH, FETCH)
SETTLE = Ring(Step.SETTLE, CONTROL)
TELL = Ring(Step.TELL, CONTROL)


def bell_of(queue: str) -> Ring:
    """The doorbell for whoever waits in `ready:<queue>`."""
    return {CONTROL: ASK, FETCH: FETCH_NEXT}.get(queue) or prepare(queue)
