"""The body of a request, whole or not at all: the server hands over what came, even when the rest never did."""

from flask import request
from werkzeug.exceptions import BadRequest


def whole_body() -> bytes:
    """What was sent. BadRequest when it is less than was said, RequestEntityTooLarge when it is too much."""
    found = request.get_data(cache=False)
    if request.content_length not in (None, len(found)):
        raise BadRequest("the body of the request is broken")
    return found
