"""The id of a request: the caller's own where it is fit to be shown, else one of ours.

It stands in the answer, in every line that is logged while the request is served, and in the doorbells that it rings, so that
a worker's lines can be found by it.
"""

import itertools
import os
import re
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from shared.logs import REQUEST

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HEADER, _VARIABLE = "X-Request-Id", "HTTP_X_REQUEST_ID"
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


class RequestIds:
    """Around an app, and not among its hooks, for what is done at every callback has to be cheap."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Serve a request under its id; the thread serves others later."""
        given = environ.get(_VARIABLE, "")
        request_id = given if given and _FIT.fullmatch(given) else _names.next()

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            return start_response(status, [*headers, (HEADER, request_id)], *error)

        REQUEST.set(request_id)
        try:
            return self._app(environ, start)
        finally:
            REQUEST.set("")
