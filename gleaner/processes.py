"""Who is alive, and how it is ended: locks that fall with their process, and signals with patience.

A lock is a `flock` on an open file. It belongs to whoever holds a copy of the descriptor, a child that inherited it
included, and the kernel lets go of it when the last of them has died, however it died.
"""

import fcntl
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

POLL_SECONDS = 0.02


def open_lock(path: Path) -> int:
    """A descriptor to `take`; closing it, or the death of all who have it, gives the lock free."""
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def take(lock: int) -> bool:
    """Whether the lock is ours now; taking what one has is fine."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def end_group(leader: int, ended: Callable[[], bool], patience: float) -> bool:
    """SIGTERM to a session's leader and all it has forked, and SIGKILL after `patience` seconds; whether it ended."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(leader, number)
        except ProcessLookupError:
            return ended()
        if wait_until(ended, patience):
            return True
    return False


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Look again and again, for so many seconds at most; whether it came true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
