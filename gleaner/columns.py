"""Text in columns, as terminals show it: a Chinese character is two columns wide, a combining one none."""

import unicodedata
from collections.abc import Iterable, Sequence

_WIDE = ("W", "F")


def width(text: str) -> int:
    """How many columns a text takes."""
    return sum(_width(character) for character in text)


def shorten(text: str, columns: int) -> str:
    """A text on one line, with an ellipsis in its last column where it would take more."""
    text = " ".join(text.split())
    if width(text) <= columns:
        return text
    taken = 1  # by the ellipsis
    for at, character in enumerate(text):
        taken += _width(character)
        if taken > columns:
            return f"{text[:at]}…"
    return text


def plain(text: str) -> str:
    """A text without what commands a terminal: each such character is a space."""
    return "".join(" " if unicodedata.category(character) == "Cc" else character for character in text)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as they need to be. Every cell is `plain`."""
    lines = [[plain(cell) for cell in line] for line in (heads, *rows)]
    widths = [max(width(line[column]) for line in lines) for column in range(len(heads))]
    return "\n".join("  ".join(map(_padded, line, widths)).rstrip() for line in lines)


def _padded(text: str, columns: int) -> str:
    return text + " " * (columns - width(text))


def _width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1
