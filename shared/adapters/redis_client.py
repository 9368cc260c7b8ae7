"""A client of Redis that costs little to use often, and that does not queue up before a server which does not answer.

Each thread keeps a connection of its own, and scripts go over it by their digest. The library's ways, a look into the
pool for each command and its `Script`, cost two to three times as much as the command itself (see docs/bench.md).
"""

import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from threading import Lock, local
from typing import Any, NamedTuple

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

    def call_script(self, digest: str, arguments: Sequence[Any]) -> Any:
        """What a script answers to a call. That is nothing that the library would shape, so its way is left out.

        A piece of work that runs with others (`shared.together`) calls with them.
        """
        call = _Call(digest, arguments)
        if together.among_others():
            return together.ask(self._scripts, call)
        return _own_answer(self._scripts([call])[0])

    def _scripts(self, calls: Sequence["_Call"]) -> list[Any]:
        """The answers to several in one round trip; where the server turned one down, its error is the answer."""
        answers: list[Any] = self._answered(lambda: _over(self._own().connection, calls))
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


class _Call(NamedTuple):
    digest: str
    arguments: Sequence[Any]


def _over(connection: Any, calls: Sequence[_Call]) -> list[Any]:
    """The answers on a connection that is made anew as often as its own rules of retrying allow."""
    scripts = defaultdict[str, list[int]](list)
    for place, call in enumerate(calls):
        scripts[call.digest].append(place)
    commands = [
        _command(digest, [calls[at].arguments for at in places]) for digest, places in scripts.items()
    ]

    def answers(number: int) -> list[Any]:
        try:
            return list(connection.read_response())
        except redis.ResponseError as error:
            return [error] * number

    def ask() -> list[Any]:
        connection.send_packed_command(connection.pack_commands(commands))
        found: list[Any] = [None] * len(calls)
        for places in scripts.values():
            for place, answer in zip(places, answers(len(places)), strict=True):
                found[place] = answer
        return found

    found: list[Any] = connection.retry.call_with_retry(ask, lambda _: connection.disconnect())
    return found


def _command(digest: str, calls: Iterable[Sequence[Any]]) -> list[Any]:
    """EVALSHA for several calls of one script."""
    command = ["EVALSHA", digest, 0]
    for arguments in calls:
        command.append(len(arguments))
        command += arguments
    return command


def _own_answer(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer


# Each call is how many arguments it has, and then these; below 8000, or Lua cannot hand them over.
_SERVING = """
local serve = (function()
%s
end)()
local answers, at = {}, 1
while ARGV[at] do
  local last = at + tonumber(ARGV[at])
  local served, answer = pcall(serve, unpack(ARGV, at + 1, last))
  if not served and not (type(answer) == 'table' and answer.err) then answer = {err = tostring(answer)} end
  answers[#answers + 1] = answer or false
  at = last + 1
end
return answers
"""


class Script:
    """A script of ours: Lua that returns a function of a call's arguments, keys and all.

    Calls that are made together are served by one run of it, one after the other, and what it does before it returns the function is
    done once for all of them. A call that raises an error fails alone, and what it had written stays, as in any script; what fails
    the run fails all. A server that does not know the script yet is told it.
    """

    def __init__(self, client: redis.Redis, text: str) -> None:
        self._client: Any = client
        self._text = _SERVING.replace("%s", text)
        self._digest = hashlib.sha1(self._text.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, *arguments: Any) -> Any:
        """What it answers. RedisError when it does not."""
        try:
            return self._run(arguments)
        except NoScriptError:
            self._client.script_load(self._text)
            return self._run(arguments)

    def _run(self, arguments: Sequence[Any]) -> Any:
        if isinstance(self._client, ThreadsClient):
            return self._client.call_script(self._digest, arguments)
        (answer,) = self._client.execute_command(*_command(self._digest, [arguments]))
        return _own_answer(answer)
