"""The body of a request, whole or not at all: the server hands over what came, even when the rest never did."""

from typing import TYPE_CHECKING

from gunicorn.http.errors import NoMoreData, ParseException
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

LARGEST = 64 * 1024  # bytes


def whole_body(environ: "WSGIEnvironment") -> bytes:
    """What was sent. BadRequest when it is less than was said, or broken; RequestEntityTooLarge when it is too much."""
    # The server has seen that it is a number. Without it, the body has an end of its own.
    said = environ.get("CONTENT_LENGTH")
    length = int(said) if said else None
    if length is not None and length > LARGEST:
        raise RequestEntityTooLarge
    try:  # only here the server meets a bad chunk, or that the caller is gone
        found: bytes = environ["wsgi.input"].read(LARGEST + 1 if length is None else length)
    except (ParseException, NoMoreData, OSError):
        raise BadRequest("the body of the request is broken") from None
    if len(found) > LARGEST:
        raise RequestEntityTooLarge
    if length not in (None, len(found)):
        raise BadRequest("the body of the request is broken")
    return found
