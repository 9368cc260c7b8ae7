"""How the checks of media look at bytes: a few at a time, wherever they lie, however large the file."""

import os
from typing import BinaryIO

PADDING = b"\0\r\n"
MOST_PADDING = 4096  # bytes; some cameras fill up their last block


def size_of(stream: BinaryIO) -> int:
    """How many bytes there are."""
    return stream.seek(0, os.SEEK_END)


def read_at(stream: BinaryIO, offset: int, length: int) -> bytes:
    """So many bytes from there on; fewer at the end."""
    stream.seek(offset)
    return stream.read(length)


def only_padding(stream: BinaryIO, start: int) -> bool:
    """Whether nothing but a camera's padding follows from there on."""
    rest = read_at(stream, start, MOST_PADDING + 1)
    return len(rest) <= MOST_PADDING and not rest.strip(PADDING)
