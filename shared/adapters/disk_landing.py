"""How unfinished bytes get their final name on a disk: one that nothing has, so that no byte that lies there is ever lost.

Whoever dies between that and the sidecar leaves a note by which the next owner brings them back.
"""

import errno
import os
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path

from shared.adapters.archive_keys import REJECTED, SIDECAR, not_as_told
from shared.adapters.disk import ABSENT, busy, folder, lies_at, name_anew, write_whole
from shared.adapters.disk_spool import PIECE, DiskSpool


def move(spool: DiskSpool, where: int, path: str, size: object) -> None:
    """Give the spool's bytes the last name of a path, in its open folder. FileExistsError when something has that name.

    Refused `archive-mismatch` unless there are `size` bytes; Transient `spool-busy` when a later owner has taken over.
    """
    if spool.size != size:
        raise not_as_told(path, spool.size)
    name = path.rpartition("/")[2]
    spool.will_land(path)
    try:
        name_anew(str(spool.path), name, where)
    except FileNotFoundError:
        raise busy(path) from None
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with spool.open() as source:  # the spool folder is on another disk
            write_whole(where, name, iter(partial(source.read, PIECE), b""), anew=True)
    os.fsync(where)


def make_way(root: Path, where: int, path: str) -> None:
    """Take away what lies under a final name and is no asset: kept beside the rejected, unless it was rejected before."""
    *parents, name = path.split("/")
    if not lies_at(name, where):
        return
    if parents[0] == REJECTED:
        os.unlink(name, dir_fd=where)
        return
    with folder(root, [REJECTED, *parents], create=True) as aside:
        _move_to_any(name, where, aside)


def _move_to_any(name: str, where: int, aside: int) -> None:
    for number in count(1):
        with suppress(FileExistsError):
            name_anew(name, f"{name}.{number}", aside, at=where)
            return


def take_back(root: Path, landing: str, home: Path) -> None:
    """Bring an orphan home: bytes that moved to their final name and never got their sidecar. OSError."""
    *parents, name = landing.split("/")
    try:
        with folder(root, parents) as where:
            if not lies_at(f"{name}{SIDECAR}", where):
                os.rename(name, home, src_dir_fd=where)
    except OSError as error:
        if error.errno not in (*ABSENT, errno.EXDEV):
            raise
