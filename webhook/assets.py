"""GET /assets/KEY: archived bytes, for whoever has a session or a bearer token, in ranges where that is asked for.

Only what has landed is served, under the type that its check found out; the entity tag is the SHA-256. Streams: no asset
is ever whole in memory.
"""

from collections.abc import Mapping

from flask import Blueprint, Response, request
from werkzeug.datastructures import ContentRange
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from shared.errors import NotFound
from webhook import auth
from webhook.parts import services

SHOWN = frozenset(
    {"video/mp4", "video/mp2t", "image/jpeg", "image/png", "image/webp"}
)  # nothing that a browser would run
BYTES = "application/octet-stream"

assets = Blueprint("assets", __name__)
assets.before_request(auth.require_bearer_or_session)


@assets.get("/assets/<path:key>")
def asset(key: str) -> Response:
    """The bytes, or the range of them that was asked for."""
    sidecar = services().archive.sidecar(key)
    if sidecar is None:
        raise NotFound("asset-unknown", "no asset has landed under this key")
    answer = _head(sidecar)
    tag = str(sidecar["sha256"])
    if request.if_none_match.contains_weak(tag):
        answer.status_code = 304
        return answer
    return _body(answer, key, services().archive.size(key), tag)


def _head(sidecar: Mapping[str, object]) -> Response:
    found = str(sidecar.get("content_type"))
    answer = Response(content_type=found if found in SHOWN else BYTES)
    answer.set_etag(str(sidecar["sha256"]))
    answer.headers["Accept-Ranges"] = "bytes"
    answer.headers["Cache-Control"] = "private, no-cache"  # kept by the browser, and asked about each time
    answer.headers["Content-Disposition"] = "inline"
    return answer


def _body(answer: Response, key: str, size: int, tag: str) -> Response:
    part = _wanted(size, tag)
    start, stop = part or (0, size)
    if part:
        answer.status_code = 206
        answer.content_range = ContentRange("bytes", start, stop, size)
    answer.content_length = stop - start
    if request.method == "GET":
        answer.response = services().archive.read(key, start, stop)
    return answer


def _wanted(size: int, tag: str) -> tuple[int, int] | None:
    """The one range to send, or None for everything; several ranges, and other units, may be ignored."""
    asked = request.range
    if request.method != "GET" or asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return None
    if request.headers.get("If-Range") not in (None, f'"{tag}"'):
        return None
    start, stop = asked.ranges[0]
    start = max(0, size + start) if start < 0 else start
    if start >= size:
        raise RequestedRangeNotSatisfiable(size, description=f"the asset has {size} bytes")
    return start, min(stop or size, size)
