"""The secrets that Gleaner makes for itself: one file each in its home, made once, readable by its owner alone.

However many processes ask at the same moment, all get the same secret, and none ever sees half of one: the file is
written aside and linked into place, which fails where another was faster. Nothing here prints or logs a secret.
"""

import os
import secrets
from pathlib import Path
from tempfile import NamedTemporaryFile

from shared.errors import Misconfigured

ADMIN_TOKEN = "admin-token"  # noqa: S105 - the name of a file
SECRET_KEY = "secret-key"  # noqa: S105 - the name of a file
_BYTES = 32


def load_or_create(home: Path, name: str) -> str:
    """The secret of this name, made now if there is none. Misconfigured when it cannot be read, made, or is empty."""
    path = home / name
    try:
        if not path.exists():
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            _create(path)
        return load(home, name)
    except OSError as error:
        raise Misconfigured("secret-unreadable", f"{path}: {error.strerror or error}") from error


def load(home: Path, name: str) -> str:
    """The secret of this name. FileNotFoundError when there is none yet; Misconfigured when its file is empty."""
    path = home / name
    secret = path.read_text(encoding="utf-8").strip()
    if not secret:
        raise Misconfigured("secret-unreadable", f"{path} is empty; remove it, and a new one is made")
    return secret


def _create(path: Path) -> None:
    """Temporary files are made exclusively, and with mode 0600."""
    with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}-", encoding="utf-8") as aside:
        aside.write(f"{secrets.token_urlsafe(_BYTES)}\n")
        aside.flush()
        os.fsync(aside.fileno())
        try:
            path.hardlink_to(aside.name)
        except FileExistsError:
            return  # another process was faster, and its secret is ours, too
    _keep(path.parent)


def _keep(folder: Path) -> None:
    """A new name survives a loss of power only when its folder is on the disk, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
