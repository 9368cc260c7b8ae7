"""The secrets of Gleaner: those that it makes for itself, and whether one that an owner chose is fit to be one.

What it makes is one file each in its home, made once, readable by its owner alone. However many processes ask at the same
moment, all get the same secret, and none ever sees half of one: the file is written aside and linked into place, which
fails where another was faster. Nothing here prints or logs a secret, nor does any error hold one.
"""

import os
import re
import secrets
from pathlib import Path
from tempfile import NamedTemporaryFile

from shared.errors import Misconfigured

ADMIN_TOKEN = "admin-token"  # noqa: S105 - the name of a file
SECRET_KEY = "secret-key"  # noqa: S105 - the name of a file
_SETTINGS = {ADMIN_TOKEN: "ADMIN_TOKEN", SECRET_KEY: "SECRET_KEY"}
_BYTES = 32
_LEAST = {
    ADMIN_TOKEN: 16,
    SECRET_KEY: 32,
}  # characters; nobody guesses 16 over a network, but a key may be tried at home
# Nothing of fewer than seven letters, which would turn up by chance in one of some hundred thousand good secrets.
_PLACEHOLDER = re.compile(
    r"change.?(me|it|this)|replace.?(me|it|this|with)|your.?(own|secret|admin|key|token)|my.?(secret|admin|token)"
    r"|placeholder|insecure|example|default|password|super.?secret|secret.?key|admin.?token",
    re.IGNORECASE,
)
_VARIETY = 5  # different characters; hexadecimal digits by chance have more


def admin_token(text: str) -> str:
    """One or several tokens, comma-separated, each fit to be one; or none: "". ValueError for one that is not."""
    return _fit(text, ADMIN_TOKEN)


def secret_key(text: str) -> str:
    """One or several keys, comma-separated, each fit to be one; or none: "". ValueError for one that is not."""
    return _fit(text, SECRET_KEY)


def _fit(text: str, name: str) -> str:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    for number, part in enumerate(parts, 1):
        if trouble := unfit(part, _LEAST[name]):
            which = f"number {number} of {len(parts)} " if len(parts) > 1 else ""
            raise ValueError(f"{which}{trouble}; `openssl rand -hex 32` makes a good one")
    return ",".join(parts)


def unfit(secret: str, least: int) -> str:
    """Why a secret would be guessed: it is shorter than so many characters, stands in examples, or repeats itself."""
    if len(secret) < least:
        return f"has {len(secret)} characters, and needs at least {least}"
    if _PLACEHOLDER.search(secret):
        return "is a placeholder, which others know"
    if len(set(secret)) < _VARIETY or _repeats(secret):
        return "repeats itself"
    return ""


def _repeats(secret: str) -> bool:
    """Whether it is one piece over and over, the last time perhaps cut short."""
    pieces = (secret[:length] for length in range(1, len(secret) // 2 + 1))
    return any(secret == (piece * len(secret))[: len(secret)] for piece in pieces)


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
    """The secret of this name. FileNotFoundError when there is none yet; Misconfigured when its file is empty, or it is unfit."""
    path = home / name
    secret = path.read_text(encoding="utf-8").strip()
    if not secret.strip(", "):
        raise Misconfigured("secret-unreadable", f"{path} is empty")
    try:
        return _fit(secret, name)
    except ValueError as error:
        raise Misconfigured("bad-setting", f"{path} ({_SETTINGS[name]}): {error}") from error


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
