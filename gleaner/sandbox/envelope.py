"""The envelope of every request to the simulated Imou cloud, and how one that is not sound is refused.

As strict as the development specification: `system` with ver, appId, sign, time and nonce, a non-empty `id`, `params`.
Time and nonce must be fresh within 5 minutes. The texts beside the codes are ours, in the vendor's language.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gleaner.sandbox.accounts import APP_ID, APP_SECRET
from gleaner.sandbox.clock import CloudClock

FRESH_SECONDS = 300
VERSION = "1.0"
_SYSTEM = {"ver": str, "appId": str, "sign": str, "time": int, "nonce": str}
_MESSAGES = {
    "SN1001": "签名错误",
    "SN1002": "签名超时,请检查时间",
    "SN1003": "签名参数错误",
    "SN1004": "appId不合法",
    "SN1005": "nonce重复",
    "TK1002": "token已过期或不存在",
    "OP1002": "缺少参数",
    "OP1003": "参数值不合法",
    "OP1004": "请求体为空",
    "OP1005": "请求地址不合法",
    "OP1008": "appId为空",
    "OP1009": "权限不足",
    "OP1011": "今日接口调用次数已达上限",
    "OP1013": "接口调用次数超限(总)",
    "OP1014": "接口调用次数超限(日)",
    "DV1002": "设备不存在",
    "DV1007": "设备离线",
    "DV1028": "设备未绑定或通道不存在",
    "ST1004": "未开通云存储",
}


class Fault(Exception):
    """The cloud says no: HTTP 200 with a code other than "0"; `detail` is ours, for whoever reads the message."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code = code
        self.message = _MESSAGES.get(code, "操作失败") + (f": {detail}" if detail else "")
        super().__init__(self.message)


@dataclass(frozen=True)
class Envelope:
    """A request whose envelope has the right form; not yet whether it is signed, nor whether its parameters are right."""

    id: str
    app_id: str
    sign: str
    time: int
    nonce: str
    params: Mapping[str, Any]


def read_body(raw: bytes) -> Any:
    """The JSON of a body, or None when it is none."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def read_envelope(media_type: str, body: Any) -> Envelope:
    """The envelope of a request; Fault names the first thing that is wrong with it."""
    if not body or not isinstance(body, dict):
        raise Fault("OP1004", "the body is no JSON object")
    if media_type != "application/json":
        raise Fault("OP1003", "Content-Type is not application/json")
    _only(body, {"system", "id", "params"})
    if not isinstance(body["id"], str) or not body["id"]:
        raise Fault("OP1003", "id is no text")
    if not isinstance(body["params"], dict):
        raise Fault("OP1003", "params is no object")
    system = _system(body["system"])
    return Envelope(
        body["id"], system["appId"], system["sign"], system["time"], system["nonce"], body["params"]
    )


def _system(system: Any) -> dict[str, Any]:
    if not isinstance(system, dict):
        raise Fault("OP1003", "system is no object")
    if not system.get("appId"):
        raise Fault("OP1008")
    _only(system, set(_SYSTEM))
    for name, kind in _SYSTEM.items():
        if type(system[name]) is not kind or system[name] == "":
            raise Fault("SN1003", f"{name} is not {'text' if kind is str else 'a number'}, or is empty")
    if system["ver"] != VERSION:
        raise Fault("OP1003", f"ver is not {VERSION}")
    return system


def _only(given: Mapping[str, Any], names: set[str]) -> None:
    for name in sorted(names - given.keys()):
        raise Fault("OP1002", name)
    for name in sorted(given.keys() - names):
        raise Fault("OP1003", f"unknown field {name}")


def signature(scheme: str, time: int, nonce: str) -> str:
    """The sign of the sandbox's account: "md5", or "hmac-sha256" as the newer overseas pages say."""
    source = f"time:{time},nonce:{nonce},appSecret:{APP_SECRET}".encode()
    if scheme == "md5":
        return hashlib.md5(source, usedforsecurity=False).hexdigest()
    key = hashlib.sha256(APP_SECRET.encode()).hexdigest().encode()
    return base64.b64encode(hmac.digest(key, source, "sha256")).decode()


class Gate:
    """Lets in what is of this account, signed, fresh, and new; remembers every nonce for 5 minutes."""

    def __init__(self, clock: CloudClock, scheme: str) -> None:
        self._clock = clock
        self._scheme = scheme
        self._guard = threading.Lock()
        self._nonces: OrderedDict[str, float] = OrderedDict()

    def admit(self, envelope: Envelope, *, any_time: bool = False) -> None:
        """Fault unless the request may pass. Only a request that is signed uses its nonce up."""
        if envelope.app_id != APP_ID:
            raise Fault("SN1004")
        now = self._clock.now().timestamp()
        if abs(now - envelope.time) > FRESH_SECONDS and not any_time:
            raise Fault("SN1002")
        if not hmac.compare_digest(
            envelope.sign.encode(), signature(self._scheme, envelope.time, envelope.nonce).encode()
        ):
            raise Fault("SN1001")
        self._use_up(envelope.nonce, now)

    def _use_up(self, nonce: str, now: float) -> None:
        with self._guard:
            while self._nonces and now - next(iter(self._nonces.values())) > FRESH_SECONDS:
                self._nonces.popitem(last=False)
            if nonce in self._nonces:
                raise Fault("SN1005")
            self._nonces[nonce] = now
