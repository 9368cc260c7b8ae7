"""Files that survive: whole under their name or not there at all, safely on disk when a call returns, never through a
symbolic link, and with the errors of the system told as ours. What the archive on a disk is made of.
"""

import errno
import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from io import BufferedReader
from pathlib import Path

from shared.errors import Transient, Whose

READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
WRITE = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
ABSENT = (
    errno.ENOENT,
    errno.ENOTDIR,
    errno.ELOOP,
)  # the last two: a file, or a link, where a folder should be


@contextmanager
def writing(what: str) -> Iterator[None]:
    """Transient `no-space` or `archive-unwritable`, which nobody is charged for, in the place of an OSError."""
    try:
        yield
    except OSError as error:
        code = "no-space" if error.errno in NO_SPACE else "archive-unwritable"
        detail = f"{what}: {error.strerror or type(error).__name__}"
        raise Transient(code, detail, whose=Whose.VENDOR, asked=False) from error


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Transient `archive-unreadable`, which nobody is charged for, in the place of an OSError."""
    try:
        yield
    except OSError as error:
        detail = f"{what}: {error.strerror or type(error).__name__}"
        raise Transient("archive-unreadable", detail, whose=Whose.VENDOR, asked=False) from error


@contextmanager
def locked(path: Path, *, wait: bool = False) -> Iterator[None]:
    """Ours alone until the end, or until this process dies. Transient `spool-busy` when somebody has it; or wait."""
    with writing(path.name):
        try:
            descriptor = _lock(path, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Transient("spool-busy", f"somebody else holds {path.name}", asked=False) from None
    try:
        yield
    finally:
        with suppress(OSError):  # a lock file that stays behind locks nothing
            path.unlink()
        os.close(descriptor)


def _lock(path: Path, how: int) -> int:
    while True:
        descriptor = os.open(path, WRITE, 0o644)
        try:
            fcntl.flock(descriptor, how)
        except OSError:
            os.close(descriptor)
            raise
        if _names(path, descriptor):
            return descriptor
        os.close(descriptor)


def _names(path: Path, descriptor: int) -> bool:
    """Whether the path still names this very file: who held it before us removes it at the end."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


@contextmanager
def folder(root: Path, names: Sequence[str], *, create: bool = False) -> Iterator[int]:
    """A folder below the root, open, reached name by name and through no link. OSError."""
    with ExitStack() as opened:
        here = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        opened.callback(os.close, here)
        for name in names:
            if create:
                _make(here, name)
            here = os.open(name, READ | os.O_DIRECTORY, dir_fd=here)
            opened.callback(os.close, here)
        yield here


def _make(parent: int, name: str) -> None:
    try:
        os.mkdir(name, dir_fd=parent)
    except FileExistsError:
        return
    os.fsync(parent)


def read_whole(where: int, name: str) -> BufferedReader:
    """A file in an open folder, open for reading. OSError."""
    return open(name, "rb", opener=lambda path, flags: os.open(path, flags | os.O_NOFOLLOW, dir_fd=where))


def opened(root: Path, path: str) -> BufferedReader | None:
    """A file below the root, open for reading; None when there is none, or only a link. Transient as `reading`."""
    *parents, name = path.split("/")
    with reading(path):
        try:
            with folder(root, parents) as where:
                return read_whole(where, name)
        except OSError as error:
            if error.errno not in ABSENT:
                raise
    return None


def write_whole(where: int, name: str, content: Iterable[bytes]) -> None:
    """Put a file into an open folder, or put it in the place of the one of that name, in one step. OSError."""
    draft = f".{name}.new"
    descriptor = os.open(draft, WRITE | os.O_TRUNC, 0o644, dir_fd=where)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(content)
            file.flush()
            os.fsync(descriptor)
        os.rename(draft, name, src_dir_fd=where, dst_dir_fd=where)
    except OSError:
        os.unlink(draft, dir_fd=where)
        raise
    os.fsync(where)
