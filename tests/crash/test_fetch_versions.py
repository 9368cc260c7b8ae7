"""A host that changes the file between two slices of its fetch: what lands is one version of it, whole, and never a mix.

The step, the archive on a disk and HTTP are real; the host is a server on loopback that changes its file at random moments,
and that honours, ignores or garbles what it is asked for. `CRASH_SEED` picks the moments. A version
has no two equal places, and no place in common with another, so that a mix shows.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from shared.adapters.disk_archive import DiskArchive
from shared.domain.job import State
from tests.contract.media_server import Server, source
from tests.worker.test_fetch import Fetching

SEED = int(os.environ.get("CRASH_SEED", "1"))
SIZE, PIECE = 1_000_000, 50_000


@dataclass(frozen=True)
class Manner:
    """What a host does. `etag` names a version, if it names any.

    `same`: all versions are of one length. `stubborn`: it sends the rest of whatever it has now, whatever version was asked
    for. `mute`: such a rest has no ETag. `odd`: it answers the first few requests for the rest with this.
    """

    etag: str = '"v%d"'
    same: bool = True
    stubborn: bool = False
    mute: bool = False
    odd: str = ""


MANNERS = {
    "honest, same length": Manner(),
    "honest, other length": Manner(same=False),
    "ignores If-Range": Manner(stubborn=True),
    "ignores If-Range, other length": Manner(stubborn=True, same=False),
    "ignores If-Range and names no version of the rest": Manner(stubborn=True, mute=True),
    "has one name for all versions, which differ in length": Manner('"v"', same=False, stubborn=True),
    "sends from elsewhere": Manner(odd="elsewhere"),
    "states another total": Manner(odd="total"),
    "sends all in place of the rest": Manner(odd="all"),
    "says that there is no rest": Manner(odd="none", same=False),
    "has weak names": Manner('W/"v%d"'),
    "has weak names and ignores If-Range": Manner('W/"v%d"', stubborn=True),
    "has no names": Manner(""),
    "has no names and ignores If-Range": Manner("", stubborn=True),
}


class Changing(Server):
    """Serves the present version; changes it at some requests, three times at most, and breaks off at two."""

    def __init__(self, manner: Manner, dice: Random) -> None:
        super().__init__()
        self.manner, self.dice = manner, dice
        self.version, self.cuts, self.oddities = 0, 2, 2  # a fifth fault in a row would end it
        self.sizes = [SIZE if manner.same else dice.randrange(SIZE // 2, SIZE * 2) for _ in range(4)]
        self.asked: list[int] = []

    def whole(self, version: int) -> bytes:
        """A version."""
        return Random(version).randbytes(self.sizes[version])

    def _file(self, heard: Any) -> tuple[list[str], list[bytes], float, bool]:
        self.version += bool(self.asked) and self.version < 3 and self.dice.random() < 0.6
        found = re.fullmatch(r"bytes=(\d+)-", heard.headers.get("range", ""))
        start = int(found[1]) if found else 0
        self.asked.append(start)
        named = self._etag()
        if start and (self.manner.stubborn or heard.headers.get("if-range") == named):
            head, body = self._rest(start, named)
        else:
            head, body = ["HTTP/1.1 200 OK", *self._named(named)], self.whole(self.version)
        return [*head, f"Content-Length: {len(body)}"], self._cut(body), 0.001, False

    def _etag(self) -> str:
        etag = self.manner.etag
        return etag % self.version if "%" in etag else etag

    def _named(self, etag: str) -> list[str]:
        return ["Last-Modified: Fri, 20 Nov 2026 04:00:00 GMT", *([f"ETag: {etag}"] if etag else [])]

    def _rest(self, start: int, etag: str) -> tuple[list[str], bytes]:
        content = self.whole(self.version)
        odd = self.manner.odd if self.oddities else ""
        self.oddities -= bool(odd)
        total = len(content) + (1000 if odd == "total" else 0)
        if odd == "none" or start >= len(content):
            return ["HTTP/1.1 416 No", f"Content-Range: bytes */{total}"], b""
        if odd == "all":
            return ["HTTP/1.1 200 OK", *self._named(etag)], content
        back = 10 if odd == "elsewhere" else 0  # as many bytes as were asked for
        head = ["HTTP/1.1 206 Part", f"Content-Range: bytes {start - back}-{len(content) - 1 - back}/{total}"]
        named = [] if self.manner.mute else self._named(etag)
        return head + named, content[start - back : len(content) - back]

    def _cut(self, body: bytes) -> list[bytes]:
        """In pieces, and not all of them when it is time to break off."""
        cut = self.cuts and (len(self.asked) == 1 or self.dice.random() < 0.3)
        self.cuts -= bool(cut)
        size = self.dice.randrange(len(body) + 1) if cut else len(body)
        return [body[at : min(at + PIECE, size)] for at in range(0, size, PIECE)]


def _fetched(manner: Manner, dice: Random, root: Path) -> Changing:
    """One fetch, in slices that end at any piece, to its end."""
    with Changing(manner, dice) as host:
        cut = {"stopping": lambda: dice.random() < 0.2}
        one = Fetching(archive=DiskArchive(root), media=source(), address=host.address(), **cut)
        for _ in range(200):
            if one.job.state != State.READY:
                break
            one.work()
        assert one.job.state == State.ARCHIVED, (one.job.state, one.job.reason, host.asked)
        (asset,) = one.job.assets
        landed = (root / asset.key).read_bytes()
        assert any(landed == host.whole(version) for version in range(4)), "a mix of versions, or of places"
        return host


def _rounds(manner: str, rounds: int, root: Path) -> None:
    resumed = changed = 0
    for number in range(rounds):
        host = _fetched(MANNERS[manner], Random(f"{SEED} {manner} {number}"), root / str(number))
        resumed += any(host.asked)
        changed += host.version
    assert changed
    strong = MANNERS[manner].etag.startswith('"')
    assert bool(resumed) == strong, "what has no strong name is never asked for the rest, and the others are"


@pytest.mark.parametrize("manner", MANNERS)
def test_a_file_that_changes_between_slices_lands_as_one_version(manner: str, tmp_path: Path) -> None:
    _rounds(manner, 5, tmp_path)


@pytest.mark.crash
@pytest.mark.timeout(900)
@pytest.mark.parametrize("manner", MANNERS)
def test_a_hundred_files_that_change_between_slices_land_as_one_version_each(
    manner: str, tmp_path: Path
) -> None:
    _rounds(manner, 100, tmp_path)
