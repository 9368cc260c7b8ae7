"""Files that survive: whole under their name or not there at all, safely on disk when a call returns, never through a
symbolic link, and with the errors of the system told as ours. What the archive on a disk is made of.
"""

import ctypes
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
NO_SUCH_STEP = (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS)  # of a disk that cannot be asked for it
ABSENT = (
    errno.ENOENT,
    errno.ENOTDIR,
    errno.ELOOP,
)  # the last two: a file, or a link, where a folder should be
_HERE = -100  # AT_FDCWD: a relative path begins where the process is
_RENAME = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)


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
def locked(path: Path, *, wait: bool = False) -> Iterator[int]:
    """Ours alone until the end, or until this process dies: the lock's open file, in which there is room for a word.

    Transient `spool-busy` when somebody has it; or wait.
    """
    with writing(path.name):
        try:
            descriptor = _lock(path, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise busy(path.name) from None
    try:
        yield descriptor
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
        if names(path, descriptor):
            return descriptor
        os.close(descriptor)


def busy(what: str) -> Transient:
    """For whoever meets another owner, dead to the world as that one may be."""
    return Transient("spool-busy", f"somebody else holds {what}", asked=False)


def names(path: Path, descriptor: int) -> bool:
    """Whether the path still names this very file: of a lock, who held it before us removes it at the end."""
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


def name_anew(old: str, new: str, where: int, *, at: int | None = None) -> None:
    """Move a file to a name, in an open folder, that nothing has; else FileExistsError, and nothing has moved. OSError."""
    try:
        _rename_anew(old, new, where, _HERE if at is None else at)
    except OSError as error:
        if error.errno not in NO_SUCH_STEP:
            raise
        rename_unless_there(old, new, where, at=at)


def rename_unless_there(old: str, new: str, where: int, *, at: int | None = None) -> None:
    """The same in two steps. Nobody comes between them who honours the lock that is held meanwhile."""
    if lies_at(new, where):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new)
    os.rename(old, new, src_dir_fd=at, dst_dir_fd=where)


def _rename_anew(old: str, new: str, where: int, at: int) -> None:
    """Linux's renameat2 with RENAME_NOREPLACE, in one step; Python has no call of its own for it."""
    if _RENAME is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if _RENAME(at, os.fsencode(old), where, os.fsencode(new), 1):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), new)


def lies_at(name: str, where: int) -> bool:
    """Whether an open folder has anything of this name. OSError."""
    try:
        os.stat(name, dir_fd=where, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def write_whole(where: int, name: str, content: Iterable[bytes], *, anew: bool = False) -> None:
    """Put a file into an open folder, or put it in the place of the one of that name, in one step. OSError.

    `anew`: never in the place of another; FileExistsError.
    """
    draft = f".{name}.new"
    descriptor = os.open(draft, WRITE | os.O_TRUNC, 0o644, dir_fd=where)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(content)
            file.flush()
            os.fsync(descriptor)
        if anew:
            name_anew(draft, name, where, at=where)
        else:
            os.rename(draft, name, src_dir_fd=where, dst_dir_fd=where)
    except OSError:
        os.unlink(draft, dir_fd=where)
        raise
    os.fsync(where)
