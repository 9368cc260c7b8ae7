"""What a request to the simulated platform must look like, and how one that does not is refused.

As strict as the vendor's pages: JSON objects only, every field of its type, no field that a page does not name. The codes
are ours: the vendor's own table is not public. They begin with 99 and borrow their last digits from SIP and HTTP.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from gleaner.sandbox.switchboard import part_of

GB28181 = "3"
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")


class Code(StrEnum):
    """How the simulated platform says no; never a code of the real one."""

    MALFORMED = "990400"
    UNSIGNED = "990401"
    UNKNOWN_DEVICE = "990404"
    OFFLINE = "990480"
    STREAM_GONE = "990481"
    BUSY = "990486"
    FAILED = "990500"
    NOT_SIMULATED = "990501"
    NO_RECORDING = "990604"


class Refusal(Exception):
    """The platform says no: HTTP 200 with a code other than "0" and no data. The code may be of another's table."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def parse(media_type: str, raw: bytes) -> object:
    """The JSON of a body; Refusal when it is none."""
    if media_type != "application/json":
        raise malformed("Content-Type is not application/json")
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as broken:
        raise malformed("the body is not JSON") from broken


@dataclass(frozen=True)
class Form:
    """The fields of one request."""

    required: frozenset[str]
    optional: frozenset[str]

    def read(self, fields: object, what: str = "the body") -> dict[str, str]:
        """The fields of a parsed object; Refusal names the first thing that is wrong with it."""
        if not isinstance(fields, dict):
            raise malformed(f"{what} is not an object")
        for name in sorted(fields.keys() - self.required - self.optional):
            raise malformed(f"unknown field {name}")
        for name in sorted(self.required - fields.keys()):
            raise malformed(f"{name} is missing")
        return {name: _text(name, value, empty=name in self.optional) for name, value in fields.items()}


_DEVICE = frozenset({"device_unicode", "channel"})

DOWNLOAD = Form(
    _DEVICE | {"source_type", "start_time", "end_time"},
    frozenset({"platfrom_id", "callback"}),
)
PROGRESS = Form(frozenset({"stream_id"}), frozenset())
CONTROL = Form(_DEVICE | {"stream_id", "command"}, frozenset({"platfrom_id", "range", "scale"}))
"""The page of the control names `range` and is cut off after it; a value for the scale must exist."""


@dataclass(frozen=True)
class Order:
    """A well-formed wish for a download; times are naive, in the platform's zone."""

    device_unicode: str
    channel: str
    platform_id: str
    start: datetime
    end: datetime
    callback: str

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()

    @property
    def target(self) -> str:
        """Whose switches hold for it."""
        return part_of(self.device_unicode, self.channel)


def read_order(fields: dict[str, str]) -> Order:
    """The order that the fields of DOWNLOAD spell; Refusal when they contradict the page."""
    if fields["source_type"] != GB28181:
        raise malformed("source_type: only 3, GB28181, is supported here")
    start, end = moment("start_time", fields), moment("end_time", fields)
    if start >= end:
        raise malformed("start_time is not before end_time")
    return Order(
        fields["device_unicode"],
        fields["channel"],
        fields.get("platfrom_id", ""),
        start,
        end,
        _callback(fields.get("callback")),
    )


def _text(name: str, value: object, *, empty: bool) -> str:
    if not isinstance(value, str):
        raise malformed(f"{name} is not a string")
    if not value and not empty:
        raise malformed(f"{name} is empty")
    return value


def moment(name: str, fields: Mapping[str, str]) -> datetime:
    """A naive time, in the platform's zone; Refusal when it is not written as on the page."""
    if not _TIME.fullmatch(fields[name]):
        raise malformed(f"{name} is not written YYYY-MM-DDTHH:mm:ss")
    try:
        return datetime.fromisoformat(fields[name])
    except ValueError as impossible:
        raise malformed(f"{name}: {impossible}") from impossible


def _callback(url: str | None) -> str:
    if url is None:
        return ""
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or not url.isascii() or any(character.isspace() for character in url):
        raise malformed("callback is not an http or https URL")
    return url


def malformed(message: str) -> Refusal:
    """The refusal of a request that breaks the page."""
    return Refusal(Code.MALFORMED, message)
