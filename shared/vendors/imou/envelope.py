"""One question to the cloud: the envelope around it, new for every attempt, and the answer's envelope, read with suspicion.

Fields, types and limits are those of the vendor's development page (open.imou.com/document/pages/c20750): a time that is off
by 5 minutes or a nonce that was used before is refused, so a request is never sent twice as it was. Business errors come
with HTTP 200; anything else is trouble on the way.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from shared.errors import Transient, Whose
from shared.vendors.base import Toolbox
from shared.vendors.imou.codes import REMEDY, Kind, kind_of
from shared.vendors.imou.quota import Meter
from shared.vendors.imou.settings import ImouSettings, lacks
from shared.vendors.imou.signing import sign
from shared.vendors.imou.skew import SkewWatch

TOKEN_METHOD = "accessToken"  # noqa: S105 - a method's name
SECONDS = 30.0  # the patience of the vendor's own client
ATTEMPTS = 3
MESSAGE_LENGTH = 1000
CODE_LENGTH = 64
AUTH_STATUS = frozenset({401, 403})
AWAY_STATUS = frozenset({429, 502, 503})
ABSENT_STATUS = frozenset({404, 405})


@dataclass(frozen=True, slots=True)
class Answer:
    """What the cloud said. `data` may hold secrets, so it is not shown."""

    code: str
    message: str
    data: Mapping[str, object] = field(repr=False, default_factory=dict)

    @property
    def kind(self) -> Kind:
        """What its code asks of us."""
        return kind_of(self.code)


class Wire:
    """The way to the cloud. Every attempt is counted before it goes out."""

    def __init__(self, settings: ImouSettings, toolbox: Toolbox, meter: Meter) -> None:
        self._settings = settings
        self._http = toolbox.http
        self._now = toolbox.now
        self._meter = meter
        self._skew = SkewWatch(toolbox.memory, settings.account, toolbox.now)

    def ask(self, base: str, method: str, params: Mapping[str, object]) -> Answer:
        """The answer to a method, whatever its code; one about the envelope has a new one sent, twice at most."""
        for _ in range(ATTEMPTS - 1):
            answer = self._once(base, method, params)
            if answer.kind != Kind.AGAIN:
                return answer
        return self._once(base, method, params)

    def _once(self, base: str, method: str, params: Mapping[str, object]) -> Answer:
        if missing := lacks(self._settings):
            raise Transient("vendor-auth", f"{missing} is not set", whose=Whose.VENDOR, asked=False)
        self._meter.count(reserved=method == TOKEN_METHOD)
        url = f"{base}/openapi/{method}"
        wrapped = self._wrapped(params)
        return read_answer(*self._http.post_json(url, wrapped, {}, SECONDS, dated=self._skew.heard))

    def _wrapped(self, params: Mapping[str, object]) -> dict[str, object]:
        own, nonce, now = self._settings, uuid4().hex, int(self._now().timestamp())
        signature = sign(own.sign, now, nonce, own.app_secret)
        system = {"ver": "1.0", "appId": own.app_id, "sign": signature, "time": now, "nonce": nonce}
        return {"system": system, "id": str(uuid4()), "params": params}


def read_answer(status: int, body: bytes) -> Answer:
    """The envelope {result: {code, msg, data}}, whatever its content type. Transient when it is none."""
    if status != 200:
        raise _on_the_way(status)
    try:
        envelope = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise unreadable("not JSON") from None
    result = envelope.get("result") if isinstance(envelope, dict) else None
    code = result.get("code") if isinstance(result, dict) else None
    if not isinstance(result, dict) or isinstance(code, bool) or not isinstance(code, str | int):
        raise unreadable("without a code")
    data, message = result.get("data"), result.get("msg")
    return Answer(
        str(code)[:CODE_LENGTH].strip(),
        message[:MESSAGE_LENGTH] if isinstance(message, str) else "",
        data if isinstance(data, dict) else {},
    )


def unreadable(what: str) -> Transient:
    """The error for an answer that cannot be read: this call's trouble, as others may still be answered well."""
    return Transient("vendor-unreadable", f"the answer was {what}")


def _on_the_way(status: int) -> Transient:
    detail = f"HTTP {status}"
    if status in AUTH_STATUS:
        return Transient("vendor-auth", f"{REMEDY}: {detail}", whose=Whose.VENDOR)
    if status in AWAY_STATUS:
        return Transient("vendor-away", detail, whose=Whose.VENDOR)
    if 300 <= status < 400 or status in ABSENT_STATUS:
        return Transient("vendor-error", f"check IMOU_BASE_URL: {detail}", whose=Whose.VENDOR)
    return Transient("vendor-error", detail)
