"""What the simulated platform says about a running download, and in which spelling.

The callback's three fields are on the vendor's page, their types are not; the answer to a progress query is assumed
to hold the same three in the spelling of the other answers.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gleaner.sandbox.switches import Switches

PROGRESS_FIELD = "download_progress"
_CAMEL = ("streamId", "fileUrl", "downloadProgress")
_SNAKE = ("stream_id", "file_url", PROGRESS_FIELD)
_FALLS_FROM, _FALLS_UNTIL = 0.5, 0.8


@dataclass(frozen=True)
class Report:
    """How a download stands: what is called back, and what a query is told."""

    stream_id: str
    file_url: str
    progress: str | float

    def as_callback(self, *, snake: bool = False) -> dict[str, str | float]:
        """Progress as it is spelt; the names as on the page, or as in its answers."""
        names = _SNAKE if snake else _CAMEL
        return dict(zip(names, (self.stream_id, self.file_url, self.progress), strict=True))

    def as_answer(self) -> dict[str, str]:
        """All as text."""
        return {name: str(value) for name, value in self.as_callback(snake=True).items()}


def spell(share: float, switches: Switches, *, ended: bool, filed: bool) -> str | float:
    """A share from 0 to 1 as the platform writes it, twisted as the switches want."""
    if switches.progress == "bare-1":
        return "1"
    if switches.progress == "back-to-0":
        share = 0.0 if ended and not filed else share
    elif twist := _TWISTS.get(switches.progress):
        share = twist(share)
    return _SPELLINGS[switches.unit](round(share, 2))


def _fallen(share: float) -> float:
    return share * 0.4 if _FALLS_FROM <= share < _FALLS_UNTIL else share


def _percent(share: float) -> str:
    return str(round(share * 100)) if math.isfinite(share) else _fraction(share)


def _fraction(share: float) -> str:
    return str(share) if math.isfinite(share) else json.dumps(share)


_TWISTS: Mapping[str, Callable[[float], float]] = {
    "stays-0": lambda _: 0.0,
    "falls": _fallen,
    "freezes": lambda share: min(share, 0.5),
    "nan": lambda _: math.nan,
    "infinity": lambda _: math.inf,
    "negative": lambda share: -share,
    "over-100": lambda share: 101 + share,
}
_SPELLINGS: Mapping[str, Callable[[float], str | float]] = {
    "fraction": _fraction,
    "percent": _percent,
    "percent-sign": lambda share: f"{_percent(share)}%",
    "number": lambda share: share,
}
