"""A worker that hears no more bells ends itself, for whoever watches over it to start another.

Two ways of that were seen after Redis had been killed. A worker meets an error that Celery does not expect, is ended as if
it had been asked to, and waits for ever for children that were just being cancelled. Or it goes on, and never takes a
bell again. Nothing is lost by not waiting: what the children were at is claimed, and bells are confirmed late.
"""

import logging
import os
import time
from dataclasses import dataclass
from threading import Thread
from typing import Any

from celery import bootsteps, signals
from celery.platforms import EX_FAILURE
from celery.worker import state
from kombu.exceptions import OperationalError

LOOKS = 18  # in a row that see bells lie there, before a worker counts as deaf

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
    """Whether a worker hears: False after LOOKS looks in a row at bells that lie there while it took none with a hand free.

    Looks are counted, not time: a machine that slept, or a broker that was away, makes nobody deaf.
    """

    in_vain: int = 0

    def took(self) -> None:
        """A bell was taken, or nobody could look."""
        self.in_vain = 0

    def hears(self, waiting: int, free: bool) -> bool:
        """As it looks now."""
        self.in_vain = self.in_vain + 1 if waiting and free else 0
        return self.in_vain < LOOKS


@signals.worker_ready.connect
def _watch(sender: Any, **_: Any) -> None:
    hearing = Hearing()
    signals.task_received.connect(lambda **_: hearing.took(), weak=False)
    Thread(target=_listen, args=(sender, hearing), name="watchdog", daemon=True).start()


def _listen(consumer: Any, hearing: Hearing) -> None:
    """Look at the worker's queues over a connection of its own, for as long as the process lives."""
    while True:
        time.sleep(consumer.app.conf.deaf_seconds / LOOKS)
        waiting = _waiting(consumer)
        if waiting is None:
            hearing.took()
        elif not hearing.hears(waiting, len(state.active_requests) < consumer.pool.num_processes):
            leave(f"{waiting} bells, and none taken in {LOOKS} looks")


def _waiting(consumer: Any) -> int | None:
    """How many bells lie there; None while the broker cannot say."""
    with consumer.app.connection_for_read() as connection:
        try:
            channel = connection.default_channel
            queues = consumer.app.amqp.queues.consume_from
            return sum(int(channel.queue_declare(name).message_count) for name in queues)
        except (OperationalError, *connection.connection_errors, *connection.channel_errors):
            return None
