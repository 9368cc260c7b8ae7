"""An owner's code that brings videos, as the tests need it: what it does stands in the descriptor that it is given."""

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from shared.domain.job import Window
from shared.errors import Gone, Misconfigured, Refused, Transient, Whose

RAISES = {
    "gone": Gone("media-gone", "404"),
    "refused": Refused("no-such-thing", "it never was"),
    "flow": Transient("flow-spent", "FL1004"),
    "away": Transient("library", "no route", whose=Whose.VENDOR),
    "failed": Transient("library", "error 7"),
}


def fetch(descriptor: Mapping[str, str], window: Window, target: Path, /) -> None:
    """Do as the descriptor says."""
    does = descriptor["does"]
    if does in RAISES:
        raise RAISES[does]
    _DEEDS[does](descriptor, window, target)


def _write(descriptor: Mapping[str, str], window: Window, target: Path) -> None:
    with target.open("xb") as file:
        file.write(descriptor["content"].encode())


def _tell(descriptor: Mapping[str, str], window: Window, target: Path) -> None:
    """Write what it was given, and what it could see without being told."""
    seen = f"{Path('/proc/self/cmdline').read_bytes()!r} {dict(os.environ)}"
    target.write_text(f"{window.start.isoformat()} {window.length.total_seconds():g}\n{seen}")


def _chatter(descriptor: Mapping[str, str], window: Window, target: Path) -> None:
    for stream in (sys.stdout, sys.stderr):
        print(descriptor["fileToken"], file=stream, flush=True)
    os.write(1, b'{"how": "gone"}')
    _write(descriptor, window, target)


def _betray(descriptor: Mapping[str, str], window: Window, target: Path) -> None:
    raise Transient("library", f"https://host/{descriptor['ak']} said no to {descriptor['fileToken']}\n")


def _break(descriptor: Mapping[str, str], window: Window, target: Path) -> None:
    raise ValueError(descriptor["fileToken"])


def _hang(descriptor: Mapping[str, str], window: Window, target: Path) -> None:
    target.write_text(str(os.getpid()))
    time.sleep(60)


def _exit(descriptor: Mapping[str, str], window: Window, target: Path) -> None:
    sys.exit("as a program would")


def _misconfigured(descriptor: Mapping[str, str], window: Window, target: Path) -> None:
    raise Misconfigured("bad-setting", "the library's licence is missing")


_DEEDS = {
    "write": _write,
    "tell": _tell,
    "chatter": _chatter,
    "betray": _betray,
    "break": _break,
    "hang": _hang,
    "exit": _exit,
    "misconfigured": _misconfigured,
}
