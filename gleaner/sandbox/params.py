"""The parameters of each method of the simulated cloud: required, of the type that its page names, and nothing else.

getCondensedRecords is as its page says; productId is on no page, but the vendor's own clients send it. Of the other two
no page is at hand: what is asked of them here is what those clients send.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from gleaner.sandbox.channels import PACKAGES
from gleaner.sandbox.envelope import Fault

FIRST_PAGE = "-1"
MOST_DAYS = 366
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_RECORD_ID = re.compile(r"-1|[0-9]{1,18}")


@dataclass(frozen=True)
class Form:
    """The names of one method's parameters and their types; an optional one may be empty."""

    required: Mapping[str, type]
    optional: Mapping[str, type]

    def read(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters, all of their type; Fault names the first that is not."""
        for name in sorted(self.required.keys() - params.keys()):
            raise Fault("OP1002", name)
        kinds = {**self.required, **self.optional}
        for name, value in params.items():
            if name not in kinds:
                raise Fault("OP1003", f"unknown parameter {name}")
            if type(value) is not kinds[name] or (value == "" and name in self.required):
                raise Fault("OP1003", f"{name} is not {_WORDS[kinds[name]]}, or is empty")
        return dict(params)


_WORDS = {str: "a String", int: "an Integer"}
_CAMERA = {
    "token": str,
    "deviceId": str,
    "channelId": str,
    "packageType": str,
    "beginTime": str,
    "endTime": str,
}
TOKEN = Form({}, {})
RECORDS = Form({**_CAMERA, "recordId": str, "count": int}, {"productId": str})
BITMAP = Form(_CAMERA, {"productId": str})
DEVICES = Form({"token": str, "page": int, "pageSize": int}, {"source": str})


@dataclass(frozen=True)
class Listing:
    """A wish for a page of records; times are naive, in the cloud's zone, both included."""

    device: str
    number: str
    package: str
    begin: datetime
    end: datetime
    cursor: str
    count: int


def read_listing(fields: Mapping[str, Any], most_count: int) -> Listing:
    """The listing that the fields of RECORDS spell; Fault when they contradict the page."""
    begin, end = _moment("beginTime", fields), _moment("endTime", fields)
    if begin >= end:
        raise Fault("OP1003", "beginTime is not before endTime")
    if not 1 <= fields["count"] <= most_count:
        raise Fault("OP1003", f"count is not from 1 to {most_count}")
    if not _RECORD_ID.fullmatch(fields["recordId"]):
        raise Fault("OP1003", "recordId is neither -1 nor a record's")
    cursor = fields["recordId"]
    return Listing(
        fields["deviceId"], fields["channelId"], read_package(fields), begin, end, cursor, fields["count"]
    )


def read_days(fields: Mapping[str, Any]) -> tuple[date, date]:
    """The first and the last day that the fields of BITMAP spell; Fault when there is none between."""
    first, last = (_day(name, fields) for name in ("beginTime", "endTime"))
    if not 0 <= (last - first).days < MOST_DAYS:
        raise Fault("OP1003", f"from beginTime to endTime it is not 1 to {MOST_DAYS} days")
    return first, last


def read_package(fields: Mapping[str, Any]) -> str:
    """The package that is asked about; Fault when there is no such."""
    if fields["packageType"] not in PACKAGES:
        raise Fault("OP1003", f"packageType is none of {', '.join(PACKAGES)}")
    return str(fields["packageType"])


def _moment(name: str, fields: Mapping[str, Any]) -> datetime:
    if not _TIME.fullmatch(fields[name]):
        raise Fault("OP1003", f"{name} is not written yyyy-MM-dd HH:mm:ss")
    try:
        return datetime.fromisoformat(fields[name])
    except ValueError as impossible:
        raise Fault("OP1003", name) from impossible


def _day(name: str, fields: Mapping[str, Any]) -> date:
    if not _DAY.fullmatch(fields[name]):
        raise Fault("OP1003", f"{name} is not written yyyy-MM-dd")
    try:
        return date.fromisoformat(fields[name])
    except ValueError as impossible:
        raise Fault("OP1003", name) from impossible
