"""MediaSource over HTTP: bytes from where we left off if, and only if, they are still the same bytes; else from the start.

Nothing here is believed that could splice two files into one: a resumed answer must name our start and carry our
validator, and be exactly as long as it says. Redirects are followed here alone, a few, each judged as the first.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import requests

from shared.adapters.deadline import Deadline
from shared.adapters.http import GuardedSession
from shared.adapters.media_body import Limits, body, must_fit, troubles
from shared.adapters.media_guard import MediaGuard
from shared.adapters.media_redirects import STATUSES, led_astray, led_on
from shared.adapters.media_target import Target
from shared.errors import Gone, Refused, Transient, Whose
from shared.ports import Download

# RFC 9110, 8.8.3: a weak validator begins with W/, and does not vouch for bytes.
STRONG = re.compile(r'"[\x21\x23-\x7e]+"')
PARTIAL = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
HOPS = 3


class HttpMediaSource:
    """`stall`: seconds without a byte after which a download counts as stalled."""

    def __init__(
        self, session: GuardedSession, guard: MediaGuard, stall: float = 30.0, limits: Limits | None = None
    ) -> None:
        self._session = session
        self._guard = guard
        self._stall = stall
        self._limits = limits or Limits()

    @contextmanager
    def open(
        self, address: str, start: int, validator: str | None, public: bool = False
    ) -> Iterator[Download]:
        """See the port. Without a strong validator it begins anew.

        All that comes before the first byte of the body, redirects included, is over within two stalls.
        """
        target = self._guard.passed(address, public)
        known = _strong(validator) if start else None
        with Deadline(self._stall * 2) as deadline, ExitStack() as answers:
            asking = _Asking(self._session, self._guard, public, self._stall, self._limits, deadline, answers)
            answer = asking.follow(target, start, known)
            download = _read(answer, start, known)
            if download is None:
                answer.head.close()
                download = _from_start(asking.follow(target, 0, None))
            yield download


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came in the end, and from where."""

    head: requests.Response
    place: str
    limits: Limits
    deadline: Deadline

    def body(self, start: int, length: int | None) -> Iterator[bytes]:
        return body(self.head, self.place, start, length, self.limits, self.deadline)


@dataclass(frozen=True, slots=True)
class _Asking:
    """All requests of one download. An answer that leads on is closed, its body unread."""

    session: GuardedSession
    guard: MediaGuard
    public: bool
    stall: float
    limits: Limits
    deadline: Deadline
    answers: ExitStack

    def follow(self, target: Target, start: int, validator: str | None) -> _Answer:
        """The answer of whoever does not lead on. Nothing but what to send, and from where, is told to anybody."""
        headers = {"Range": f"bytes={start}-", "If-Range": validator} if validator else {}
        seen = {target.url}
        for _ in range(HOPS + 1):
            answer = self._ask(target, headers)
            if answer.status_code not in STATUSES:
                return _Answer(answer, target.place, self.limits, self.deadline)
            answer.close()
            target = self._next(target, answer)
            if target.url in seen:
                raise led_astray(target, "in a circle")
            seen.add(target.url)
        raise led_astray(target, f"on after {HOPS} others")

    def _ask(self, target: Target, headers: Mapping[str, str]) -> requests.Response:
        with troubles(target.place, self.deadline):
            sent = self.session.get_at(target.at, target.url, headers, self.stall, self.deadline)
        answer = self.answers.enter_context(sent)
        if sum(len(name) + len(value) for name, value in answer.headers.items()) > self.limits.head:
            raise Transient("media-broken-off", f"the head of the answer from {target.place} is too large")
        return answer

    def _next(self, target: Target, answer: requests.Response) -> Target:
        try:
            return self.guard.passed(led_on(target, answer), self.public)
        except Refused:
            raise led_astray(target, "to no plain http or https address") from None


def _strong(validator: str | None) -> str | None:
    return validator if validator and STRONG.fullmatch(validator) else None


def _read(answer: _Answer, start: int, known: str | None) -> Download | None:
    """The answer as a download, or None when only asking anew from the start can help."""
    if known is None or answer.head.status_code not in (206, 416):
        return _from_start(answer)
    etag = answer.head.headers.get("ETag")
    if answer.head.status_code == 206:  # RFC 9110, 15.3.7: it has the ETag that a 200 would have had
        return _resumed(answer, start, known) if etag == known else None
    if etag not in (None, known):
        return None
    whole = answer.head.headers.get("Content-Range") == f"bytes */{start}"
    return Download(start, start, known, iter(())) if whole else None


def _resumed(answer: _Answer, start: int, known: str) -> Download:
    stated = answer.head.headers.get("Content-Range", "")
    found = PARTIAL.fullmatch(stated)
    first, last = (int(found[1]), int(found[2])) if found else (-1, -1)
    total = int(found[3]) if found and found[3] != "*" else None
    if first != start or last < first or (total is not None and last >= total):
        detail = f"asked {answer.place} for bytes from {start}, got {stated[:60]!r}"
        raise Transient("media-range-odd", detail)
    must_fit(total or 0, answer.place, answer.limits)
    return Download(start, total, known, answer.body(start, last - first + 1))


def _from_start(answer: _Answer) -> Download:
    if answer.head.status_code != 200:
        raise _trouble_of(answer.head.status_code, answer.place)
    length = answer.head.raw.length_remaining
    return Download(0, length, _strong(answer.head.headers.get("ETag")), answer.body(0, length))


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
