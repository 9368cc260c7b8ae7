"""Those who work unseen: whether anybody has swept of late, and whether every queue has a worker."""

from collections.abc import Collection, Iterator
from contextlib import closing
from datetime import datetime

from celery import Celery

from gleaner.checks.configuration import Case
from gleaner.checks.finding import Finding, fail, ok, skipped, warn
from gleaner.checks.stores import Store
from gleaner.checks.tools import now
from gleaner.household import LOGS
from gleaner.procfile import commands, project_file
from shared.adapters.celery_queue import broker_options
from shared.adapters.redis_shared import RedisShared
from shared.settings import Settings
from shared.sweep import LAST_SWEEP, MISSED
from shared.wiring import broker_url

REPLY_SECONDS = 2.0


def sweep(store: Store, runs: bool) -> Finding:
    """When the last sweep ended, anywhere. Without one nothing heals; it is nobody's fault where no service `runs`."""
    if store.client is None:
        return skipped("sweep", "Redis does not answer, and only it knows")
    settings = store.settings
    text = RedisShared(store.client, settings.redis_prefix).get(LAST_SWEEP)
    if text is None:
        never = "there has never been one"
        return (
            fail("sweep", never, _look(settings)) if runs else skipped("sweep", f"{never}, and none is due")
        )
    age = now(settings, store)() - datetime.fromisoformat(text)
    said = f"the last one ended {age.total_seconds():.0f} s ago"
    if age <= settings.sweep_every * MISSED:
        return ok("sweep", said)
    if runs:
        return fail("sweep", said, _look(settings))
    return warn("sweep", f"{said}, and no service runs here", "start one with `gleaner up`")


def _look(settings: Settings) -> str:
    return f"see {settings.home / LOGS} for what keeps it; a restart is always safe"


def workers(case: Case, listened: Collection[str]) -> Iterator[Finding]:
    """Whether somebody works on every queue that there has to be, given those on which anybody does."""
    missing = [queue for queue in queues(case) if queue not in listened]
    for queue in missing:
        said = f"no worker said within {REPLY_SECONDS:g} s that it works on the queue {queue}"
        yield warn("workers", said, f"see {case.settings.home / LOGS / f'worker-{queue}.log'}, or start it")
    if not missing:
        yield ok("workers", f"every queue has one: {', '.join(queues(case))}")


def queues(case: Case) -> list[str]:
    """The queues on which `gleaner up` sets workers: those of the Procfile, without vendors that have no jobs."""
    settings = case.settings
    at_work = [name for name in case.vendors if case.played or case.works(name)]
    values = {
        "GLEANER_HOME": str(settings.home),
        "FETCH_CONCURRENCY": str(settings.fetch_concurrency),
    }
    found = commands(project_file("Procfile").read_text(encoding="utf-8"), values, at_work)
    return [argv[argv.index("-Q") + 1] for argv in found.values() if "-Q" in argv]


def listened(settings: Settings) -> set[str]:
    """The queues on which workers say that they work, on whichever machine; takes as long as they are given."""
    with closing(Celery("gleaner-doctor", broker=broker_url(settings), set_as_current=False)) as app:
        app.conf.broker_transport_options = broker_options(settings.redis_prefix)
        told = app.control.inspect(timeout=REPLY_SECONDS).active_queues() or {}
    return {queue["name"] for queues_of_one in told.values() for queue in queues_of_one}
