"""Where `gleaner up` speaks: whole lines on standard output, from any thread, and never an error of its own.

A terminal that has gone away, or a pipe that nobody reads, ends nothing that runs.
"""

import sys
import threading
from datetime import datetime


class Terminal:
    """Standard output, line by line."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self.interactive = sys.stdout.isatty()

    def say(self, line: str) -> None:
        """A line as it is."""
        with self._guard:
            try:
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()
            except (OSError, ValueError):
                return  # nobody is there to read it; the logs have it, too

    def tell(self, line: str) -> None:
        """A line with the time before it."""
        self.say(f"{datetime.now().astimezone():%H:%M:%S}  {line}")

    def complain(self, name: str, wrong: str) -> None:
        """What is wrong with a process."""
        self.tell(f"{name}: {wrong}")
