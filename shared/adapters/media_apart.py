"""The check of clips in a process of its own: whatever foreign bytes do to a decoder, they do it there, within limits of time and
memory, and no worker dies of it.

The child gets the open file and nothing else: no secrets in its environment, no further file and no socket. It says what it
knows as soon as it knows it. If it comes to a bad end, the last that it said still holds, but no longer as COMPLETE, and the
reason is one of `check-crashed`, `check-too-slow` and `check-too-big`: footage is never lost because it could not be
looked at. Pictures are small, and no decoder sees them: they are checked here.

A child is told which file by a socket, once. So it may begin before there is anything to look at, and load what it needs while
the bytes are still on their way.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import msgspec

from shared.adapters import media
from shared.adapters.media_word import Word
from shared.domain.job import Kind, Verdict
from shared.domain.media import MediaFacts
from shared.errors import Refused, Transient

ROOT = Path(__file__).parent.parent.parent
# A child is begun for every clip: it is told where its libraries are instead of having the interpreter look for them.
CHILD = (sys.executable, "-P", "-s", "-S", "-m", "shared.adapters.media_child")
PLACES = os.pathsep.join([str(ROOT), *dict.fromkeys(map(sysconfig.get_path, ("platlib", "purelib")))])
MOST_WORDS = 32_000  # bytes; what a pipe takes before anybody reads
FROM_OUTSIDE = (
    signal.SIGKILL,
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
)  # no fault of the bytes, perhaps


@dataclass(frozen=True)
class CheckApart:
    """A `MediaCheck` that looks at clips in a child. Limits: bytes of memory, seconds of computing, seconds in all.

    `patience` is well below LEASE_SECONDS, so that whoever waits for a child still has its claim afterwards.
    """

    command: tuple[str, ...] = CHILD
    memory: int = 1 << 30
    computing: int = 20
    patience: float = 45.0
    _waiting: dict[Kind, "_Child"] = field(default_factory=dict, init=False, repr=False, compare=False)

    def expect(self, kind: Kind) -> None:
        """Something of this kind is on its way: have a child wait for it, unless one does already. It ends with this process."""
        if kind is not Kind.PICTURE and kind not in self._waiting:
            with suppress(Transient):  # there is time to try again
                self._waiting[kind] = self._begun(kind)

    def __call__(self, stream: BinaryIO, kind: Kind) -> MediaFacts:
        """See the port; `stream` must be a file. Transient `check-unavailable` when no child could even begin."""
        if kind is Kind.PICTURE:
            return media.check(stream, kind)
        waiting = self._waiting.pop(kind, None)
        told = self._asked(stream, waiting or self._begun(kind))
        if told.died in FROM_OUTSIDE:
            told = self._asked(stream, self._begun(kind))
        return told.facts()

    def _asked(self, stream: BinaryIO, child: "_Child") -> "_Told":
        """Let one child look at it, to its end or to ours."""
        child.hand(stream)
        with child.process as process:
            late = _over(process, self.patience)
            return _Told(process.returncode, late, _words(process))

    def _begun(self, kind: Kind) -> "_Child":
        limits = [kind.value, str(os.getpid()), str(self.memory), str(self.computing)]
        ours, its = socket.socketpair()
        try:
            with its:
                process = subprocess.Popen(
                    [*self.command, *limits],
                    stdin=its.fileno(),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env={"PYTHONPATH": PLACES},
                    cwd="/",
                    start_new_session=True,
                )
        except OSError as error:
            ours.close()
            raise _unavailable(error.strerror or "it could not be started") from error
        return _Child(process, ours)


@dataclass(frozen=True)
class _Child:
    """A child that has begun, and waits to be told what to look at."""

    process: subprocess.Popen[bytes]
    line: socket.socket

    def hand(self, stream: BinaryIO) -> None:
        """Hand it the open file. One that has ended meanwhile is seen by its end."""
        with self.line, suppress(OSError):
            socket.send_fds(self.line, [b"look"], [stream.fileno()])


def _over(child: subprocess.Popen[bytes], patience: float) -> bool:
    """Wait for a child's end; True when it had to be brought about."""
    until = time.monotonic() + patience
    try:
        _await_silence(child, patience)
        child.wait(max(0.1, until - time.monotonic()))
        return False
    except subprocess.TimeoutExpired:
        return True
    finally:  # whatever ended the waiting, a stop of this process included
        if child.returncode is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _await_silence(child: subprocess.Popen[bytes], patience: float) -> None:
    """Wait until nobody can say anything any more: that is heard at once, while an end would be looked for now and then."""
    silence = select.poll()
    if child.stdout is not None:
        silence.register(child.stdout, 0)
        silence.poll(patience * 1000)


def _words(child: subprocess.Popen[bytes]) -> tuple[Word, ...]:
    """What a child that has ended had said. It could not say more than the pipe takes."""
    if child.stdout is None:
        return ()
    os.set_blocking(child.stdout.fileno(), False)
    words: list[Word] = []
    for line in (child.stdout.read(MOST_WORDS) or b"").splitlines():
        try:
            words.append(msgspec.json.decode(line, type=Word))
        except (msgspec.DecodeError, UnicodeDecodeError):
            words.append(Word(broke=("check-crashed", "it said what nobody can read")))
            break
    return tuple(words)


@dataclass(frozen=True)
class _Told:
    """What came of one child. `late`: it was ended for the time that it took."""

    code: int
    late: bool
    words: tuple[Word, ...] = field(default_factory=tuple)

    @property
    def died(self) -> int:
        """The signal that ended it, but for ours; 0 when it ended by itself."""
        return 0 if self.late else max(0, -self.code)

    def facts(self) -> MediaFacts:
        """The last that it said, doubted unless it came to a good end. Refused when that was its word."""
        if not self.words:
            raise _unavailable(f"it ended with {self.code} before it began")
        last = self.words[-1]
        if last.refused:
            raise Refused(*last.refused)
        known = [word.facts for word in self.words if word.facts]
        found = known[-1] if known else MediaFacts(*media.UNKNOWN, Verdict.UNVERIFIED, None)
        return found if last.done and known and self.code == 0 else found.doubted(*self._end(last))

    def _end(self, last: Word) -> tuple[str, str]:
        if last.broke:
            return last.broke
        if self.late or self.died == signal.SIGXCPU:
            return "check-too-slow", "it was ended for the time that it took"
        how = signal.Signals(self.died).name if self.died else f"exit code {self.code}"
        return "check-crashed", f"it ended with {how}"


def _unavailable(detail: str) -> Transient:
    return Transient("check-unavailable", detail, asked=False)
