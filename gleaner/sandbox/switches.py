"""Everything the simulated SMS platform can do wrong: the switches, and what each does.

All are off by default. They are thrown by `POST /sandbox/switches` or `--switch`, for all, for a device, for one channel of
it, or for a camera by its name in the cameras file. What is known of comparable platforms is behind every one of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Switches:
    """Lengths of time are seconds; 0, False and "no" mean: behave."""

    # The platform
    away: Literal["no", "503", "hang-up"] = "no"
    """Every request, media too, is refused or hung up on; only meaningful for all devices."""

    # The submission
    refuse: Literal["no", "500", "503", "hang-up"] = "no"
    """A well-formed submission gets this instead of an answer, and nothing starts."""
    offline: bool = False
    """The device is not reachable: refused."""
    no_recording: bool = False
    """The device holds no footage of any window: refused."""
    busy_for: float = 0.0
    """Refused as busy for so long, counted from when the switch was thrown."""
    slow_submit: float = 0.0
    """The download runs, but the answer comes so much later."""
    lose_answer: bool = False
    """The download runs, and the connection is closed without an answer."""
    reuse_stream_id: bool = False
    """Each channel gets the same stream id for every download."""

    # What is reported
    unit: Literal["fraction", "percent", "percent-sign", "number"] = "fraction"
    """How progress is written: "0.35", "35", "35%", or the bare JSON number 0.35."""
    progress: Literal["honest", "stays-0", "back-to-0", "bare-1"] = "honest"
    """0 to the very end; 0 again from the stream's end until the file is there; "1" from the first word on."""
    early_address: Literal["no", "growing", "missing"] = "no"
    """The address is told from the start; until the end it serves a growing file without index, or nothing."""
    wrong_address_first: bool = False
    """Until the end, the address told is that of another camera's footage."""
    stream_gone: Literal["no", "before-file", "for-good"] = "no"
    """Once the stream has ended nobody knows it: the file is still announced, or never comes."""
    late_file: float = 0.0
    """So much longer between the stream's end and the file."""

    # How callbacks travel
    drop_callbacks: float = 0.0
    """Share of callbacks that are never sent: 1 is all."""
    duplicate: int = 1
    """How often each callback is sent."""
    shuffle: bool = False
    """Callbacks are sent in another order."""
    seed: int = 0
    """Of every throw of the dice."""

    # The files
    files: int = 1
    """In so many files, one after the other, the footage of one download comes."""
    delivered: float = 1.0
    """Share of the window that the footage really covers."""
    index_last: bool = False
    """The file's index stands behind its pictures."""
    media: Literal["no", "404", "500", "truncated", "html"] = "no"
    """What fetching a file gives instead of the file."""
    media_rate: int = 0
    """Bytes a second at which a file is served."""

    def __post_init__(self) -> None:
        if not 1 <= self.files <= 100 or self.duplicate > 100 or self.delivered <= 0:
            raise ValueError("files from 1 to 100, duplicate up to 100, delivered above 0")


OF_THE_DEVICE = frozenset({"offline", "busy_for"})
"""Switches that no channel has for itself: set for one, they hold for its whole device."""
