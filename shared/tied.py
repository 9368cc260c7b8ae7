"""A child that ends with its parent, however that ends: what runs apart must not outlive whoever waits for it."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def tie(parent: int) -> None:
    """End with the parent, at once when it has ended before. Where there is no such kernel, limits of time must do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the parent has died")
