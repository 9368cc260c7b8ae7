"""The body of an answer, handed on as it comes, exactly as long as it was said to be, and within limits.

However a host drips, it holds nobody: what brings next to nothing for a minute is left as `media-slow`. Who reads keeps what
came before, so that an honest slow host, asked for the rest time and again, gets its file through all the same.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import requests
from requests.exceptions import ReadTimeout
from urllib3.exceptions import ReadTimeoutError

from shared.adapters.deadline import Deadline
from shared.adapters.http import TROUBLES, encoded, never_sent, pieces
from shared.errors import Refused, Transient, Whose


@dataclass(frozen=True, slots=True)
class Limits:
    """Ours; no vendor states any.

    `largest`: bytes of a whole file. 64 GiB are four hours at 38 Mbit/s, eight times the longest window by default: no
    camera records more, and a host that claims it, or never ends, is not believed.
    `rate`: bytes per second, on an average over `span` seconds of waiting for them. The lowest bit rate at which footage
    is still footage is several times 10 kB/s, and the upload of a poor mobile link is more, too; at less, a worker's place
    is worth more to another job. `span` is short of a slice, so that others get their turn, and long enough for a hiccup.
    `head`: bytes of an answer's head. http.client takes 100 lines of 64 KiB at most; an honest head has 1 KiB.
    """

    largest: int = 64 * 1024**3
    rate: int = 10_000
    span: float = 60.0
    head: int = 32 * 1024


class _Pace:
    """Bytes against the seconds that were spent waiting for them; what the reader does in between is not the host's."""

    def __init__(self, limits: Limits, place: str) -> None:
        self._limits, self._place = limits, place
        self._size, self._waited = 0, 0.0

    def took(self, size: int, seconds: float) -> None:
        """Transient `media-slow` when a span is over and was too slow."""
        self._size, self._waited = self._size + size, self._waited + seconds
        if self._waited < self._limits.span:
            return
        if self._size < self._limits.rate * self._waited:
            raise Transient("media-slow", f"{self._size} bytes in {self._waited:.0f} s from {self._place}")
        self._size, self._waited = 0, 0.0


def body(
    answer: requests.Response, place: str, start: int, length: int | None, limits: Limits, deadline: Deadline
) -> Iterator[bytes]:
    """The pieces of a body that begins at byte `start` of its file and has `length` bytes, if anything was said.

    Transient `media-encoded` and Refused `too-large` at once, where the head tells; else, and `media-broken-off`,
    `media-range-odd`, `media-stalled` and `media-slow`, when it comes to that.
    """
    if encoded(answer):
        raise Transient("media-encoded", f"{place} packed what was asked for as it is")
    must_fit(start + (length or 0), place, limits)
    return _counted(answer, place, start, length, limits, deadline)


def must_fit(size: int, place: str, limits: Limits) -> None:
    """Refused `too-large` for more than any file has."""
    if size > limits.largest:
        raise Refused("too-large", f"{size} bytes from {place}; a file has {limits.largest} at most")


def _counted(
    answer: requests.Response, place: str, start: int, length: int | None, limits: Limits, deadline: Deadline
) -> Iterator[bytes]:
    seen, pace = 0, _Pace(limits, place)
    with troubles(place, deadline):
        for piece, seconds in _timed(pieces(answer), limits.span, deadline):
            seen += len(piece)
            if length is not None and seen > length:
                raise Transient("media-range-odd", f"{place} sent more than it said")
            must_fit(start + seen, place, limits)
            yield piece
            if seen != length:
                pace.took(len(piece), seconds)
    if deadline.over:  # what was cut off may look like what came to its end
        raise _dripping(place)
    if length is not None and seen < length:
        raise Transient("media-broken-off", f"{seen} of {length} bytes from {place}")


def _timed(found: Iterator[bytes], span: float, deadline: Deadline) -> Iterator[tuple[bytes, float]]:
    """Each piece with the seconds that it took. A single one has a whole span: the framing may drip, too."""
    while True:
        deadline.renew(span)
        began = time.monotonic()
        piece = next(found, b"")
        if not piece:
            return
        yield piece, time.monotonic() - began


@contextmanager
def troubles(place: str, deadline: Deadline) -> Iterator[None]:
    """What a request, or reading its answer, can raise, as errors of ours; the deadline says whether we cut it off."""
    # The causes are cut off (`from None`): their texts hold the whole address.
    try:
        yield
    except (ReadTimeout, ReadTimeoutError):
        raise Transient("media-stalled", f"nothing more came from {place}") from None
    except TROUBLES as error:
        detail = f"{place}: {type(error).__name__}"
        if never_sent(error):
            raise Transient("media-host-away", detail, whose=Whose.VENDOR, asked=False) from None
        if deadline.over:
            raise _dripping(place) from None
        raise Transient("media-broken-off", detail) from None


def _dripping(place: str) -> Transient:
    return Transient("media-slow", f"{place} dripped until we hung up")
