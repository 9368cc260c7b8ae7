"""Which address serves what. With CALLBACK_BIND, vendors have a door of their own, and nothing else is behind it.

The door is told by the port of the socket that took the connection; what the request says of itself is anybody's word.
"""

from flask import request
from werkzeug.exceptions import NotFound

from shared.networks import Bind
from webhook.parts import services

VENDORS = ("callbacks", "push")  # the beginnings of the paths that vendors call
BOTH = ("healthz",)


def keep_apart() -> None:
    """NotFound for what is behind the other door."""
    bind = services().settings.callback_bind
    if not is_served(request.path, request.environ["SERVER_PORT"], bind):
        raise NotFound


def is_served(path: str, port: str, vendors: Bind | None) -> bool:
    """Whether a path is served at a port; `vendors` is their own door, if they have one."""
    if vendors is None:
        return True
    asked = path.split("/")[1]
    return asked in BOTH or (asked in VENDORS) == (port == str(vendors.port))
