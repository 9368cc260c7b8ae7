"""POST /callbacks/<vendor>/<token>: authenticate, read, record, answer.

The token is checked by arithmetic before anything is read or looked up, and then who calls. News about a job that we know
is answered 200 whether it is news or not; nothing here waits for anything but the store. What is taken is answered in front
of Flask, whose way through a request costs more than all of this; what is refused, Flask answers as it does everything.
"""

import json
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request
from werkzeug.routing import PathConverter

from shared.errors import Invalid, NotFound
from shared.services import Services
from shared.signing import read_callback_token
from webhook.bodies import whole_body
from webhook.doors import is_served
from webhook.errors import problem
from webhook.headers import ALWAYS, NOT_KEPT
from webhook.peers import caller, may_call
from webhook.throttle import BAD_TRIES, count_bad_try

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

PREFIX = "/callbacks/"
REFUSED = "gleaner.refused"  # where the app finds what was refused, and why
TAKEN = json.dumps({"code": 0, "message": "ok"}).encode()  # `code` is an integer, or it would be sent again
_HEADERS = [
    ("Content-Type", "application/json"),
    ("Content-Length", str(len(TAKEN))),
    *ALWAYS.items(),
    NOT_KEPT,
]


class Stranger(NotFound):
    """An address that is none of ours."""


class Receiver:
    """Around an app: takes callbacks, and hands over to the app all else, and what was refused."""

    def __init__(self, app: "WSGIApplication", services: Services) -> None:
        self._app = app
        self._services = services

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Take a callback, or let the app answer."""
        path, bind = environ["PATH_INFO"], self._services.settings.callback_bind
        ours = path.startswith(PREFIX) and environ["REQUEST_METHOD"] == "POST"
        if not ours or not is_served(path, environ["SERVER_PORT"], bind):
            return self._app(environ, start_response)
        try:
            self._take(environ, path.removeprefix(PREFIX))
        except Exception as error:  # noqa: BLE001 - whatever it is, the app has the answer
            environ[REFUSED] = error
            return self._app(environ, start_response)
        start_response("200 OK", _HEADERS)
        return [TAKEN]

    def _take(self, environ: "WSGIEnvironment", path: str) -> None:
        """Record what a vendor says about an attempt."""
        vendor, job_id, attempt = self._meant(environ, path)
        try:
            body, kind = whole_body(environ), environ.get("CONTENT_TYPE", "")
            self._services.receiving.take(vendor, job_id, attempt, body, kind)
        except Invalid as error:
            about = {"vendor": vendor, "job": job_id, "attempt": attempt}
            log.warning(
                "a callback cannot be read", extra={"field": error.field, "detail": error.detail, **about}
            )
            raise

    def _meant(self, environ: "WSGIEnvironment", path: str) -> tuple[str, str, int]:
        """Vendor, job and attempt that an address is for. Stranger for every other, NotFound for a caller who is not allowed.

        403 would tell a stranger with an old address that it was one; the owner is told by a line instead.
        """
        vendor, _, token = path.partition("/")
        named = read_callback_token(self._services.keys, vendor, token)
        if named is None or vendor not in self._services.sources:
            raise Stranger("unknown-callback")
        settings = self._services.settings
        if not may_call(environ, settings):
            fields = {"caller": str(caller(environ, settings)), "vendor": vendor, "job": named[0]}
            log.warning("a callback came from an address that CALLBACK_ALLOW does not name", extra=fields)
            raise NotFound("unknown-callback")
        return vendor, *named


class _Anything(PathConverter):
    """All that is left of a path: no slash, line break or emptiness makes another answer."""

    regex = r"(?s:.*)"
    part_isolating = False


callbacks = Blueprint("callbacks", __name__, url_prefix=PREFIX)
callbacks.record_once(lambda at: at.app.url_map.converters.update(anything=_Anything))


@callbacks.post("/", defaults={"path": ""}, strict_slashes=False)
@callbacks.post("/<anything:path>")
def refuse(path: str) -> Response:  # noqa: ARG001 - the receiver has looked at it
    """The answer to what the receiver did not take."""
    refused = request.environ.get(REFUSED, Stranger("unknown-callback"))
    if isinstance(refused, Stranger):
        count_bad_try("callback", BAD_TRIES)
    raise refused


@callbacks.errorhandler(NotFound)
def unknown(_: NotFound) -> Response:
    """The same words whatever is wrong: a stranger learns nothing."""
    return problem(404, "unknown-callback", "nothing is known by this address")


@callbacks.errorhandler(Invalid)
def unreadable(error: Invalid) -> Response:
    """The field that cannot be read, by the vendor's own name for it. Nothing of it changes a job."""
    return problem(400, error.code, error.detail, **({"field": error.field} if error.field else {}))
