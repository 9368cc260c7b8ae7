"""MediaSource over HTTP: bytes from where we left off if, and only if, they are still the same bytes; else from the start.

Nothing here is believed that could splice two files into one: a resumed answer must name our start, carry no other
validator than ours, and be exactly as long as it says.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import requests
from requests.exceptions import ReadTimeout
from urllib3.exceptions import ReadTimeoutError

from shared.adapters.addresses import Resolve, is_public, resolved
from shared.adapters.http import TROUBLES, GuardedSession, encoded, never_sent, pieces
from shared.adapters.media_guard import MediaAllow, MediaGuard, Target
from shared.errors import Gone, Transient, Whose
from shared.ports import Download

# RFC 9110, 8.8.3: a weak validator begins with W/, and does not vouch for bytes.
STRONG = re.compile(r'"[\x21\x23-\x7e]+"')
PARTIAL = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")


class HttpMediaSource:
    """`own_ports`: what we listen on. `stall`: seconds without a byte after which a download counts as stalled.

    `resolve` and `is_public` say where names lead, and which addresses are everybody's.
    """

    def __init__(
        self,
        session: GuardedSession,
        allow: MediaAllow,
        own_ports: frozenset[int] = frozenset(),
        stall: float = 30.0,
        resolve: Resolve = resolved,
        is_public: Callable[[str], bool] = is_public,
    ) -> None:
        self._session = session
        self._guard = MediaGuard(allow, own_ports, resolve, is_public)
        self._stall = stall

    @contextmanager
    def open(
        self, address: str, start: int, validator: str | None, public: bool = False
    ) -> Iterator[Download]:
        """See the port. Without a strong validator it begins anew."""
        target = self._guard.passed(address, public)
        known = _strong(validator) if start else None
        with ExitStack() as answers:
            answer = answers.enter_context(self._get(target, start, known))
            download = _read(answer, target.place, start, known)
            if download is None:
                answer.close()
                answer = answers.enter_context(self._get(target, 0, None))
                download = _from_start(answer, target.place)
            yield download

    def _get(self, target: Target, start: int, validator: str | None) -> requests.Response:
        headers = {"Range": f"bytes={start}-", "If-Range": validator} if validator else {}
        with _troubles(target.place):
            return self._session.get(target.url, headers, self._stall, target.at)


def _strong(validator: str | None) -> str | None:
    return validator if validator and STRONG.fullmatch(validator) else None


def _read(answer: requests.Response, place: str, start: int, known: str | None) -> Download | None:
    """The answer as a download, or None when only asking anew from the start can help."""
    if known is None or answer.status_code not in (206, 416):
        return _from_start(answer, place)
    if answer.headers.get("ETag", known) != known:
        return None
    if answer.status_code == 206:
        return _resumed(answer, place, start, known)
    whole = answer.headers.get("Content-Range") == f"bytes */{start}"
    return Download(start, start, known, iter(())) if whole else None


def _resumed(answer: requests.Response, place: str, start: int, known: str) -> Download:
    stated = answer.headers.get("Content-Range", "")
    found = PARTIAL.fullmatch(stated)
    first, last = (int(found[1]), int(found[2])) if found else (-1, -1)
    total = int(found[3]) if found and found[3] != "*" else None
    if first != start or last < first or (total is not None and last >= total):
        raise Transient("media-range-odd", f"asked {place} for bytes from {start}, got {stated[:60]!r}")
    return Download(start, total, known, _body(answer, place, last - first + 1))


def _from_start(answer: requests.Response, place: str) -> Download:
    if answer.status_code != 200:
        raise _trouble_of(answer.status_code, place)
    length = answer.raw.length_remaining
    return Download(0, length, _strong(answer.headers.get("ETag")), _body(answer, place, length))


def _trouble_of(status: int, place: str) -> Transient:
    detail = f"{status} from {place}"
    if status in (404, 410):
        return Gone("media-gone", detail)
    if status in (401, 403):
        return Transient("media-forbidden", detail)
    if status == 429:
        return Transient("media-host-busy", detail, whose=Whose.VENDOR)
    if 300 <= status < 400:
        return Transient("media-redirected", detail)
    return Transient(f"media-http-{status // 100}xx", detail)


def _body(answer: requests.Response, place: str, length: int | None) -> Iterator[bytes]:
    """The body, in pieces, exactly as long as it was said to be, when anything was said."""
    if encoded(answer):
        raise Transient("media-encoded", f"{place} packed what was asked for as it is")
    return _counted(answer, place, length)


def _counted(answer: requests.Response, place: str, length: int | None) -> Iterator[bytes]:
    seen = 0
    with _troubles(place):
        for piece in pieces(answer):
            seen += len(piece)
            if length is not None and seen > length:
                raise Transient("media-range-odd", f"{place} sent more than it said")
            yield piece
    if length is not None and seen < length:
        raise Transient("media-broken-off", f"{seen} of {length} bytes from {place}")


@contextmanager
def _troubles(place: str) -> Iterator[None]:
    # The causes are cut off (`from None`): their texts hold the whole address.
    try:
        yield
    except (ReadTimeout, ReadTimeoutError):
        raise Transient("media-stalled", f"nothing more came from {place}") from None
    except TROUBLES as error:
        detail = f"{place}: {type(error).__name__}"
        if never_sent(error):
            raise Transient("media-host-away", detail, whose=Whose.VENDOR, asked=False) from None
        raise Transient("media-broken-off", detail) from None
