"""A worker that has met an error it cannot recover from leaves at once, for whoever watches over it to start another.

Celery ends such a worker as if it had been asked to: it waits for its children, some of whom were being cancelled when
the broker was lost, and was seen to wait for ever, alive and deaf. Nothing is lost by not waiting: what the children
were at is claimed, and bells are confirmed late.
"""

import logging
import os
from typing import Any

from celery import bootsteps
from celery.platforms import EX_FAILURE

log = logging.getLogger(__name__)


class Leave(bootsteps.StartStopStep):
    """The step that Celery closes before it waits for the others to stop."""

    def close(self, worker: Any) -> None:
        """End the process when it is an error that ends the worker; a stop that was asked for takes its time."""
        if worker.exitcode == EX_FAILURE:
            log.critical("left without waiting for what is under way, which somebody else will claim")
            logging.shutdown()
            os._exit(EX_FAILURE)
