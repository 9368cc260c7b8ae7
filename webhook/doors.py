"""Which address serves what. With CALLBACK_BIND, vendors have a door of their own, and nothing else is behind it.

The door is told by the port of the socket that took the connection; what the request says of itself is anybody's word.
"""

from flask import request
from werkzeug.exceptions import NotFound

from webhook.parts import services

VENDORS = ("callbacks", "push")  # the beginnings of the paths that vendors call
BOTH = ("healthz",)


def keep_apart() -> None:
    """NotFound for what is behind the other door."""
    own = services().settings.callback_bind
    if own is None:
        return
    asked = request.path.split("/")[1]
    at_vendors = request.environ["SERVER_PORT"] == str(own.port)
    if asked not in BOTH and (asked in VENDORS) != at_vendors:
        raise NotFound
