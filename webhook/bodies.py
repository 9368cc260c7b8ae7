"""The body of a request, whole or not at all: the server hands over what came, even when the rest never did."""

from flask import request
from gunicorn.http.errors import NoMoreData, ParseException
from werkzeug.exceptions import BadRequest


def whole_body() -> bytes:
    """What was sent. BadRequest when it is less than was said, or broken; RequestEntityTooLarge when it is too much."""
    try:
        found = request.get_data(cache=False)
    except (ParseException, NoMoreData):  # met by the server in the chunks, only while they are read
        raise BadRequest("the body of the request is broken") from None
    if request.content_length not in (None, len(found)):
        raise BadRequest("the body of the request is broken")
    return found
