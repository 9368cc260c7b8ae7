"""A small Imou cloud on loopback, written from the vendor's pages, and a client that speaks to it."""

import hashlib
import json
import threading
from collections import Counter, deque
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from shared.adapters.http import GuardedSession
from shared.adapters.memory import HandClock, MemoryShared
from shared.domain.camera import Camera
from shared.sealing import Seal
from shared.settings import Source, read
from shared.signing import Keys
from shared.vendors.base import Toolbox
from shared.vendors.imou import VENDOR
from shared.vendors.imou.settings import ImouSettings

APP_ID = "lc0123456789abcdef"
APP_SECRET = "APPSECRET-f00dfeedf00dfeedf00dfeed"
DAY = date(2026, 11, 20)
PARAMS = {
    "token": str,
    "deviceId": str,
    "channelId": str,
    "beginTime": str,
    "endTime": str,
    "packageType": str,
    "recordId": str,
    "count": int,
}
HANG_UP = object()


class Cloud(ThreadingHTTPServer):
    """Holds `rows` of one camera and one day, in their order, and answers by the pages unless told otherwise.

    `cap`: rows of a page at most. `inclusive`: the cursor's own row comes again. `doubled`: so do the last row of the page
    before, and the first of a page. `mortal`: each token is good for so many calls.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.clock = HandClock()
        self.lock = threading.RLock()
        self.most_count = 100
        self.rows, self.cap, self.inclusive, self.doubled, self.descending = [], 100, False, False, False
        self.mortal, self.expire, self.domain, self.gate = None, 259176, None, None
        self.answers = deque()
        self.codes = {}
        self.heard = []
        self.calls, self.nonces, self.uses = Counter(), Counter(), Counter()
        self.tokens = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def cursors(self):
        return [body["params"]["recordId"] for method, body in self.heard if method == "getCondensedRecords"]

    def will_say(self, *answers):
        """An envelope's code, a status and bytes, or HANG_UP; each for one call, whatever it is."""
        self.answers.extend(answers)

    def answer(self, path, body):
        method = path.removeprefix("/openapi/")
        with self.lock:
            self.heard.append((method, body))
            self.calls[method] += 1
            told = self.answers.popleft() if self.answers else None
            if told is HANG_UP or isinstance(told, tuple):
                return told
            code, data = (told, None) if told else self.judge(method, body)
        result = {"code": code, "msg": f"msg of {code}"} | ({} if data is None else {"data": data})
        return 200, json.dumps({"id": body["id"], "result": result}).encode()

    def judge(self, method, body):
        system, params = body["system"], body["params"]
        source = f"time:{system['time']},nonce:{system['nonce']},appSecret:{APP_SECRET}"
        self.nonces[system["nonce"]] += 1
        refusal = self.refusal(system, hashlib.md5(source.encode()).hexdigest(), body["id"])
        return (refusal, None) if refusal else self.served(method, params)

    def refusal(self, system, sign, echo):
        if system["sign"] != sign:
            return "SN1001"
        if type(system["time"]) is not int or abs(system["time"] - self.clock.at.timestamp()) > 300:
            return "SN1002"
        if self.nonces[system["nonce"]] > 1:
            return "SN1005"
        if system["appId"] != APP_ID or system["ver"] != "1.0" or not echo:
            return "SN1004"
        return None

    def served(self, method, params):
        if method == "accessToken":
            return "0", self.new_token() if params == {} else None
        if method != "getCondensedRecords":
            return "OP1007", None
        if params.keys() != PARAMS.keys() or any(
            type(params[name]) is not kind for name, kind in PARAMS.items()
        ):
            return "OP1002", None
        return self.listed(params)

    def new_token(self):
        self.tokens.append(f"At_{len(self.tokens):04}SECRETSECRET")
        said = {"accessToken": self.tokens[-1], "expireTime": self.expire}
        return said | ({"currentDomain": self.domain} if self.domain else {})

    def listed(self, params):
        token = params["token"]
        self.uses[token] += 1
        if token != self.tokens[-1] or (self.mortal and self.uses[token] > self.mortal):
            return "TK1002", None
        if code := self.codes.get(params["deviceId"]):
            return code, None
        if params["count"] > self.most_count:
            return "OP1003", None
        return "0", {"records": self.page(params["recordId"], min(self.cap, params["count"]))}

    def page(self, cursor, count):
        ids = [str(row["recordId"]) for row in self.rows]
        at = -1 if cursor == "-1" else ids.index(cursor)
        first = at + (0 if self.inclusive and at >= 0 else 1)
        page = self.rows[first : first + count]
        if self.doubled and page:
            page = [*self.rows[max(first - 1, 0) : first], *page, page[0]]
        return page[::-1] if self.descending else page


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.gate:
            self.server.gate(self.path)
        answer = self.server.answer(self.path, body)
        if answer is HANG_UP:
            return
        status, raw = answer
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *args):
        """Quiet."""


@contextmanager
def running_cloud():
    with Cloud() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def toolbox(clock, http=None):
    return Toolbox(http or GuardedSession(), MemoryShared(clock), Seal(Keys(("a secret key",))), clock.now)


def settings(url, **environ):
    own = {"IMOU_BASE_URL": url, "IMOU_APP_ID": APP_ID, "IMOU_APP_SECRET": APP_SECRET}
    return read(ImouSettings, Source(own | environ, {}, Path()))


def client(cloud, tools=None, **environ):
    return VENDOR.records(settings(cloud.url, **environ), tools or toolbox(cloud.clock), (0, 0))


def camera(device="CAM1", **section):
    return Camera("front-door", sections={"imou": VENDOR.section({"device": device, **section})})


def row(number, hour=None, **changes):
    """An event of DAY, an hour and its minutes after midnight by its number."""
    minutes = number if hour is None else hour * 60
    created = f"20261120T{minutes // 60 % 24:02}{minutes % 60:02}00"
    return {"recordId": str(1000 + number), "createTime": created, "type": "人"} | changes


def listed(source, package="aiInsight", device="CAM1", day=DAY):
    """All records of all pages."""
    return [each.record for page in source.listing(camera(device), package, day) for each in page.records]


def ids(source, **which):
    return [record.vendor_id for record in listed(source, **which)]
