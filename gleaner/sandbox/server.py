"""The sandbox as a running HTTP server: in this process for tests, or in one of its own.

Quiet on purpose: what was asked is in the witness, not on the terminal.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from gleaner.sandbox.control import control_routes
from gleaner.sandbox.devices import Device
from gleaner.sandbox.pace import Pace
from gleaner.sandbox.platform import Platform
from gleaner.sandbox.sms import sms_routes

LARGEST_BODY = 16 << 10
_LOOK_FOR_STOP = 0.02


@dataclass(frozen=True)
class RunningSandbox:
    """Where it listens, and the platform behind it, to look into and to throw switches of."""

    base_url: str
    platform: Platform


class _Silent(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        """Say nothing."""


def create_app(platform: Platform) -> Flask:
    """The WSGI app of one platform. Some mischief needs a real socket, so play it over HTTP, not by a test client."""
    app = Flask("gleaner.sandbox")
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.register_blueprint(sms_routes(platform))
    app.register_blueprint(control_routes(platform))
    return app


@contextmanager
def running_sandbox(
    port: int = 0,
    host: str = "127.0.0.1",
    devices: Iterable[Device] | None = None,
    pace: Pace | None = None,
    zone: str = "Asia/Shanghai",
) -> Iterator[RunningSandbox]:
    """Serve a fresh platform until the block ends; SystemExit when the port is taken.

    Port 0 takes a free one; without devices it plays the default ones.
    """
    with closing(Platform(devices, pace, zone)) as platform:
        server = make_server(host, port, create_app(platform), threaded=True, request_handler=_Silent)
        thread = threading.Thread(target=server.serve_forever, args=(_LOOK_FOR_STOP,), daemon=True)
        thread.start()
        try:
            yield RunningSandbox(f"http://{host}:{server.server_port}", platform)
        finally:
            server.shutdown()
            thread.join()
