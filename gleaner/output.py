"""What a supervised process says: all of it into a log file of bounded size, its complaints to people as well.

A file grows to `LARGEST` bytes, then the one before it is dropped and it takes that place, so that months leave two
files. A complaint is a line of the level warning or above, as JSON or as Python, Celery and gunicorn write text; the
same complaint is not shown again for a minute. What did not come through the one set-up of logs, an interpreter's last words
for example, is brought into the same form here, and opens no door either.
"""

import json
import re
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from textwrap import shorten
from typing import IO

from shared.logs import as_json, on_one_line, redact

LARGEST = 8 << 20
LONGEST = 400  # characters of a complaint
QUIET_SECONDS = 60.0
_REMEMBERED = 200
_DRAIN_SECONDS = 0.5
_LOUD = {"WARNING", "ERROR", "CRITICAL"}
_OURS = b'{"at": "'  # how our own formatter begins; it has masked what opens a door
_TEXT_LEVEL = re.compile(r"\b(WARNING|ERROR|CRITICAL)\b[\]/:\s]*(?:[\w-]+\]\s*)?(.*)")

Complain = Callable[[str, str], None]  # the name of a process, and what is wrong


class LogFile:
    """One process's log: begun anew with its first line and whenever it is full; one old one is kept."""

    def __init__(self, folder: Path, name: str, largest: int = LARGEST) -> None:
        self.path = folder / f"{name}.log"
        self._largest = largest
        self._guard = threading.Lock()
        self._file: IO[bytes] | None = None
        self._begun = False

    def add(self, line: bytes) -> None:
        """Append a line. A full disk loses it, and nothing else."""
        with self._guard, suppress(OSError):
            if not self._begun or (self._file and self._file.tell() > self._largest):
                self._turn()
            self._file = self._file or self.path.open("ab", buffering=0)
            self._file.write(line)

    def close(self) -> None:
        """Close the file; another line opens it again."""
        with self._guard:
            self._close()

    def _turn(self) -> None:
        self._close()
        if self.path.exists():
            self.path.replace(self.path.with_suffix(".log.1"))
        self._begun = True

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class Output:
    """Reads one process's output until it ends. `last` is its last line with something on it."""

    def __init__(self, name: str, log: LogFile, complain: Complain, as_json: bool = False) -> None:
        self.last = ""
        self._name = name
        self._log = log
        self._complain = complain
        self._as_json = as_json
        self._reader: threading.Thread | None = None

    def follow(self, stream: IO[bytes]) -> None:
        """Read in a thread of its own, which ends with the stream."""
        self._reader = threading.Thread(
            target=self._read, args=(stream,), name=f"output-{self._name}", daemon=True
        )
        self._reader.start()

    def drain(self) -> None:
        """Wait a moment until the last words are in."""
        if self._reader is not None:
            self._reader.join(_DRAIN_SECONDS)

    def _read(self, stream: IO[bytes]) -> None:
        with stream, closing(self._log):
            for line in stream:
                if line.startswith(_OURS):
                    self.write(line.decode(errors="backslashreplace"))
                else:
                    self._bring(redact(line.decode(errors="backslashreplace").rstrip("\r\n")))

    def _bring(self, said: str) -> None:
        if not self._as_json:
            self._log.add(f"{on_one_line(said)}\n".encode())
        elif said.strip():
            level = match[1] if (match := _TEXT_LEVEL.search(said)) else "INFO"
            self._log.add(f"{as_json(self._name, level, said)}\n".encode())
        self._heed(said.strip())

    def write(self, text: str) -> None:
        """Take whole lines, as the stream of a log handler of this process."""
        self._log.add(text.encode())
        self._heed(text.strip())

    def flush(self) -> None:
        """Nothing is held back."""

    def _heed(self, line: str) -> None:
        if line:
            self.last = on_one_line(line)
        if wrong := complaint(line):
            self._complain(self._name, wrong)


class Once:
    """Passes a complaint on unless the same was passed on within a minute."""

    def __init__(self, onward: Complain, clock: Callable[[], float] = time.monotonic) -> None:
        self._onward = onward
        self._clock = clock
        self._guard = threading.Lock()
        self._said: dict[tuple[str, str], float] = {}

    def __call__(self, name: str, wrong: str) -> None:
        """Say it, or not again."""
        with self._guard:
            now = self._clock()
            if now - self._said.get((name, wrong), float("-inf")) < QUIET_SECONDS:
                return
            if len(self._said) >= _REMEMBERED:
                self._said.clear()
            self._said[name, wrong] = now
        self._onward(name, wrong)


def complaint(line: str) -> str:
    """The sentence of a line that is a warning or worse, on one line and not endless; else an empty one."""
    said = _json_complaint(line) if line.startswith("{") else _text_complaint(line)
    return on_one_line(shorten(said, LONGEST, placeholder=" ..."))


def _text_complaint(line: str) -> str:
    match = _TEXT_LEVEL.search(line)
    return match[2] if match else ""


def _json_complaint(line: str) -> str:
    try:
        entry = json.loads(line)
    except ValueError:
        return ""
    if str(entry.get("levelname")) not in _LOUD:
        return ""
    said = [entry.get(name) for name in ("message", "code", "camera", "job", "detail")]
    return ", ".join(str(part) for part in said if part)
