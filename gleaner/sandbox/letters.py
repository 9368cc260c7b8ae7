"""What a callback of the simulated platform looks like on the wire, and what it looks like when nobody can read it.

The three names are on the vendor's page in camel case; the method, the media type and the types are not. The other forms
are those in which the rest of that page, and comparable platforms, write.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Literal
from urllib.parse import urlencode

from gleaner.sandbox.reports import Report

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
_UNREADABLE = (
    b'{"streamId": "download:',
    b"[]",
    b"",
    b"{}",
    b'{"streamId": 7, "fileUrl": [], "downloadProgress": {}}',
)


@dataclass(frozen=True)
class Letter:
    """One callback: its bytes, what the witness notes of it, and whether it is repeated when it is not taken."""

    media_type: str
    raw: bytes
    shown: Mapping[str, Any]
    repeated: bool = True


def letter(report: Report, form: Literal["camel", "snake", "wrapped", "form"]) -> Letter:
    """A report as it is called back."""
    body: Mapping[str, Any] = report.as_callback(snake=form == "snake")
    if form == "form":
        return Letter(FORM, urlencode(body).encode(), body)
    if form == "wrapped":
        body = {"data": body}
    return Letter(JSON, json.dumps(body).encode(), body)


def unreadable(dice: Random) -> Letter:
    """A callback that says nothing: cut off, of another shape, or empty."""
    raw = dice.choice(_UNREADABLE)
    return Letter(JSON, raw, {"unreadable": raw.decode()}, repeated=False)
