"""POST /push/<vendor>/<token>: what a vendor pushes about an account marks a camera, and nothing else.

No vendor signs what it pushes, so the address alone says who it is, and a message proves nothing. Whatever comes to the right
address is answered 200 at once, for a vendor that hears anything else a few times pushes no more.
"""

import logging

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from shared.errors import GleanerError, NotFound
from shared.signing import is_push_token
from webhook.bodies import whole_body
from webhook.errors import problem
from webhook.parts import services
from webhook.throttle import BAD_TRIES, count_bad_try

log = logging.getLogger(__name__)

pushes = Blueprint("pushes", __name__, url_prefix="/push")


@pushes.post("/<vendor>/<token>")
def take(vendor: str, token: str) -> dict[str, object]:
    """Have the cameras listed that the message names, unless that was done within the hour."""
    if vendor not in services().record_sources or not is_push_token(services().keys, vendor, token):
        count_bad_try("push", BAD_TRIES)
        raise NotFound("unknown-push")
    try:
        names = services().record_sources[vendor].about(_message(), services().cameras.all())
        for name in names:
            services().harvests.nudge(vendor, name)
    except GleanerError as no:  # the schedule lists the camera all the same
        log.warning("a pushed message had no effect", extra={"vendor": vendor, "code": no.code})
    return {"code": 0, "message": "ok"}


def _message() -> bytes:
    """What was sent; nothing when it is too large, or broken on its way."""
    try:
        return whole_body(request.environ)
    except HTTPException:
        return b""


@pushes.errorhandler(NotFound)
def unknown(_: NotFound) -> Response:
    """The same words whatever is wrong: a stranger learns nothing."""
    return problem(404, "unknown-push", "nothing is known by this address")
