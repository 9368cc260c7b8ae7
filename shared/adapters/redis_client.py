"""A client of Redis that costs little to use often, and that does not queue up before a server which does not answer.

Each thread keeps a connection of its own, and scripts go over it by their digest. The library's ways, a look into the
pool for each command and its `Script`, cost two to three times as much as the command itself (see docs/bench.md).
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from threading import Lock, local
from typing import Any

import redis
from redis.exceptions import NoScriptError

from shared import together

_LONGEST_TRY = 2.0  # seconds, after which whoever was at it is not waited for
_AWAY = (redis.ConnectionError, redis.TimeoutError)


class ThreadsClient(redis.Redis):
    """`redis.Redis`, but that a thread keeps the connection that it was given first.

    After a command that got no answer, all fail at once for `rest` seconds, and then one tries for all: whoever must answer
    somebody else soon does not wait behind others for the same silence. 0: everybody tries for himself.
    """

    def __init__(self, *, rest: float = 0.0, **options: Any) -> None:
        super().__init__(**options)
        self._mine = local()
        self._rest = rest
        self._trying = Lock()
        self._try_again_at = 0.0  # 0 while it answers

    def execute_command(self, *arguments: Any, **options: Any) -> Any:
        """As the library's, on this thread's connection."""
        return self._answered(lambda: self._own().execute_command(*arguments, **options))

    def script(self, *arguments: Any) -> Any:
        """EVALSHA and what follows it. What a script answers is nothing that the library would shape, so it is left out.

        A piece of work that runs with others (`shared.together`) asks with them.
        """
        if together.among_others():
            return together.ask(self._scripts, arguments)
        (answer,) = self._scripts([arguments])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _scripts(self, questions: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The answers to several in one round trip; where the server turned one down, its error is the answer."""
        answers: list[Any] = self._answered(lambda: _over(self._own().connection, questions))
        return answers

    def _own(self) -> Any:
        client = getattr(self._mine, "client", None)
        if client is None:
            client = redis.Redis(connection_pool=self.connection_pool, single_connection_client=True)
            self._mine.client = client
        return client

    def _answered(self, ask: Callable[[], Any]) -> Any:
        if self._try_again_at and not self._may_try():
            raise redis.ConnectionError("there was no answer just now")
        away = False
        try:
            return ask()
        except redis.ResponseError:  # an error of its own is an answer, too
            raise
        except BaseException as error:
            away = bool(self._rest) and isinstance(error, _AWAY)
            self._hang_up()
            raise
        finally:
            self._try_again_at = time.monotonic() + self._rest if away else 0.0

    def _hang_up(self) -> None:
        """Whoever was cut off between question and answer, by a task's limit of time, leaves the answer to the next question."""
        client = getattr(self._mine, "client", None)
        if client is not None:
            client.connection.disconnect()

    def _may_try(self) -> bool:
        """Whether it is time, and nobody else is at it."""
        with self._trying:
            due = time.monotonic() >= self._try_again_at
            if due:
                self._try_again_at = time.monotonic() + _LONGEST_TRY
            return due


def _over(connection: Any, questions: Sequence[tuple[Any, ...]]) -> list[Any]:
    """The answers on a connection that is made anew as often as its own rules of retrying allow."""

    def answer() -> Any:
        try:
            return connection.read_response()
        except redis.ResponseError as error:
            return error

    def ask() -> list[Any]:
        connection.send_packed_command(connection.pack_commands([("EVALSHA", *each) for each in questions]))
        return [answer() for _ in questions]

    answers: list[Any] = connection.retry.call_with_retry(ask, lambda _: connection.disconnect())
    return answers


class Script:
    """A script of ours. A server that does not know it yet is told it, once."""

    def __init__(self, client: redis.Redis, text: str) -> None:
        self._client: Any = client
        self._text = text
        self._digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: Iterable[str] = (), args: Iterable[Any] = ()) -> Any:
        """What it answers."""
        keys = tuple(keys)
        try:
            return self._run(self._digest, len(keys), *keys, *args)
        except NoScriptError:
            self._client.script_load(self._text)
            return self._run(self._digest, len(keys), *keys, *args)

    def _run(self, *arguments: Any) -> Any:
        if isinstance(self._client, ThreadsClient):
            return self._client.script(*arguments)
        return self._client.execute_command("EVALSHA", *arguments)
