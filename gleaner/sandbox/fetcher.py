"""The closed library of the simulated cloud, as an owner's fetcher (`gleaner.sandbox.fetcher:fetch`): it draws a record's video.

How the real library reaches the real videos is not public, so nothing is asked of anybody here: the descriptor of a simulated
record leads nowhere, and whoever has it has enough to draw what it shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from gleaner.sandbox.accounts import FILE_TOKEN
from gleaner.sandbox.muxer import Footage, scenes


class Window(Protocol):
    """As much of a window as is needed here."""

    @property
    def start(self) -> datetime: ...
    @property
    def end(self) -> datetime: ...


def fetch(descriptor: Mapping[str, str], window: Window, target: Path, /) -> None:
    """Write the video of one simulated record; ValueError for any other."""
    if not descriptor.get("fileToken", "").startswith(FILE_TOKEN):
        raise ValueError("these are no keys of the sandbox")
    title = f"{descriptor['deviceId']} {descriptor['recordPath']}"
    drawn = scenes()
    Footage(
        drawn[sum(title.encode()) % len(drawn)], (window.end - window.start).total_seconds(), title
    ).write(target)
