"""The id of a request: the caller's own where it is fit to be shown, else one of ours.

It stands in the answer, in every line that is logged while the request is served, and in the doorbells that it rings, so that
a worker's lines can be found by it.
"""

import itertools
import os
import re
import secrets

from flask import Response, request

from shared.logs import REQUEST

HEADER = "X-Request-Id"
_FIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+=@-]{0,127}")


class _Names:
    """Names for requests, which no other process gives: a beginning by chance, and a number."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin anew, as each fork has to."""
        self._beginning, self._numbers = secrets.token_hex(4), itertools.count(1)

    def next(self) -> str:
        """The next one."""
        return f"{self._beginning}-{next(self._numbers):x}"


_names = _Names()
os.register_at_fork(after_in_child=_names.begin)


def begin() -> None:
    """Before a request."""
    given = request.headers.get(HEADER)
    REQUEST.set(given if given and _FIT.fullmatch(given) else _names.next())


def show(answer: Response) -> Response:
    """In the answer."""
    answer.headers[HEADER] = REQUEST.get()
    return answer


def end(_: BaseException | None) -> None:
    """After the request, for the thread serves others."""
    REQUEST.set("")
