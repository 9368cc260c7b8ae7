"""Doorbells as Celery messages, sent by task name from a thread of their own: whoever rings never waits for the broker.

A bell may be lost, by a full buffer, a broker that is away, or a process that ends; the sweep makes up for it.
"""

import logging
from queue import Empty, Full, Queue
from threading import Lock, Thread
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError

from shared.domain.effects import Ring
from shared.logs import REQUEST

_BUFFER = 1000

log = logging.getLogger(__name__)


def broker_options(prefix: str) -> dict[str, Any]:
    """Transport options that notice a dead connection and give lost messages back soon."""
    return {
        "visibility_timeout": 3600,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        "socket_timeout": 10,
        "socket_connect_timeout": 2,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "global_keyprefix": f"{prefix}broker:",
    }


class CeleryQueue:
    """`ports.EffectQueue` over a broker. The thread starts with the first bell, so that a fork before it is harmless."""

    def __init__(self, broker: str, prefix: str) -> None:
        options = broker_options(prefix) | {"socket_timeout": 2}
        self._app = Celery("gleaner-bells", broker=broker, set_as_current=False)
        self._app.conf.update(
            broker_transport_options=options, task_publish_retry=False, task_ignore_result=True
        )
        self._bells: Queue[tuple[Ring, str]] = Queue(_BUFFER)
        self._lock = Lock()
        self._thread: Thread | None = None

    def ring(self, bell: Ring) -> None:
        """Hand the bell to the thread, with the id of the request it is rung for; or drop it when the buffer is full."""
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._send, name="bells", daemon=True)
                self._thread.start()
        try:
            self._bells.put_nowait((bell, REQUEST.get()))
        except Full:
            log.debug("a doorbell was dropped", extra={"step": bell.step, "queue": bell.queue})

    def _send(self) -> None:
        while True:
            bell, request = self._bells.get()
            headers = {"request": request} if request else {}
            try:
                self._app.send_task(
                    f"gleaner.{bell.step}", args=[bell.queue], queue=bell.queue, headers=headers
                )
            except (OperationalError, OSError) as error:
                log.warning("the broker is away; the sweep will ring", extra={"error": type(error).__name__})
                self._drop_waiting()

    def _drop_waiting(self) -> None:
        """Bells that piled up while the broker was away say nothing that the sweep does not know."""
        try:
            while True:
                self._bells.get_nowait()
        except Empty:
            return
