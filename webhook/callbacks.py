"""POST /callbacks/<vendor>/<token>: authenticate, read, record, answer.

The token is checked by arithmetic before anything is read or looked up, and then who calls. News about a job that we know
is answered 200 whether it is news or not; nothing here waits for anything but the store.
"""

import logging

from flask import Blueprint, Response, g, request
from werkzeug.routing import PathConverter

from shared.errors import Invalid, NotFound
from shared.signing import read_callback_token
from webhook.bodies import whole_body
from webhook.errors import problem
from webhook.parts import services
from webhook.peers import caller, may_call
from webhook.throttle import BAD_TRIES, count_bad_try

log = logging.getLogger(__name__)


class _Anything(PathConverter):
    """All that is left of a path: no slash, line break or emptiness makes another answer."""

    regex = r"(?s:.*)"
    part_isolating = False


callbacks = Blueprint("callbacks", __name__, url_prefix="/callbacks")
callbacks.record_once(lambda at: at.app.url_map.converters.update(anything=_Anything))


@callbacks.post("/", defaults={"path": ""}, strict_slashes=False)
@callbacks.post("/<anything:path>")
def take(path: str) -> dict[str, object]:
    """Record what a vendor says about an attempt; the answer's `code` is an integer, or it would be sent again."""
    vendor, job_id, attempt = g.meant = _meant(path)
    services().receiving.take(vendor, job_id, attempt, whole_body(), request.content_type or "")
    return {"code": 0, "message": "ok"}


def _meant(path: str) -> tuple[str, str, int]:
    """Vendor, job and attempt that an address is for. NotFound for every other, and for a caller who is not allowed.

    403 would tell a stranger with an old address that it was one; the owner is told by a line instead.
    """
    vendor, _, token = path.partition("/")
    named = read_callback_token(services().keys, vendor, token)
    if named is None or vendor not in services().sources:
        count_bad_try("callback", BAD_TRIES)
        raise NotFound("unknown-callback")
    if not may_call():
        fields = {"caller": str(caller()), "vendor": vendor, "job": named[0]}
        log.warning("a callback came from an address that CALLBACK_ALLOW does not name", extra=fields)
        raise NotFound("unknown-callback")
    return vendor, *named


@callbacks.errorhandler(NotFound)
def unknown(_: NotFound) -> Response:
    """The same words whatever is wrong: a stranger learns nothing."""
    return problem(404, "unknown-callback", "nothing is known by this address")


@callbacks.errorhandler(Invalid)
def unreadable(error: Invalid) -> Response:
    """The field that cannot be read, by the vendor's own name for it. Nothing of it changes a job; a line says that it came."""
    about = dict(zip(("vendor", "job", "attempt"), g.meant, strict=True))
    log.warning("a callback cannot be read", extra={"field": error.field, "detail": error.detail, **about})
    return problem(400, error.code, error.detail, **({"field": error.field} if error.field else {}))
