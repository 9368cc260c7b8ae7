"""The broker: that doorbells get through, and do not ring in the database of the jobs."""

from collections.abc import Iterator

import redis
from kombu import Connection
from kombu.exceptions import KombuError

from gleaner.checks.finding import Finding, fail, ok, skipped
from gleaner.checks.stores import Store, place
from shared.adapters.celery_queue import broker_options
from shared.adapters.redis_address import broker_place
from shared.errors import Misconfigured
from shared.wiring import broker_url

BROKER_SECONDS = 2


def broker(store: Store) -> Iterator[Finding]:
    """Whether doorbells get through, and do not ring among the jobs."""
    try:
        url = broker_url(store.settings)
        there = broker_place(url)
    except Misconfigured as error:
        yield fail("broker", error.detail, "let CELERY_BROKER_URL name another database, or unset it")
        return
    ours = store.embedded and url == store.embedded.broker_url
    if ours and store.client is None:
        yield skipped("broker", "it is the next database of our own server, which does not run")
        return
    where = place(*there) if there else url.partition(":")[0]
    trouble = unusable(url, store.settings.redis_prefix)
    if trouble:
        yield fail("broker", f"{where}, cannot be used ({trouble})", "start it, or mend CELERY_BROKER_URL")
    else:
        yield ok("broker", f"{where}, answers")


def unusable(url: str, prefix: str) -> str:
    """The kind of error that using a broker comes to, or nothing; the error's text may repeat a password."""
    options = broker_options(prefix) | {"socket_timeout": BROKER_SECONDS}
    try:
        with Connection(url, transport_options=options, connect_timeout=BROKER_SECONDS) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_SECONDS)
    except (KombuError, redis.RedisError, OSError, ImportError, KeyError, ValueError) as error:
        return type(error).__name__
    return ""
