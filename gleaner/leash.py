"""`leash.py PARENT COMMAND…`: becomes the command, which the kernel then ends when its parent dies, however it dies.

A script of its own, run before the command instead of between fork and exec, where a process with threads may hang.
Only Linux has this; elsewhere it is left out, and what a killed supervisor leaves behind goes on by itself.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
NOT_FOUND = 127


def main() -> None:
    """Tie, look whether the parent is still there to be tied to, and become the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the supervisor has died")
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell is what is wanted
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        sys.exit(NOT_FOUND)


if __name__ == "__main__":
    main()
