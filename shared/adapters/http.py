"""The one guarded session, through which all that we ask of others over HTTP goes out.

It follows no redirect, heeds no proxy or `.netrc` of the environment, keeps no cookie, unpacks nothing and tries nothing
twice. Every request has a connection of its own, so that a reset always means that this very request was on its way, never
that an old connection had gone stale.
Errors name scheme, host and port and never the rest of an address, which may be signed.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import requests
from requests.exceptions import ConnectTimeout, RequestException, SSLError
from urllib3.exceptions import HTTPError, LocationValueError, NewConnectionError
from urllib3.util.connection import create_connection

from shared.adapters.deadline import Connect, Deadline, WatchedAdapter
from shared.errors import AnswerUnknown, Misconfigured, Transient, Whose

PIECE = 256 * 1024  # bytes; the most that one read takes off the wire
HEADERS = {"User-Agent": "gleaner", "Accept-Encoding": "identity", "Connection": "close"}
TROUBLES = (RequestException, HTTPError)  # all that a request, or reading its answer, can raise


class _Session(requests.Session):
    """Of one request: no other can find its connection, or anything else of it."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.headers.clear()
        self.headers.update(HEADERS)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere: only to say where a redirect leads, requests would read its whole body."""


class GuardedSession:
    """Fit for threads. Times are in seconds. `connect` opens every connection whose address was given with `at`."""

    def __init__(self, connect_timeout: float = 5.0, connect: Connect = create_connection) -> None:
        self._connect_timeout = connect_timeout
        self._connect = connect

    def post_json(
        self,
        url: str,
        body: Mapping[str, object],
        headers: Mapping[str, str] | None = None,
        timeout: float = 30.0,
        max_bytes: int = 1024 * 1024,
        dated: Callable[[str], None] | None = None,
    ) -> tuple[int, bytes]:
        """Status and body of a vendor's answer, whatever the status; all of it has come within `timeout` or nothing.

        `dated` is told the answer's Date as soon as its head is there, or nothing of it when it has none.

        Transient `vendor-away` when nothing was sent; AnswerUnknown `answer-lost` or `answer-too-large` when it was;
        Misconfigured when it is not fit to be sent.
        """
        data = _sendable(body)
        sent = {"Content-Type": "application/json", **(headers or {})}
        with (
            _vendor_troubles(),
            Deadline(timeout) as deadline,
            self._send("POST", url, sent, timeout, data, deadline) as answer,
        ):
            if dated:
                dated(answer.headers.get("Date", ""))
            content = _whole(answer, max_bytes)
            if deadline.over:  # what was cut off may look like what came to its end
                raise AnswerUnknown("answer-lost", f"it was still coming after {timeout:g} s")
            return answer.status_code, content

    def get(self, url: str, headers: Mapping[str, str], timeout: float) -> requests.Response:
        """An open answer, its body unread: `timeout` is for each wait, and the head has come within two of them.

        Raises `TROUBLES`, or Misconfigured as above.
        """
        with Deadline(timeout * 2) as deadline:
            return self._send("GET", url, headers, timeout, None, deadline)

    def get_at(
        self, at: Sequence[str], url: str, headers: Mapping[str, str], timeout: float, deadline: Deadline
    ) -> requests.Response:
        """The same, under a deadline of the caller's, from these IP addresses alone, tried in this order.

        Whatever the host's name leads to by now, it is the name all the same that is told to the server and looked for in
        its certificate.
        """
        return self._send("GET", url, headers, timeout, None, deadline, at)

    def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        timeout: float,
        data: bytes | None,
        deadline: Deadline,
        at: Sequence[str] | None = None,
    ) -> requests.Response:
        with _Session() as session:
            for scheme in ("http://", "https://"):
                session.mount(scheme, WatchedAdapter(deadline, at, self._connect))
            request = _prepared(session, requests.Request(method, url, headers, data=data))
            waits = (min(self._connect_timeout, timeout), timeout)
            return session.send(request, timeout=waits, stream=True, allow_redirects=False)


def _prepared(session: requests.Session, request: requests.Request) -> requests.PreparedRequest:
    try:
        prepared = session.prepare_request(request)
        session.get_adapter(prepared.url or "")
        "".join(map(str, prepared.headers.values())).encode("latin-1")
    except (RequestException, UnicodeError):
        raise Misconfigured("request-unfit", "an address, or a header of ours, cannot be sent") from None
    return prepared


def pieces(answer: requests.Response) -> Iterator[bytes]:
    """The body as it arrives, however slowly: who reads decides how long that may go on. Raises `TROUBLES`."""
    while piece := answer.raw.read1(PIECE, decode_content=False):
        yield piece


def encoded(answer: requests.Response) -> bool:
    """Whether the body was packed although we asked for it as it is."""
    return answer.headers.get("Content-Encoding", "").strip().lower() not in ("", "identity")


def never_sent(error: Exception) -> bool:
    """Whether the request cannot have reached anybody: no name, no connection, no handshake."""
    if isinstance(error, ConnectTimeout | SSLError | LocationValueError):
        return True
    wrapped = error.args[0] if error.args else None
    return isinstance(getattr(wrapped, "reason", None), NewConnectionError)


def _whole(answer: requests.Response, max_bytes: int) -> bytes:
    if encoded(answer):
        raise AnswerUnknown("answer-lost", "it came in an encoding that was not asked for")
    body = bytearray()
    for piece in pieces(answer):
        body += piece
        if len(body) > max_bytes:
            raise AnswerUnknown("answer-too-large", f"more than {max_bytes} bytes")
    return bytes(body)


def _sendable(body: Mapping[str, object]) -> bytes:
    """A body as JSON. The error tells nothing of it: it holds secrets."""
    try:
        return json.dumps(body, ensure_ascii=False).encode()
    except (TypeError, ValueError):
        raise Misconfigured("request-unfit", "a value in it can be written by no JSON") from None


@contextmanager
def _vendor_troubles() -> Iterator[None]:
    # Neither an error's text nor the error itself (`from None`) may be seen: they hold the whole address.
    try:
        yield
    except TROUBLES as error:
        what = type(error).__name__
        if never_sent(error):
            raise Transient("vendor-away", what, whose=Whose.VENDOR, asked=False) from None
        raise AnswerUnknown("answer-lost", what) from None
