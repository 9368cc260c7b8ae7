"""Looks for secrets in whatever was written: as they are, and inside base64 of either alphabet, wherever in it they begin.

The secrets of the vendor that is played here end in 32 hexadecimal digits, so that thousands are looked for at once; addresses
of ours are looked for one by one.
"""

import base64
import re
from collections.abc import Iterable, Iterator

HEX = re.compile(rb"[0-9a-f]{32,}")
PACKED = re.compile(rb"[A-Za-z0-9+/_-]{44,}")  # as long as 32 characters become
TAIL = 32


def traces(content: bytes, tails: set[bytes]) -> set[bytes]:
    """The tails of secrets in these bytes."""
    return {
        run[at : at + TAIL] for text in _texts(content) for run in HEX.findall(text) for at in _places(run)
    } & tails


def shown(content: bytes, doors: Iterable[bytes]) -> set[bytes]:
    """Which of a few texts stand in these bytes."""
    texts = list(_texts(content))
    return {door for door in doors if any(door in text for text in texts)}


def _places(run: bytes) -> range:
    return range(len(run) - TAIL + 1)


def _texts(content: bytes) -> Iterator[bytes]:
    yield content
    for packed in PACKED.findall(content):
        plain = packed.translate(bytes.maketrans(b"-_", b"+/"))
        for shift in range(4):
            part = plain[shift:]
            yield base64.b64decode(part + b"A" * (-len(part) % 4))
