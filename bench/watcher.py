"""Looks again and again at what lies under final names, and notes each name that ever held anything but its whole file."""

import hashlib
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from bench.footage import Clip

PAUSE = 0.05  # seconds

Named = Callable[[], Iterable[tuple[Path, Clip]]]  # every file under a final name, with what it must be


class Watcher(threading.Thread):
    """Runs from `with` to its end. `wrong`: the names that ever held other bytes. Files that are as before are not read again."""

    def __init__(self, named: Named) -> None:
        super().__init__(name="watcher", daemon=True)
        self._named = named
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._known: dict[Path, tuple[int, int]] = {}
        self.wrong: set[Path] = set()

    def __enter__(self) -> "Watcher":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        """The thread's body."""
        while not self._over.wait(PAUSE):
            self.look()

    def look(self) -> None:
        """Look once."""
        with self._lock:
            for path, clip in self._named():
                with suppress(FileNotFoundError):  # a name that was taken back held nothing
                    if path not in self.wrong and self._changed(path) and not holds(path, clip):
                        self.wrong.add(path)

    def _changed(self, path: Path) -> bool:
        stat = path.stat()
        now = (stat.st_size, stat.st_mtime_ns)
        before = self._known.get(path)
        self._known[path] = now
        return before != now


def holds(path: Path, clip: Clip) -> bool:
    """Whether these are the very bytes."""
    if path.stat().st_size != clip.size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == clip.sha256
