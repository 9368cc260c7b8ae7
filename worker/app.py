"""The Celery app: settings that survive Redis restarts, services built once per process, and the sweep in every parent.

No retries, ETAs, results or chains of Celery's: what must happen is in the ledger, and a message is only a doorbell.
Gossip, mingle and remote control stay on: workers without them were seen to go deaf when Redis restarted.
"""

import multiprocessing
import os
import signal
from dataclasses import replace
from functools import lru_cache
from typing import Any

from billiard import pool as children
from celery import Celery, signals

from shared.adapters.celery_queue import broker_options
from shared.domain.effects import CONTROL
from shared.errors import one_line
from shared.logs import REQUEST, set_up
from shared.ring import Ring, ring_of
from shared.services import Services
from shared.settings import Settings, read, source
from shared.wiring import broker_url, build
from worker.schedule import schedule
from worker.watchdog import Leave

with one_line():
    settings = read(Settings, source())

app = Celery("gleaner", broker=broker_url(settings), include=["worker.tasks"])
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_default_queue=CONTROL,
    task_soft_time_limit=300,
    task_time_limit=360,
    task_publish_retry=False,
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_disable_prefetch=True,
    worker_max_tasks_per_child=200,
    worker_max_memory_per_child=400_000,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    worker_soft_shutdown_timeout=20,
    worker_enable_soft_shutdown_on_idle=False,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options=broker_options(settings.redis_prefix),
    visibility_timeout=3600,
    beat_schedule=schedule(settings),
    deaf_seconds=90.0,  # ours: how long bells may lie there while a child of the worker has nothing to do
)

app.steps["worker"].add(Leave)

# At a stop Celery forgets the bells that a child has taken and not yet confirmed; the child, which counts them, would wait
# half a minute to be heard. What it has said and nobody has read by its end is read from its pipe all the same.
children.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = 10  # tenths of a second

# Shared with the children, who hear of a stop and of changed secrets by no signal; without a lock that one could die with.
_stopping = multiprocessing.RawValue("b", 0)
_rounds = multiprocessing.RawValue("L", 0)


@lru_cache(maxsize=1)
def services() -> Services:
    """This process's own parts; a forked child builds its own."""
    return replace(build(settings, ring=ring()), stopping=lambda: bool(_stopping.value))


@lru_cache(maxsize=1)
def ring() -> Ring:
    """The secrets in force in this worker; a forked child goes on with those of its parent."""
    return ring_of(settings, os.environ, lambda: int(_rounds.value))


@signals.celeryd_init.connect
def _refuse_unfit_secrets(**_: Any) -> None:
    with one_line():
        ring()


@signals.setup_logging.connect
def _log(**_: Any) -> None:
    set_up(settings.log_format)


@signals.task_prerun.connect
def _tell_for_whom(task: Any, **_: Any) -> None:
    """The request that rang, if it was one: it stands in all lines from here on."""
    REQUEST.set(str((task.request.headers or {}).get("request", "")))


@signals.task_postrun.connect
def _forget_for_whom(**_: Any) -> None:
    REQUEST.set("")


@signals.worker_process_init.connect
def _forget_parents_services(**_: Any) -> None:
    services.cache_clear()


@signals.worker_ready.connect
def _tell_children_of_a_stop(**_: Any) -> None:
    """Celery's own signal of a shutdown comes too late for that, where it waits for tasks first."""
    for number in (signal.SIGTERM, signal.SIGQUIT):
        _before(number, signal.getsignal(number))


def _before(number: int, handler: Any) -> None:
    def tell(*arguments: Any) -> None:
        _stopping.value = 1
        handler(*arguments)

    signal.signal(number, tell)


@signals.worker_ready.connect
def _heed_changed_secrets(**_: Any) -> None:
    """In place of Celery's own, which would start the worker anew and wait for all that is under way."""
    signal.signal(signal.SIGHUP, _count_round)


def _count_round(*_: Any) -> None:
    _rounds.value += 1


@signals.worker_ready.connect
def _sweep_in_parent(**_: Any) -> None:
    services().sweeper().start()
    services().tidier().start()
