"""The owner's fetcher in a process of its own, one for each video: whatever becomes of it there, the worker goes on.

The child is told by a pipe what it is given; neither its arguments nor its environment hold a key of anybody's, and none of our
settings. It writes into a file beside the spool, whose bytes count as the asset's unfinished ones and are handed on when it is
done. When it takes too long, or whoever waits has enough, it is ended with all that it has started.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from shared.adapters.disk import READ, reading, writing
from shared.adapters.disk_spool import video_path
from shared.domain.descriptor import MediaDescriptor
from shared.domain.job import Window
from shared.errors import GleanerError, Gone, Refused, Transient, Whose
from shared.ports import Download

PIECE = 1 << 20  # bytes
PATIENCE = (
    180.0  # seconds; with the copy, the check and the hash after it, it stays below the task's time limit
)


class Said(msgspec.Struct, frozen=True):
    """A child's last word."""

    how: str
    detail: str = ""


@dataclass(frozen=True)
class VideoApart:
    """A `VideoSource`. `command` starts a child, `home` is where unfinished bytes lie, `hidden` what no child's environment has.

    A child has `patience` seconds; every `pause` an empty chunk says that it is still at it.
    """

    command: tuple[str, ...]
    home: Path
    hidden: frozenset[str] = frozenset()
    patience: float = PATIENCE
    pause: float = 0.5

    @contextmanager
    def open(
        self, asset_id: str, claim: int, descriptor: MediaDescriptor, window: Window
    ) -> Iterator[Download]:
        """See the port. What an earlier claim has left there goes."""
        target = video_path(self.home, asset_id, claim)
        with writing(asset_id):
            for left in self.home.glob(video_path(self.home, asset_id, "*").name):
                left.unlink(missing_ok=True)
        child = self._begun()
        try:
            yield Download(0, None, None, self._brought(child, _told(descriptor, window, target), target))
        finally:
            _end(child)
            with suppress(OSError):  # then whoever comes next clears it away, or who tidies up
                target.unlink(missing_ok=True)

    def _begun(self) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                [*self.command, str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._environment(),
                start_new_session=True,
            )
        except OSError as error:
            raise _unfit(error.strerror or "it could not be started") from error

    def _environment(self) -> dict[str, str]:
        """Ours without what is ours alone; what this process can import, the child can, too."""
        kept = {name: value for name, value in os.environ.items() if name not in self.hidden}
        return {**kept, "PYTHONPATH": os.pathsep.join(each or str(Path.cwd()) for each in sys.path)}

    def _brought(self, child: subprocess.Popen[bytes], told: bytes, target: Path) -> Iterator[bytes]:
        said = yield from self._awaited(child, told)
        _must_be_done(child.returncode, said)
        with _written(target) as file, reading(target.name):
            while piece := file.read(PIECE):
                yield piece

    def _awaited(self, child: subprocess.Popen[bytes], told: bytes) -> Generator[bytes, None, bytes]:
        until = time.monotonic() + self.patience
        given: bytes | None = told
        while True:
            try:
                return child.communicate(given, self.pause)[0]
            except subprocess.TimeoutExpired:
                given = None
            if time.monotonic() >= until:
                raise Transient("fetcher-too-slow", f"it was not done after {self.patience:g} s")
            yield b""


def _written(target: Path) -> BinaryIO:
    """The file, through no link."""
    try:
        return open(target, "rb", opener=lambda path, _: os.open(path, READ))
    except OSError as error:
        raise Transient("fetcher-failed", "it came back and had written no file") from error


def _told(descriptor: MediaDescriptor, window: Window, target: Path) -> bytes:
    told = {
        "descriptor": dict(descriptor.fields),
        "start": window.start.isoformat(),
        "end": window.end.isoformat(),
        "target": str(target.absolute()),
    }
    return json.dumps(told).encode()


def _must_be_done(code: int, said: bytes) -> None:
    """Raises whatever the child's end means, unless it is a good one."""
    try:
        word = msgspec.json.decode(said, type=Said)
    except msgspec.DecodeError:
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        raise Transient("fetcher-crashed", f"it ended with {how}") from None
    if word.how != "done":
        raise _TROUBLES.get(word.how, _failed)(word.detail)


def _failed(detail: str) -> GleanerError:
    return Transient("fetcher-failed", detail)


def _gone(detail: str) -> GleanerError:
    return Gone("media-gone", detail)


def _refused(detail: str) -> GleanerError:
    return Refused("fetcher-refused", detail)


def _spent(detail: str) -> GleanerError:
    return Transient("flow-spent", detail, whose=Whose.VENDOR, answered=True)


def _away(detail: str) -> GleanerError:
    return Transient("media-host-away", detail, whose=Whose.VENDOR)


def _unfit(detail: str) -> GleanerError:
    return Transient("fetcher-unfit", detail, whose=Whose.VENDOR, asked=False)


_TROUBLES: Mapping[str, Callable[[str], GleanerError]] = {
    "gone": _gone,
    "refused": _refused,
    "flow": _spent,
    "away": _away,
    "unfit": _unfit,
}


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a child that is still at it, and whatever it has started and left behind."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe:
            with suppress(OSError):  # what could not be told to it any more
                pipe.close()
