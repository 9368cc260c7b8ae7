"""A worker that hears no more bells ends itself, for whoever watches over it to start another.

Two ways of that were seen after Redis had been killed. A worker meets an error that Celery does not expect, is ended as if
it had been asked to, and waits for ever for children that were just being cancelled. Or it goes on, and never takes a
bell again. Nothing is lost by not waiting: what the children were at is claimed, and bells are confirmed late.
"""

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

from celery import bootsteps, signals
from celery.platforms import EX_FAILURE
from celery.worker import state
from kombu.exceptions import OperationalError

LOOKS = 18  # within the time that bells may lie there

log = logging.getLogger(__name__)


class Leave(bootsteps.StartStopStep):
    """The step that Celery closes before it waits for the others to stop."""

    def close(self, worker: Any) -> None:
        """End the process when it is an error that ends the worker; a stop that was asked for takes its time."""
        if worker.exitcode == EX_FAILURE:
            leave("an error that no worker recovers from")


def leave(why: str) -> None:
    """End this process, and wait for nothing."""
    log.critical(
        "left without waiting for what is under way, which somebody else will claim", extra={"why": why}
    )
    logging.shutdown()
    os._exit(EX_FAILURE)


@dataclass
class Hearing:
    """Whether a worker hears: False once bells have lain there for `patience` seconds, and it took none with a hand free."""

    patience: float
    now: Callable[[], float] = time.monotonic
    _since: float = field(init=False)

    def __post_init__(self) -> None:
        self.took()

    def took(self) -> None:
        """A bell was taken, or there was none to take."""
        self._since = self.now()

    def hears(self, waiting: int, free: bool) -> bool:
        """As it looks now."""
        if not waiting or not free:
            self.took()
        return self.now() - self._since < self.patience


@signals.worker_ready.connect
def _watch(sender: Any, **_: Any) -> None:
    hearing = Hearing(sender.app.conf.deaf_seconds)
    signals.task_received.connect(lambda **_: hearing.took(), weak=False)
    Thread(target=_listen, args=(sender, hearing), name="watchdog", daemon=True).start()


def _listen(consumer: Any, hearing: Hearing) -> None:
    """Look at the worker's queues over a connection of its own, for as long as the process lives."""
    while True:
        time.sleep(hearing.patience / LOOKS)
        try:
            waiting = _waiting(consumer)
        except (OperationalError, OSError):
            hearing.took()  # nobody hears anything while the broker is away
            continue
        if not hearing.hears(waiting, len(state.active_requests) < consumer.pool.num_processes):
            leave(f"{waiting} bells, and none taken for {hearing.patience:g} s")


def _waiting(consumer: Any) -> int:
    with consumer.app.connection_for_read() as connection:
        channel = connection.default_channel
        return sum(
            channel.queue_declare(name).message_count for name in consumer.app.amqp.queues.consume_from
        )
