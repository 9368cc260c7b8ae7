"""What a simulated device holds, and what of it the platform lists: the recordings of a window.

A recorder's files are cut at full hours, so the first one begins before the window that was asked for, and the last one
ends after it, if the device holds that much. The request is as its page says. The answer is on no page that is at hand: the
names of its fields are a guess, after those that comparable platforms use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gleaner.sandbox.forms import Code, Form, Refusal, malformed, moment
from gleaner.sandbox.switchboard import part_of
from gleaner.sandbox.switches import Switches

LONGEST_LISTING = timedelta(days=31)
STOCK_CHANNEL = "1"
_FILE = timedelta(hours=1)
_REQUEST = frozenset({"device_unicode", "content", "ext"})
_CONTENT = Form(frozenset({"start_time", "end_time"}), frozenset({"channel", "type"}))
_ALARMS = frozenset({"alarm", "manual"})
_TYPES = _ALARMS | {"all", "time"}


@dataclass(frozen=True)
class Inquiry:
    """A well-formed question for recordings; times are naive, in the platform's zone."""

    device_unicode: str
    channel: str
    start: datetime
    end: datetime
    kind: str
    ext: Mapping[str, Any] | None

    @property
    def target(self) -> str:
        """Whose switches hold for it."""
        return part_of(self.device_unicode, self.channel)


@dataclass(frozen=True)
class Recording:
    """One file of a recorder."""

    name: str
    start: datetime
    end: datetime

    def as_item(self) -> dict[str, str]:
        """As the platform lists it; a guess."""
        return {"name": self.name, "start_time": self.start.isoformat(), "end_time": self.end.isoformat()}


def read_inquiry(fields: object) -> Inquiry:
    """The question that a parsed body asks; Refusal when it contradicts the page."""
    if not isinstance(fields, dict):
        raise malformed("the body is not an object")
    for name in sorted(fields.keys() - _REQUEST):
        raise malformed(f"unknown field {name}")
    if not isinstance(device := fields.get("device_unicode", ""), str):
        raise malformed("device_unicode is not a string")
    if not isinstance(ext := fields.get("ext"), dict | None):
        raise malformed("ext is not an object")
    content = _CONTENT.read(fields.get("content"), "content")
    start, end = _window(content)
    return Inquiry(device, content.get("channel", STOCK_CHANNEL), start, end, _kind(content), ext)


def _window(content: Mapping[str, str]) -> tuple[datetime, datetime]:
    start, end = moment("start_time", content), moment("end_time", content)
    if start >= end:
        raise malformed("start_time is not before end_time")
    if end - start > LONGEST_LISTING:
        raise Refusal(Code.NOT_SIMULATED, f"the sandbox lists {LONGEST_LISTING.days} days at most")
    return start, end


def _kind(content: Mapping[str, str]) -> str:
    kind = content.get("type", "all")
    if kind not in _TYPES:
        raise malformed(f"type is none of {', '.join(sorted(_TYPES))}")
    return kind


def held_seconds(seconds: float, switches: Switches) -> float:
    """How much of a window of that length the device holds, from its start; whole seconds, as they are listed."""
    if switches.no_recording or not switches.recorded:
        return 0.0
    return seconds if switches.recorded == 1.0 else max(1.0, float(round(seconds * switches.recorded)))


def recordings(inquiry: Inquiry, switches: Switches, now: datetime) -> list[Recording]:
    """All that the device holds of a window; a device records by the clock, never for alarms."""
    seconds = held_seconds((inquiry.end - inquiry.start).total_seconds(), switches)
    nothing = not seconds or inquiry.start >= now or inquiry.kind in _ALARMS
    if nothing or switches.recordings == "empty":
        return []
    until = min(inquiry.start + timedelta(seconds=seconds), now)
    return list(_files(inquiry, until, now if until >= inquiry.end else until))


def _files(inquiry: Inquiry, until: datetime, last: datetime) -> Iterator[Recording]:
    """Hour by hour as far as `until`; the last one may reach beyond, to `last` at most."""
    start = inquiry.start.replace(minute=0, second=0)
    while start < until:
        name = f"{inquiry.channel}_{start:%Y%m%d%H%M%S}"
        yield Recording(name, start, min(start + _FILE, last).replace(microsecond=0))
        start += _FILE
