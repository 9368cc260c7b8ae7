"""The worker's app, whose consumer breaks at SIGUSR2 as kombu's was seen to: by an error that Celery does not expect."""

import signal
from typing import Any

from celery import signals

from worker.app import app

__all__ = ["app"]


@signals.worker_ready.connect
def _break_when_told(sender: Any, **_: Any) -> None:
    def broken(*_: Any) -> None:
        raise AttributeError("'NoneType' object has no attribute 'hostname'")

    signal.signal(signal.SIGUSR2, lambda *_: sender.hub.call_soon(broken))
