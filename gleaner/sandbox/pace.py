"""How fast the simulated platform lives; tests shrink it, nothing else of it changes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """Lengths of time in seconds."""

    speed: float = 1.0
    """Seconds of footage that a device sends in one second."""
    longest: float = 4.0
    """But no download takes longer than this, whatever its window."""
    cadence: float = 0.5
    """Between two callbacks, and from the end of a stream to its file."""
    linger: float = 900.0
    """From the file to the moment when nobody knows the stream any more."""
    callback_timeout: float = 10.0
    callback_retry: float = 3.0
    """Wait before the one repetition of a callback that was not taken."""
