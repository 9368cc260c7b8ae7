"""A small SMS platform on loopback, written from the vendor's pages alone, and a client that speaks to it."""

import json
import shlex
import sys
import threading
from collections import deque
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from shared.adapters.http import GuardedSession
from shared.adapters.memory import HandClock, MemoryShared
from shared.domain.camera import Camera
from shared.domain.job import Window
from shared.errors import Final, Transient
from shared.sealing import Seal
from shared.settings import Source, read
from shared.signing import Keys
from shared.vendors.base import Toolbox
from shared.vendors.sms import VENDOR
from shared.vendors.sms.settings import SmsSettings

PAYLOADS = Path(__file__).parent.parent / "payloads" / "sms"
SAMPLE = (PAYLOADS / "submit-accepted.json").read_bytes()
STREAM = "download:34020000001110000228:34020000001320000666:1200000079"
CALLBACK = "http://127.0.0.1:8000/callbacks/sms/token"
WINDOW = Window(datetime(2026, 11, 20, 2, 10, tzinfo=UTC), datetime(2026, 11, 20, 2, 40, tzinfo=UTC))
LIST = "/api/iot/device/playback/v1/list"
REQUIRED = {
    "/api/smsload/playback/v1/download": {
        "device_unicode",
        "source_type",
        "channel",
        "start_time",
        "end_time",
    },
    "/api/smsload/playback/v1/queryDownloadProgress": {"stream_id"},
    "/api/smsload/playback/v1/control": {"device_unicode", "channel", "stream_id", "command"},
    LIST: {"device_unicode", "channel", "start_time", "end_time", "type"},
}
HANG_UP = b"hang up"
OPTIONAL = {"platfrom_id", "callback", "range"}


class Platform(ThreadingHTTPServer):
    """Knows the pages: paths, required fields, all values strings. It answers what it was told, else the sample.

    `refused`: values of `linker-sign` that it turns down with 401 whatever else it was told.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.forget()

    def forget(self):
        """As new: it has heard nothing and was told nothing."""
        self.heard = []
        self.answers = deque()
        self.refused = set()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def signs(self):
        """The values of `linker-sign` that came, in their order."""
        return [headers["linker-sign"] for _, _, headers in self.heard]

    def will_say(self, body, status=200):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers.append((status, raw))


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.heard.append((self.path, body, self.headers))
        status, raw = self.answer(body)
        if raw is HANG_UP:
            return
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def answer(self, body):
        if self.headers["linker-sign"] in self.server.refused:
            return 401, b""
        return self.server.answers.popleft() if self.server.answers else self.first_impression(body)

    def first_impression(self, body):
        required = REQUIRED.get(self.path)
        if required is None:
            return 404, b"404 page not found"
        inner = body.get("content", {})
        fields = {name: value for name, value in (body | inner).items() if value is not inner}
        good = required <= fields.keys() <= required | OPTIONAL and all(
            isinstance(v, str) for v in fields.values()
        )
        return (
            (200, SAMPLE)
            if good and self.headers["Content-Type"] == "application/json"
            else (400, b"bad request")
        )

    def log_message(self, *args):
        """Quiet."""


class Hasty:
    """Remembers how long it was allowed to wait; says no more than the sample, or what is put into `says`."""

    def __init__(self, *says):
        self.timeouts = []
        self.says = deque(says)

    def post_json(self, url, body, headers, timeout):
        self.timeouts.append(timeout)
        return self.says.popleft() if self.says else (200, SAMPLE)


@contextmanager
def running_platform():
    with Platform() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def client(base_url, http=None, memory=None, **environ):
    settings = read(SmsSettings, Source({"SMS_BASE_URL": base_url, **environ}, {}, Path()))
    clock = HandClock()
    toolbox = Toolbox(
        http or GuardedSession(), memory or MemoryShared(clock), Seal(Keys(("a secret key",))), clock.now
    )
    return VENDOR.playback(settings, toolbox)


def camera(**section):
    given = {"device_unicode": "34020000001110000228", "channel": "34020000001320000666", **section}
    return Camera("front-door", sections={"sms": VENDOR.section(given)})


def submit(platform, **environ):
    return client(platform.url, **environ).submit(camera(), WINDOW, CALLBACK)


def refusal_of(act):
    with pytest.raises((Transient, Final)) as caught:
        act()
    return caught.value


def python(code):
    """A command for SMS_LINKER_SIGN that runs some Python."""
    return f"command:{shlex.join([sys.executable, '-c', code])}"


def counting(path, seconds=0.0):
    """A command for SMS_LINKER_SIGN that prints sign-1, sign-2 and so on, counting in a file, and takes its time."""
    path.touch()
    count = f"import pathlib,time;p=pathlib.Path({str(path)!r});n=len(p.read_text())+1;p.write_text('x'*n)"
    return python(f"{count};time.sleep({seconds});print(f'sign-{{n}}')")
