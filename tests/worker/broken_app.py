"""The worker's app with two faults that kombu was seen to have: at SIGUSR2 the consumer breaks by an error that Celery does not
expect, at SIGURG it takes no bells any more.
"""

import signal
from typing import Any

from celery import signals

from worker.app import app

__all__ = ["app"]

app.conf.deaf_seconds = 3.0


@signals.worker_ready.connect
def _break_when_told(sender: Any, **_: Any) -> None:
    def broken(*_: Any) -> None:
        raise AttributeError("'NoneType' object has no attribute 'hostname'")

    signal.signal(signal.SIGUSR2, lambda *_: sender.hub.call_soon(broken))
    signal.signal(signal.SIGURG, lambda *_: sender.hub.call_soon(sender.task_consumer.cancel))
