"""A client of Redis that costs little to use often: one connection for each thread, and scripts run by their digest.

The library's own ways, a look into the pool for each command and its `Script`, cost two to three times as much as the
command itself (see docs/receiver.md). A connection that broke is made anew by whoever uses it next.
"""

import hashlib
from collections.abc import Iterable
from threading import local
from typing import Any

import redis
from redis.exceptions import NoScriptError


class ThreadsClient(redis.Redis):
    """`redis.Redis`, but that a thread keeps the connection that it was given first."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._mine = local()

    def execute_command(self, *arguments: Any, **options: Any) -> Any:
        """As the library's, on this thread's connection."""
        mine = getattr(self._mine, "client", None)
        if mine is None:
            mine = redis.Redis(connection_pool=self.connection_pool, single_connection_client=True)
            self._mine.client = mine
        return mine.execute_command(*arguments, **options)


class Script:
    """A script of ours. A server that does not know it yet is told it, once."""

    def __init__(self, client: redis.Redis, text: str) -> None:
        self._client: Any = client
        self._text = text
        self._digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: Iterable[str] = (), args: Iterable[Any] = ()) -> Any:
        """What it answers."""
        keys = tuple(keys)
        call = ("EVALSHA", self._digest, len(keys), *keys, *args)
        try:
            return self._client.execute_command(*call)
        except NoScriptError:
            self._client.execute_command("SCRIPT LOAD", self._text)
            return self._client.execute_command(*call)
