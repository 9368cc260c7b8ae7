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

from gleaner.sandbox.channels import Channel
from gleaner.sandbox.cloud import Cloud
from gleaner.sandbox.control import control_routes
from gleaner.sandbox.devices import Device
from gleaner.sandbox.imou import imou_routes
from gleaner.sandbox.pace import Pace
from gleaner.sandbox.platform import Platform
from gleaner.sandbox.sms import sms_routes
from gleaner.sandbox.terms import Terms

LARGEST_BODY = 16 << 10
_LOOK_FOR_STOP = 0.02


@dataclass(frozen=True)
class RunningSandbox:
    """Where both vendors listen, and what is behind: to look into, and to throw switches of."""

    base_url: str
    platform: Platform
    cloud: Cloud


class _Silent(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        """Say nothing."""


def _telling_time(cloud: Cloud) -> type[WSGIRequestHandler]:
    """What the cloud answers is dated by its own clock, wherever that was moved."""

    class Dated(_Silent):
        def date_time_string(self, timestamp: float | None = None) -> str:
            of_cloud = self.path.startswith("/openapi/")
            return super().date_time_string(cloud.clock.now().timestamp() if of_cloud else timestamp)

    return Dated


def create_app(platform: Platform, cloud: Cloud) -> Flask:
    """The WSGI app of both vendors. Some mischief needs a real socket, so play it over HTTP, not by a test client."""
    app = Flask("gleaner.sandbox")
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.register_blueprint(sms_routes(platform))
    app.register_blueprint(imou_routes(cloud))
    app.register_blueprint(control_routes(platform, cloud))
    return app


@contextmanager
def running_sandbox(
    port: int = 0,
    host: str = "127.0.0.1",
    devices: Iterable[Device] | None = None,
    pace: Pace | None = None,
    zone: str = "Asia/Shanghai",
    channels: Iterable[Channel] | None = None,
    terms: Terms | None = None,
) -> Iterator[RunningSandbox]:
    """Serve both vendors, fresh, until the block ends; SystemExit when the port is taken.

    Port 0 takes a free one; without devices or channels it plays the default ones. The zone is the platform's, and the
    cloud's unless its terms say otherwise.
    """
    with closing(Platform(devices, pace, zone)) as platform:
        cloud = Cloud(channels, terms or Terms(zone))
        app, handler = create_app(platform, cloud), _telling_time(cloud)
        server = make_server(host, port, app, threaded=True, request_handler=handler)
        thread = threading.Thread(target=server.serve_forever, args=(_LOOK_FOR_STOP,), daemon=True)
        thread.start()
        try:
            yield RunningSandbox(f"http://{host}:{server.server_port}", platform, cloud)
        finally:
            server.shutdown()
            thread.join()
