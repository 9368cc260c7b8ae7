"""What the cloud's codes mean: the vendor's global table of return codes, and what each asks of us.

The table is the one of open.imou.com/document/pages/254965, as public clients transcribed it; which class a code belongs to
is our reading, and so is what a class does. A code that is not in it is a fault of this call alone, shown as it came.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from shared.errors import Final, GleanerError, Transient, Whose
from shared.vendors.imou.quota import next_day, next_month
from shared.vendors.reading import plain

DETAIL_LENGTH = 200
_TOKEN = re.compile(r"\bAt_\w+")
CLOCK = "SN1002"
ILLEGAL_VALUE = "OP1003"
REMEDY = "check IMOU_APP_ID, IMOU_APP_SECRET, IMOU_SIGN and IMOU_BASE_URL"


class Kind(StrEnum):
    """What a code asks of us."""

    OK = "ok"
    TOKEN = "token"  # noqa: S105 - a word: another token, once
    AGAIN = "again"  # a new envelope, a few times
    CONFIG = "config"  # nothing goes through until somebody sets it right
    REQUEST = "request"  # we have asked wrongly
    DAY_SPENT = "day-spent"
    MONTH_SPENT = "month-spent"
    FLOW_SPENT = "flow-spent"
    NO_DATA = "no-data"
    CAMERA = "camera"  # this camera cannot be listed as it is
    CAMERA_OFFLINE = "camera-offline"
    CAMERA_BUSY = "camera-busy"
    SERVER = "server"  # it may work another time
    UNKNOWN = "unknown"


TABLE: Mapping[str, tuple[Kind, str]] = {
    "0": (Kind.OK, "done"),
    "TK1002": (Kind.TOKEN, "the token has expired or does not exist"),
    "TK1003": (Kind.TOKEN, "illegal token"),
    "SUB1005": (Kind.TOKEN, "the sub-account's token has expired"),
    "SN1005": (Kind.AGAIN, "the nonce was used before"),
    CLOCK: (Kind.AGAIN, "the signature has timed out"),
    "SN1001": (Kind.CONFIG, "wrong signature"),
    "SN1003": (Kind.CONFIG, "wrong signature parameter"),
    "SN1004": (Kind.CONFIG, "illegal appId"),
    "OP1008": (Kind.CONFIG, "the appId is empty"),
    "OP1010": (Kind.CONFIG, "the application is frozen"),
    "OP1012": (Kind.CONFIG, "the application has no right to this interface"),
    "OP1005": (Kind.CONFIG, "wrong address, method or host"),
    "OP1007": (Kind.CONFIG, "no such method"),
    "OP1002": (Kind.REQUEST, "a parameter is missing"),
    ILLEGAL_VALUE: (Kind.REQUEST, "a parameter's value is illegal"),
    "OP1004": (Kind.REQUEST, "the body is empty"),
    "OP1011": (Kind.DAY_SPENT, "the day's calls are used up"),
    "OP1014": (Kind.DAY_SPENT, "too many calls for a day"),
    "OP1016": (Kind.DAY_SPENT, "the limit of calls for devices is reached"),
    "OP1013": (Kind.MONTH_SPENT, "the calls of the account are used up in all"),
    "FL1001": (Kind.FLOW_SPENT, "no accesses are left"),
    "FL1002": (Kind.FLOW_SPENT, "no bandwidth is available"),
    "FL1003": (Kind.FLOW_SPENT, "the bandwidth is over its limit"),
    "FL1004": (Kind.FLOW_SPENT, "no flow is left"),
    "FL1005": (Kind.FLOW_SPENT, "neither bandwidth nor flow is left"),
    "OP1019": (Kind.NO_DATA, "nothing was recorded in this time"),
    "RC1001": (Kind.NO_DATA, "there is no such cloud record"),
    "OP1009": (Kind.CAMERA, "the application may not see this device"),
    "OP1015": (Kind.CAMERA, "the device is not bound through the open platform"),
    "DV1002": (Kind.CAMERA, "there is no such device"),
    "DV1011": (Kind.CAMERA, "the device was not added"),
    "DV1012": (Kind.CAMERA, "the device is only shared"),
    "DV1019": (Kind.CAMERA, "the device cannot do this"),
    "DV1026": (Kind.CAMERA, "the device does not support this"),
    "DV1028": (Kind.CAMERA, "the device is not bound, or has no such channel"),
    "SUB1000": (Kind.CAMERA, "the sub-account is refused"),
    "SUB1001": (Kind.CAMERA, "the sub-account is refused"),
    "SUB1002": (Kind.CAMERA, "the sub-account is refused"),
    "SUB1006": (Kind.CAMERA, "the sub-account is refused"),
    "SUB1008": (Kind.CAMERA, "the sub-account is refused"),
    "ST1004": (Kind.CAMERA, "cloud storage was not opened"),
    "ST1005": (Kind.CAMERA, "cloud storage has expired"),
    "ST1006": (Kind.CAMERA, "there is no such cloud storage"),
    "DV1007": (Kind.CAMERA_OFFLINE, "the device is offline"),
    "DV1020": (Kind.CAMERA_OFFLINE, "the channel is offline"),
    "DV1021": (Kind.CAMERA_OFFLINE, "the device is in an abnormal state"),
    "DV1030": (Kind.CAMERA_OFFLINE, "the device sleeps"),
    "DV1009": (Kind.CAMERA_BUSY, "the device is busy"),
    "DV1010": (Kind.CAMERA_BUSY, "the device was asked too often"),
    "OP1001": (Kind.SERVER, "the operation failed"),
    "OP1006": (Kind.SERVER, "a fault inside the cloud"),
    "OP1021": (Kind.SERVER, "no playing address could be made"),
    "OP1023": (Kind.SERVER, "the player's token has expired"),
}


def kind_of(code: str) -> Kind:
    """The class of a code."""
    return TABLE.get(code, (Kind.UNKNOWN, ""))[0]


def failure(
    code: str, message: str, now: datetime, zone: ZoneInfo, secrets: Iterable[str] = ()
) -> GleanerError:
    """The error for a code that is no yes. The detail holds no address, no control character and no secret."""
    kind, meaning = TABLE.get(code, (Kind.UNKNOWN, ""))
    said = ": ".join(filter(None, (_shown(code, secrets)[:32], meaning, _shown(message, secrets))))
    if code == CLOCK:
        said = f"{CLOCK}: check the clock of this machine, which the cloud's differs from by over 5 minutes"
    if kind in (Kind.CONFIG, Kind.TOKEN):
        said = f"{REMEDY}: {said}"
    return _ERRORS[Kind.CONFIG if code == CLOCK else kind](said[:DETAIL_LENGTH], now, zone)


def _shown(text: str, secrets: Iterable[str]) -> str:
    """Text of the cloud's, without what every access token begins with, too."""
    return plain(_TOKEN.sub("<secret>", text), secrets)


def _auth(detail: str, *_: object) -> GleanerError:
    return Transient("vendor-auth", detail, whose=Whose.VENDOR)


def _error(detail: str, *_: object) -> GleanerError:
    return Transient("vendor-error", detail, answered=True)


def _flow(detail: str, *_: object) -> GleanerError:
    return Transient("vendor-quota", detail, answered=True)


def _day(detail: str, now: datetime, zone: ZoneInfo) -> GleanerError:
    until = next_day(now, zone)
    return Transient("vendor-quota", detail, whose=Whose.VENDOR, answered=True, until=until)


def _month(detail: str, now: datetime, zone: ZoneInfo) -> GleanerError:
    until = next_month(now, zone)
    return Transient("vendor-quota", detail, whose=Whose.VENDOR, answered=True, until=until)


def _camera(detail: str, *_: object) -> GleanerError:
    return Final("camera-refused", detail)


def _offline(detail: str, *_: object) -> GleanerError:
    return Transient("device-offline", detail, whose=Whose.CAMERA, answered=True)


def _busy(detail: str, *_: object) -> GleanerError:
    return Transient("device-busy", detail, whose=Whose.CAMERA, answered=True)


def _request(detail: str, *_: object) -> GleanerError:
    return Final("vendor-refused", detail)


_ERRORS: Mapping[Kind, Callable[[str, datetime, ZoneInfo], GleanerError]] = {
    **dict.fromkeys(Kind, _error),
    Kind.CONFIG: _auth,
    Kind.TOKEN: _auth,
    Kind.REQUEST: _request,
    Kind.DAY_SPENT: _day,
    Kind.MONTH_SPENT: _month,
    Kind.FLOW_SPENT: _flow,
    Kind.CAMERA: _camera,
    Kind.CAMERA_OFFLINE: _offline,
    Kind.CAMERA_BUSY: _busy,
}
