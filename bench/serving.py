"""A media server as the bench uses it: started for one trial, asked what it has sent, ended."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.media_server import HOLD, OPEN, TALLY
from bench.web import asked


@dataclass(frozen=True)
class Tallied:
    """`starts`: when each request came; `sent`: bytes of all bodies; `most`: bodies under way at once."""

    starts: tuple[float, ...]
    sent: int
    most: int

    def first(self, since: float) -> float | None:
        """When the first request since then came."""
        return min((start for start in self.starts if start >= since), default=None)


@dataclass(frozen=True)
class Media:
    """A running media server."""

    base: str

    def address(self, name: str) -> str:
        """Where a file of that name is."""
        return f"{self.base}/{name}"

    def tally(self) -> Tallied:
        """What it has done so far."""
        said = self._asked(TALLY)
        return Tallied(tuple(said["starts"]), sum(said["sent"].values()), said["most"])

    def hold(self) -> None:
        """Answer nobody who asks for a file."""
        self._asked(HOLD)

    def open(self) -> None:
        """Answer all of them, from now on."""
        self._asked(OPEN)

    def _asked(self, path: str) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(asked(self.base + path) or b"{}")
        return said


@contextmanager
def serving(folder: Path, rate: int = 0, share: float = 1.0) -> Iterator[Media]:
    """A media server for that folder, until the block ends; see `media_server`."""
    command = [sys.executable, "-m", "bench.media_server", str(folder), str(rate), str(share)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield Media(f"http://127.0.0.1:{int(process.stdout.readline())}")
    finally:
        process.kill()
        process.wait()
