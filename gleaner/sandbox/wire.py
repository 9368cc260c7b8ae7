"""What several simulated vendors do to a connection."""

from __future__ import annotations

import contextlib
import socket

from flask import Response, request


def hang_up() -> Response:
    """Close the connection under the server: nobody will read the response."""
    with contextlib.suppress(OSError):
        request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return Response()
