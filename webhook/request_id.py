"""The id of a request: the caller's own where it is fit to be shown, else one of ours.

It stands in the answer, in every line that is logged while the request is served, and in the doorbells that it rings, so that
a worker's lines can be found by it.
"""

import random
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from shared.logs import REQUEST

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HEADER, _VARIABLE = "X-Request-Id", "HTTP_X_REQUEST_ID"
_FIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+=@-]{0,127}")


def _name() -> str:
    """One by chance, which tells strangers nothing, and costs less than a secret would."""
    return f"{random.getrandbits(64):016x}"


class RequestIds:
    """Around an app, and not among its hooks, for what is done at every callback has to be cheap."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Serve a request under its id; the thread serves others later."""
        given = environ.get(_VARIABLE, "")
        request_id = given if given and _FIT.fullmatch(given) else _name()

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            return start_response(status, [*headers, (HEADER, request_id)], *error)

        REQUEST.set(request_id)
        try:
            return self._app(environ, start)
        finally:
            REQUEST.set("")
