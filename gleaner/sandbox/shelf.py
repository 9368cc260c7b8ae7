"""The files of the simulated platform, and how they are served.

A take has a name that nobody can guess, and its address names it. While it is open the address leads nowhere, or to what
has arrived so far. All lie in a folder that vanishes with the shelf; beyond 1000 takes or 4 GiB the oldest vanish before.
"""

from __future__ import annotations

import io
import secrets
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from flask import Response, abort, send_file
from werkzeug.wsgi import FileWrapper

from gleaner.sandbox.muxer import Footage
from gleaner.sandbox.switches import Switches

MOST_TAKES = 1000
MOST_BYTES = 4 << 30
LOGIN_PAGE = "<!doctype html><title>Please sign in</title><h1>Please sign in</h1>\n"


@dataclass
class Take:
    """One file: `share` of its pictures has arrived; `growing` says that what has arrived can be fetched.

    The switches of `target` hold for it; `closed_at` is monotonic, None while it is open.
    """

    target: str
    path: Path
    size: int
    unindexed: int
    growing: bool
    share: float = 0.0
    closed_at: float | None = None

    @property
    def name(self) -> str:
        """By which its address names it."""
        return self.path.name

    @property
    def closed(self) -> bool:
        """Whether it is whole, and may be fetched."""
        return self.closed_at is not None

    def close(self) -> None:
        """Nothing more will arrive."""
        self.closed_at = time.monotonic()

    def outlived(self, life: float) -> bool:
        """Whether it has been closed for so many seconds; with 0 it lasts."""
        return life > 0 and self.closed_at is not None and time.monotonic() - self.closed_at >= life

    def arrived(self) -> bytes:
        """The beginning of the file that is there so far."""
        with self.path.open("rb") as file:
            return file.read(int(self.unindexed * self.share))


class Shelf:
    """All takes, by their name."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="gleaner-sandbox-", ignore_cleanup_errors=True)
        self._takes: OrderedDict[str, Take] = OrderedDict()
        self._guard = threading.Lock()

    def put(self, footage: Footage, target: str, *, growing: bool = False) -> Take:
        """A new take, still open."""
        path = Path(self._folder.name) / f"{secrets.token_urlsafe(18)}.mp4"
        footage.write(path)
        take = Take(target, path, footage.size, footage.unindexed, growing)
        with self._guard:
            self._takes[take.name] = take
            self._make_room()
        return take

    def find(self, name: str) -> Take | None:
        """The take of that name, open or closed."""
        with self._guard:
            return self._takes.get(name)

    def discard(self, takes: Iterable[Take]) -> None:
        """Forget takes that nobody shall ever see."""
        with self._guard:
            for take in takes:
                self._takes.pop(take.name, None)
                take.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove every file."""
        self._folder.cleanup()

    def _make_room(self) -> None:
        while len(self._takes) > MOST_TAKES or sum(take.size for take in self._takes.values()) > MOST_BYTES:
            _, oldest = self._takes.popitem(last=False)
            oldest.path.unlink(missing_ok=True)


def serve(take: Take, switches: Switches) -> Response:
    """The answer to whoever fetches a take: whole or by Range, or what the switches make of it."""
    if take.outlived(switches.file_life):
        abort(404)
    if switches.media in ("404", "500"):
        abort(int(switches.media))
    if switches.media == "html":
        return Response(LOGIN_PAGE, mimetype="text/html")
    response = _file(take)
    if switches.media == "truncated" or switches.media_rate:
        _tamper(response, truncate=switches.media == "truncated", rate=switches.media_rate)
    return response


def _file(take: Take) -> Response:
    if take.closed:
        return send_file(take.path, mimetype="video/mp4", conditional=True)
    if not take.growing:
        abort(404)
    return send_file(io.BytesIO(take.arrived()), mimetype="video/mp4", conditional=True, etag=False)


def _tamper(response: Response, *, truncate: bool, rate: int) -> None:
    """Keep every promise of the headers and break them in the body."""
    whole = cast("FileWrapper", response.response)
    response.call_on_close(whole.close)
    promised = response.content_length or 0
    response.direct_passthrough = False
    response.response = _poured(whole, promised // 2 if truncate else promised, rate)


def _poured(chunks: Iterable[bytes], limit: int, rate: int) -> Iterator[bytes]:
    sip = max(1, rate // 20) if rate else limit
    for chunk in chunks:
        for at in range(0, min(len(chunk), limit), sip):
            piece = chunk[at : min(at + sip, limit)]
            yield piece
            time.sleep(len(piece) / rate if rate else 0)
        limit -= min(len(chunk), limit)
