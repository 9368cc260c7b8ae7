"""Counts bad tries by address and minute, over all processes, so that nobody can guess for long."""

from datetime import timedelta

from flask import request
from werkzeug.exceptions import TooManyRequests

from webhook.parts import services

MINUTE = timedelta(minutes=1)
_TRIES = 5  # at counting; whoever is outrun so often is one of a crowd, and the crowd is counted


def count_bad_try(what: str) -> None:
    """One more bad try of this address in this minute."""
    memory, key = services().memory, _key(what)
    for _ in range(_TRIES):
        old = memory.get(key)
        if memory.swap(key, old, str(int(old or 0) + 1), 2 * MINUTE):
            return


def refuse_after(what: str, limit: int) -> None:
    """TooManyRequests when this address has had `limit` bad tries in this minute."""
    if int(services().memory.get(_key(what)) or 0) >= limit:
        raise TooManyRequests("too many bad tries; wait a minute", retry_after=60)


def _key(what: str) -> str:
    minute = int(services().jobs.now().timestamp() // MINUTE.total_seconds())
    return f"bad-tries:{what}:{request.remote_addr}:{minute}"
