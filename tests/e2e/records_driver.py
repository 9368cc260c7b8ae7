"""A cloud of condensed records (智见录像) written from the vendor's pages alone, by somebody who knows nothing of us.

It gives out access tokens, lists records page by page, and serves their pictures. It judges every request by the pages
and notes each fault; what it answers is as odd as its habits say, and never a lie: whoever asks long enough gets all.
"""

import hashlib
import json
import re
import struct
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
PACKAGES = ("aiCloudRecord", "aiInsight")
SKEW = 300  # seconds
TIME = "%Y-%m-%d %H:%M:%S"
ENVELOPE = {"ver": str, "appId": str, "sign": str, "time": int, "nonce": str}
ASKED = {
    "token": str,
    "deviceId": str,
    "channelId": str,
    "beginTime": str,
    "endTime": str,
    "packageType": str,
    "recordId": str,
    "count": int,
}
LIFE = timedelta(days=30)
VIDEO = (resources.files("gleaner.sandbox") / "footage" / "scene1.mp4").read_bytes()
VIDEO_SECONDS = 4


class Refused(Exception):
    """The vendor's no; its text is the code."""


@dataclass
class Habits:
    """How one device's records are listed: `cap` rows at most, whatever is asked for; `dead`: it is nobody's any more."""

    cap: int = 100
    inclusive: bool = False
    duplicates: bool = False
    dead: bool = False


@dataclass
class Chapter:
    """An hour of a record; a chapter's end of life is counted from its birth."""

    time_point: str
    tag: str
    summary: str
    seconds: int
    born: datetime


@dataclass
class Record:
    """One record as it truly is. `name` is the path of its picture."""

    id: int
    device: str
    package: str
    created: datetime
    tag: str
    picture: bytes
    name: str
    chapters: tuple[Chapter, ...] = ()

    @property
    def seconds(self) -> int:
        """How long it lasts: its chapters, one after the other."""
        return sum(chapter.seconds for chapter in self.chapters) or 15

    @property
    def sha256(self) -> str:
        """Of its picture."""
        return hashlib.sha256(self.picture).hexdigest()


@dataclass
class Mischief:
    """What befalls the whole account, as long as it is set: `garbled` is every how many-th answer that is no JSON."""

    token_calls: int = 10**9
    garbled: int = 10**9
    delay: float = 0.0
    broken: bool = (
        False  # every page of a listing has a row more, which cannot be read and is full of secrets
    )


@dataclass
class Driver:
    """What it knows, what it was asked, and what was wrong with that."""

    app_id: str = "lc0driver"
    app_secret: str = field(default_factory=lambda: f"SECRET{uuid.uuid4().hex}")
    base_url: str = ""
    mischief: Mischief = field(default_factory=Mischief)
    devices: dict[str, Habits] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    nonces: Counter[str] = field(default_factory=Counter)
    ids: Counter[str] = field(default_factory=Counter)
    shown: Counter[str] = field(default_factory=Counter)
    secrets: set[str] = field(default_factory=set)
    signatures: dict[str, str] = field(default_factory=dict)
    keys: dict[tuple[str, str], Record] = field(default_factory=dict)
    filmed: Counter[int] = field(default_factory=Counter)
    token: str = ""
    token_used: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.secrets.add(self.app_secret)

    def record(self, device: str, package: str, created: datetime, tag: str, *chapters: Chapter) -> Record:
        """A new record of a device, with a picture of its own."""
        number = 3_304_819 + 7 * len(self.records)
        name = f"/pictures/{package}/{number}.jpg"
        made = Record(number, device, package, created, tag, jpeg(f"{device} {number}"), name, chapters)
        self.records.append(made)
        return made

    def grow(self, record: Record, *chapters: Chapter) -> None:
        """More of a day: the same record, longer, larger, changed."""
        with self.lock:
            record.chapters += chapters

    def answer(self, path: str, content_type: str, raw: bytes) -> tuple[int, str, bytes, int]:
        """One call: the status, type and bytes of its answer, and how many bytes it promises."""
        time.sleep(self.mischief.delay)
        with self.lock:
            said = self._said(path, content_type, raw)
            garbled = len(self.calls) % self.mischief.garbled == 0
            return self._garbled(said) if garbled else (200, "application/json", said, len(said))

    def show(self, address: str) -> bytes | None:
        """A picture behind the address that a listing gave, signature included."""
        parts = urlsplit(address)
        with self.lock:
            signature = parse_qs(parts.query).get("Signature", [""])[0]
            if self.signatures.get(signature) != parts.path:
                self.faults.append(f"picture {parts.path} asked for with a signature that was never given")
                return None
            self.shown[parts.path] += 1
            return next(record.picture for record in self.records if record.name == parts.path)

    def film(self, address: str) -> bytes | None:
        """The video behind a path and the token that came with it. How the vendor gives videos out, no page says: this is ours."""
        asked = parse_qs(urlsplit(address).query)
        key = (asked.get("path", [""])[0], asked.get("token", [""])[0])
        with self.lock:
            record = self.keys.get(key)
            if record is None:
                self.faults.append("a video asked for with keys that were never given")
                return None
            self.filmed[record.id] += 1
        return VIDEO

    def _said(self, path: str, content_type: str, raw: bytes) -> bytes:
        method, call_id, data = path.removeprefix("/openapi/"), "", None
        try:
            body = json.loads(raw)
            call_id = body.get("id", "")
            params = body["params"]
            self.calls.append((method, params))
            self._judge_envelope(body, content_type)
            data = self._serve(path, params)
            code = "0"
        except Refused as no:
            code = str(no)
        except Exception as error:  # noqa: BLE001 - whatever we cannot read was not as the pages say
            self.faults.append(f"{method}: {error!r}")
            code = "OP1003"
        self.codes[code] += 1
        result = {"code": code, "msg": "操作成功" if code == "0" else "操作失败"}
        result |= {} if data is None else {"data": data}
        return json.dumps({"id": call_id, "result": result}, ensure_ascii=False).encode()

    def _fault(self, code: str, sentence: str) -> Refused:
        self.faults.append(f"{code}: {sentence}")
        return Refused(code)

    def _judge_envelope(self, body: dict[str, Any], content_type: str) -> None:
        system = body["system"]
        self.secrets.add(str(system["sign"]))
        self.nonces[system["nonce"]] += 1
        self.ids[body["id"]] += 1
        if set(body) != {"system", "id", "params"} or not content_type.startswith("application/json"):
            raise self._fault("OP1002", f"envelope {sorted(body)} as {content_type}")
        if {name: type(value) for name, value in system.items()} != ENVELOPE or system["ver"] != "1.0":
            raise self._fault("OP1003", f"system {sorted(system)}")
        if system["appId"] != self.app_id:
            raise self._fault("SN1004", "appId")
        if abs(time.time() - system["time"]) > SKEW:
            raise self._fault("SN1002", f"time {system['time']}")
        if self.nonces[system["nonce"]] > 1 or not system["nonce"]:
            raise self._fault("SN1005", "nonce repeated")
        if self.ids[body["id"]] > 1 or not isinstance(body["id"], str) or not body["id"]:
            raise self._fault("OP1003", "id repeated")
        source = f"time:{system['time']},nonce:{system['nonce']},appSecret:{self.app_secret}"
        if system["sign"] != hashlib.md5(source.encode()).hexdigest():
            raise self._fault("SN1001", "sign")

    def _serve(self, path: str, params: dict[str, Any]) -> dict[str, Any]:
        if path == "/openapi/accessToken":
            return self._give_token(params)
        if path == "/openapi/getCondensedRecords":
            return self._list(params)
        if path == "/openapi/listDeviceDetailsByPage":
            return self._tell_devices(params)
        if path == "/openapi/queryCondensedRecordBitmap":
            raise Refused(
                "OP1005"
            )  # no fault to ask for it; the page does not name it, so this cloud lacks it
        raise self._fault("OP1005", path)

    def _give_token(self, params: dict[str, Any]) -> dict[str, Any]:
        """The same token as long as it lives."""
        if params:
            raise self._fault("OP1003", f"accessToken with {sorted(params)}")
        if not self.token or self.token_used >= self.mischief.token_calls:
            self.token, self.token_used = f"At_{uuid.uuid4().hex}", 0
            self.secrets.add(self.token)
        return {"accessToken": self.token, "expireTime": 259176}

    def _tell_devices(self, params: dict[str, Any]) -> dict[str, Any]:
        """All of the account's devices on one page, each with a key for players of its own."""
        if params["token"] != self.token:
            raise Refused("TK1002")
        told = []
        for name in self.devices if params["page"] == 1 else ():
            play_token = f"playToken{uuid.uuid4().hex}"
            self.secrets.add(play_token)
            channel = {"channelId": "0", "channelName": name.lower(), "channelStatus": "online"}
            told.append(
                {"deviceId": name, "playToken": play_token, "channelNum": 1, "channelList": [channel]}
            )
        return {"count": len(told), "deviceList": told}

    def _list(self, params: dict[str, Any]) -> dict[str, Any]:
        begin, end = self._judge_question(params)
        if params["token"] != self.token or self.token_used >= self.mischief.token_calls:
            if params["token"] not in self.secrets:
                self.faults.append("a token that was never given")
            raise Refused("TK1002")
        self.token_used += 1
        habits = self.devices.get(params["deviceId"])
        if habits is None or params["channelId"] != "0":
            raise self._fault("DV1002", f"device {params['deviceId']}")
        if habits.dead:
            raise Refused("DV1028")
        of = [each for each in self.records if each.device == params["deviceId"]]
        of = [each for each in of if each.package == params["packageType"] and begin <= each.created <= end]
        page = self._page(sorted(of, key=lambda each: each.created), params, habits)
        rows = [self._row(each) for each in page]
        broken = [self._broken(row) for row in rows[:1]] if self.mischief.broken else []
        return {"records": broken + rows}

    def _broken(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row of which nobody can say when it was made; its secrets are its own, one of them deep inside."""
        fresh = {
            name: f"{name}{uuid.uuid4().hex}" for name in ("ak", "fileToken", "userId", "playToken", "token")
        }
        self.secrets |= {*fresh.values()}
        deep = {"playToken": fresh.pop("playToken"), "token": fresh.pop("token")}
        return row | fresh | {"recordId": None, "createTime": "yesterday", "player": deep}

    def _judge_question(self, params: dict[str, Any]) -> tuple[datetime, datetime]:
        if {name: type(value) for name, value in params.items()} != ASKED:
            raise self._fault("OP1003", f"{ {name: type(value).__name__ for name, value in params.items()} }")
        if params["packageType"] not in PACKAGES or params["count"] < 1:
            raise self._fault("OP1003", f"{params['packageType']}, {params['count']}")
        for name in ("beginTime", "endTime"):
            if not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", params[name]):
                raise self._fault("OP1003", f"{name} {params[name]}")
        begin, end = (
            datetime.strptime(params[name], TIME).replace(tzinfo=ZONE) for name in ("beginTime", "endTime")
        )
        if begin > end:
            raise self._fault("OP1003", "begins after its end")
        return begin, end

    def _page(self, rows: list[Record], params: dict[str, Any], habits: Habits) -> list[Record]:
        """From the cursor on; a doubled row comes again behind the others, out of its order."""
        first = 0
        if params["recordId"] != "-1":
            known = [str(row.id) for row in rows]
            if params["recordId"] not in known:
                raise self._fault("OP1003", f"recordId {params['recordId']} is of no page of this listing")
            first = known.index(params["recordId"]) + (not habits.inclusive)
        page = rows[first : first + min(habits.cap, params["count"])]
        return page + page[:1] if habits.duplicates else page

    def _row(self, record: Record) -> dict[str, Any]:
        """A record as the sample has it, with keys that are new in each answer, and of either type where page and sample differ."""
        fresh = {
            name: f"{name}{uuid.uuid4().hex}"
            for name in ("ak", "fileToken", "userId", "recordPath", "signed")
        }
        self.secrets |= {fresh["ak"], fresh["fileToken"], fresh["userId"]}
        self.signatures[fresh["signed"]] = record.name
        self.keys[fresh["recordPath"], fresh["fileToken"]] = record
        as_text = record.id % 2 == 0
        row: dict[str, Any] = {
            "recordId": str(record.id) if as_text else record.id,
            "deviceId": record.device,
            "channelId": "0",
            "encryptMode": "0" if as_text else 0,
            "channelName": "门店摄像头1",
            "createTime": record.created.strftime("%Y%m%dT%H%M%S"),
            "size": 10_000 * record.seconds,
            "length": record.seconds,
            "thumbUrl": f"{self.base_url}{record.name}?Expires={int(time.time()) + 7200}&Signature={fresh['signed']}",
            "type": record.tag,
            "recordPath": fresh["recordPath"],
            "recordRegionId": "cn|hz|2|0",
            "region": "1",
            "expireTime": "" if as_text else _ms(record.created + LIFE),
            "streamAddr": self.base_url,
            "userId": fresh["userId"],
            "ak": fresh["ak"],
            "fileToken": fresh["fileToken"],
            "businessType": "712",
            "method": 0 if as_text else "1",
        }
        chapters = [_chapter(chapter, as_text) for chapter in record.chapters]
        return row | ({"mp4Videos": chapters} if chapters or as_text else {})

    def _garbled(self, said: bytes) -> tuple[int, str, bytes, int]:
        """Not JSON, in five ways by turns."""
        page, half = b"<html><body>Bad Gateway</body></html>", said[: len(said) // 2]
        ways = (
            (200, "text/html", page, len(page)),
            (502, "text/html", page, len(page)),
            (200, "application/json", b"", 0),
            (200, "application/json", half, len(half)),
            (200, "application/json", half, len(said)),
        )
        return ways[len(self.calls) // self.mischief.garbled % len(ways)]


def _ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


def _chapter(chapter: Chapter, as_text: bool) -> dict[str, Any]:
    born = _ms(chapter.born)
    return {
        "duration": str(chapter.seconds) if as_text else chapter.seconds,
        "summary": chapter.summary,
        "expireTime": born + int(LIFE.total_seconds() * 1000),
        "createTime": born,
        "timePoint": chapter.time_point,
        "updateTime": str(born) if as_text else born,
        "tags": chapter.tag if as_text else [chapter.tag],
    }


def jpeg(comment: str) -> bytes:
    """A whole baseline JPEG (ITU T.81): eight by eight grey pixels, and a comment that makes it one of its kind."""

    def segment(marker: int, content: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content

    one_code = b"\x01" + bytes(15) + b"\x00"  # one code, of one bit, for the symbol 0
    parts = [
        b"\xff\xd8",
        segment(0xFE, comment.encode()),
        segment(0xDB, b"\x00" + b"\x01" * 64),
        segment(0xC0, struct.pack(">BHHB3B", 8, 8, 8, 1, 1, 0x11, 0)),
        segment(0xC4, b"\x00" + one_code),
        segment(0xC4, b"\x10" + one_code),
        segment(0xDA, b"\x01\x01\x00\x00\x3f\x00"),
        b"\x3f\xff\xd9",
    ]
    return b"".join(parts)


@contextmanager
def records_driver(port: int) -> Iterator[Driver]:
    """Serve a driver on loopback until the block ends."""
    driver = Driver(base_url=f"http://127.0.0.1:{port}")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            self.give(*driver.answer(self.path, self.headers["Content-Type"] or "", raw))

        def do_GET(self) -> None:
            video = self.path.startswith("/videos")
            found = driver.film(self.path) if video else driver.show(self.path)
            content = found or b""
            self.give(200 if found else 403, "video/mp4" if video else "image/jpeg", content, len(content))

        def give(self, status: int, content_type: str, content: bytes, promised: int) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(promised))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 64

        def handle_error(self, *_: Any) -> None:
            """A worker that was killed leaves its connection broken."""

    server = Server(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield driver
    finally:
        server.shutdown()
        server.server_close()
