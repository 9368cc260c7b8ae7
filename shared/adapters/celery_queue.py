"""Doorbells as Celery messages, sent by task name from a thread of their own: whoever rings never waits for the broker.

A bell may be lost, by a broker that is away or a process that ends; the sweep makes up for it.
"""

import logging
import time
from collections import defaultdict
from threading import Condition, Thread
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError

from shared.domain.effects import Ring
from shared.logs import REQUEST

_CROWD = 4  # who hears one works off all that waits, so more would only find nothing
_PAUSE = 0.1  # seconds for each that was sent; what is rung meanwhile goes out together

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
        # What sending needs takes a tenth of a second to load: before a fork, rather than at its first bell.
        _ = self._app.amqp.send_task_message
        self._waiting: defaultdict[Ring, list[str]] = defaultdict(list)
        self._rung = Condition()
        self._thread: Thread | None = None

    def ring(self, bell: Ring) -> None:
        """Leave the bell to the thread, with the id of the request it is rung for.

        Of a crowd of the same ones only so many are kept as may wake somebody.
        """
        with self._rung:
            if self._thread is None:
                self._thread = Thread(target=self._send, name="bells", daemon=True)
                self._thread.start()
            if len(self._waiting[bell]) < _CROWD:
                self._waiting[bell].append(REQUEST.get())
            self._rung.notify()

    def _send(self) -> None:
        while True:
            with self._rung:
                self._rung.wait_for(lambda: self._waiting)
                bells, self._waiting = self._waiting, defaultdict(list)
            try:
                for bell, requests in bells.items():
                    for request in requests:
                        self._send_one(bell, request)
            except (OperationalError, OSError) as error:
                log.warning("the broker is away; the sweep will ring", extra={"error": type(error).__name__})
            time.sleep(_PAUSE * sum(map(len, bells.values())))

    def _send_one(self, bell: Ring, request: str) -> None:
        headers = {"request": request} if request else {}
        self._app.send_task(f"gleaner.{bell.step}", args=[bell.queue], queue=bell.queue, headers=headers)
