"""The pictures of the simulated cloud: whole JPEGs behind addresses that are signed and expire.

One of a few drawn pictures (`footage/draw.sh`), with a comment that names the record and its revision, so that no two are
the same bytes and whoever holds one can tell whose it is.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib import resources
from typing import NamedTuple
from urllib.parse import urlencode

from flask import Response, request

from gleaner.sandbox.accounts import SIGNATURE
from gleaner.sandbox.shelf import LOGIN_PAGE
from gleaner.sandbox.terms import Terms

_NAME = re.compile(r"([0-9]{1,18})-([0-9]{1,4})\.jpg")
_START = b"\xff\xd8"
_COMMENT = b"\xff\xfe"
_CIPHER = 0x5A


class Picture(NamedTuple):
    """The picture of a record as it was at one revision."""

    record_id: int
    revision: int

    @property
    def name(self) -> str:
        return f"{self.record_id}-{self.revision}.jpg"

    @property
    def content(self) -> bytes:
        """A whole JPEG, the same bytes every time."""
        drawn = _drawn()[(self.record_id // 1000 + self.revision) % len(_drawn())]
        comment = f"sandbox record {self.record_id} revision {self.revision}".encode()
        return _START + _COMMENT + (len(comment) + 2).to_bytes(2) + comment + drawn[len(_START) :]


def read_name(name: str) -> Picture | None:
    """The picture that a name is of, or None."""
    found = _NAME.fullmatch(name)
    return Picture(int(found[1]), int(found[2])) if found else None


class Addresses:
    """Signs addresses, and knows its own signature again."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._key = secrets.token_bytes(32)

    def make(self, base_url: str, picture: Picture, now: datetime) -> str:
        """An address that is like no other."""
        expires, salt = str(int(now.timestamp() + self._terms.picture_life)), secrets.token_hex(4)
        query = {"Expires": expires, "Salt": salt, "Signature": self._sign(picture, expires, salt)}
        return f"{base_url}/thumbs/{picture.name}?{urlencode(query)}"

    def check(self, picture: Picture, query: Mapping[str, str], now: datetime, *, expired: bool) -> int:
        """The status of an answer: 200, 403 for a signature that is not ours, or that of an expired address."""
        expires = query.get("Expires", "")
        signed = self._sign(picture, expires, query.get("Salt", ""))
        if not hmac.compare_digest(signed.encode(), query.get("Signature", "").encode()):
            return 403
        return self._terms.stale_picture if expired or now.timestamp() >= int(expires) else 200

    def _sign(self, picture: Picture, expires: str, salt: str) -> str:
        text = f"{picture.name} {expires} {salt}".encode()
        return SIGNATURE + hmac.new(self._key, text, hashlib.sha256).hexdigest()


def serve(picture: Picture, trouble: str) -> Response:
    """The answer to whoever fetches a picture by a good address: it, or what the switch makes of it."""
    if trouble in ("404", "403", "500"):
        return Response(f"{trouble}\n", int(trouble), mimetype="text/plain")
    if trouble == "html":
        return Response(LOGIN_PAGE, mimetype="text/html")
    content = picture.content
    response = Response(_encrypted(content) if trouble == "encrypted" else content, mimetype="image/jpeg")
    response.add_etag()
    if trouble == "truncated":
        response.headers["Content-Length"] = str(len(content))
        response.response = [content[: len(content) // 2]]
        return response
    response.make_conditional(request, accept_ranges=True, complete_length=len(content))
    return response


def _encrypted(content: bytes) -> bytes:
    """No JPEG any more, and no cipher of the vendor's: theirs is not public."""
    return bytes(byte ^ _CIPHER for byte in content)


@cache
def _drawn() -> tuple[bytes, ...]:
    folder = resources.files(__package__) / "footage"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".jpg"))
    return tuple((folder / name).read_bytes() for name in names)
