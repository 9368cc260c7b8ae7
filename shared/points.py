"""Named points between any two steps at which the crash harness has a process kill itself; to everybody else they are nothing.

A kill uses up a ticket: a file `POINT.something` in a folder that the harness fills, so that it decides how often and the
process that comes first dies.
"""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

POINTS = (
    "prepare-claimed",
    "prepare-answered",
    "prepare-recorded",
    "callback-read",
    "callback-recorded",
    "ask-answered",
    "fetch-claimed",
    "fetch-kept",
    "fetch-checked",
    "fetch-hashed",
    "landing-moved",
    "aside-unmarked",
    "fetch-published",
    "fetch-recorded",
    "withdraw-told",
    "settle-renewed",
    "settle-linked",
    "settle-judged",
    "settle-aside",
    "settle-wished",
    "harvest-claimed",
    "harvest-page",
    "harvest-kept",
    "harvest-read",
    "closing-wished",
    "harvest-listed",
    "tell-wished",
    "tell-described",
    "tell-acknowledged",
)

Reach = Callable[[str], None]


def pass_by(point: str) -> None:
    """Nothing happens here."""


def by_tickets(folder: Path) -> Reach:
    """Die wherever there is a ticket for it."""

    def reach(point: str) -> None:
        for ticket in folder.glob(f"{point}.*"):
            with suppress(FileNotFoundError):  # somebody else has died by it
                ticket.unlink()
                os.kill(os.getpid(), signal.SIGKILL)

    return reach
