"""POST /callbacks/<vendor>/<token>: authenticate, read, record, answer.

The token is checked by arithmetic before anything is read. News about a job that we know is answered 200 whether it is
news or not; nothing here waits for anything but the store.
"""

import logging

from flask import Blueprint, Response, request

from shared.errors import Invalid, NotFound
from shared.signing import read_callback_token
from webhook.errors import problem
from webhook.parts import services
from webhook.throttle import count_bad_try, refuse_after

BAD_TRIES = 100  # a minute; a good token is never refused for them

log = logging.getLogger(__name__)

callbacks = Blueprint("callbacks", __name__, url_prefix="/callbacks")


@callbacks.post("/<vendor>/<path:token>")
def take(vendor: str, token: str) -> dict[str, object]:
    """Record what a vendor says about an attempt; the answer's `code` is an integer, or it would be sent again."""
    parts = services()
    named = read_callback_token(parts.keys, vendor, token)
    if named is None or vendor not in parts.sources:
        refuse_after("callback", BAD_TRIES)
        count_bad_try("callback")
        raise NotFound("unknown-callback")
    job_id, attempt = named
    parts.receiving.take(vendor, job_id, attempt, request.get_data(cache=False), request.content_type or "")
    return {"code": 0, "message": "ok"}


def _about() -> dict[str, object]:
    """Whose callback it is: by now its token is known to be good."""
    vendor, token = (request.view_args or {}).get("vendor"), (request.view_args or {}).get("token", "")
    named = read_callback_token(services().keys, str(vendor), token)
    return {"vendor": vendor, "job": named and named[0], "attempt": named and named[1]}


@callbacks.errorhandler(NotFound)
def unknown(_: NotFound) -> Response:
    """The same words whatever is wrong: a stranger learns nothing."""
    return problem(404, "unknown-callback", "nothing is known by this address")


@callbacks.errorhandler(Invalid)
def unreadable(error: Invalid) -> Response:
    """The field that cannot be read, by the vendor's own name for it. Nothing of it changes a job; a line says that it came."""
    log.warning("a callback cannot be read", extra={"field": error.field, "detail": error.detail, **_about()})
    return problem(400, error.code, error.detail, **({"field": error.field} if error.field else {}))
