"""GLEANER_HOME: whether it can be written, and whether what is secret in it is nobody else's to read."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile

from gleaner.checks.configuration import Case, declared
from gleaner.checks.finding import Finding, fail, ok, warn
from gleaner.processes import take
from gleaner.simulation import was_simulated
from shared import secrets
from shared.errors import Misconfigured

OTHERS = stat.S_IRWXG | stat.S_IRWXO
_LOST = {
    secrets.SECRET_KEY: "; what is sealed is lost with the old one, and running downloads are heard of by asking alone"
}
WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def home(case: Case) -> Iterator[Finding]:
    """The folder, the generated secrets in it, and the `.env` that may hold others."""
    folder = case.settings.home
    trouble = unwritable(folder)
    if trouble:
        yield fail("home", f"GLEANER_HOME {folder}: {trouble}", "give it to this user, or set GLEANER_HOME")
    elif folder.exists():
        yield from _private(folder)
        yield from _simulated(case, folder)
    else:
        yield ok("home", f"{folder} does not exist yet; `gleaner up` makes it")
    for name in (secrets.ADMIN_TOKEN, secrets.SECRET_KEY):
        yield from _secret(folder, name)
    yield from _dotenv(case)


def _private(folder: Path) -> Iterator[Finding]:
    if folder.stat().st_mode & WRITABLE_BY_OTHERS:
        yield warn("home", f"{folder} can be written by others", f"chmod go-w {folder}")
    else:
        yield ok("home", f"{folder} can be written")


def _simulated(case: Case, folder: Path) -> Iterator[Finding]:
    if was_simulated(folder) and not case.played:
        said = "was filled by the sandbox before: it holds simulated footage"
        yield warn(
            "home", f"{folder} {said}", "begin in a home of its own: set GLEANER_HOME, or move this one away"
        )


def _secret(folder: Path, name: str) -> Iterator[Finding]:
    """Nothing is said of one that is not made yet, or is as it should be."""
    path = folder / name
    try:
        found, unfit = path.stat(), _unfit(folder, name)
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        yield fail(
            "home", f"{path} cannot be read ({type(error).__name__})", f"chown it to this user: {path}"
        )
        return
    if found.st_mode & OTHERS:
        yield fail("home", f"{path} can be read by others", f"chmod 600 {path}, and have a new one made")
    if unfit:
        yield fail("home", unfit, f"remove {path}, and a new one is made{_LOST.get(name, '')}")


def _unfit(folder: Path, name: str) -> str:
    try:
        secrets.load(folder, name)
    except Misconfigured as error:
        return error.detail
    return ""


def _dotenv(case: Case) -> Iterator[Finding]:
    path, kept = case.where.base / ".env", declared(list(case.vendors))
    holds_secret = any(kept.get(name) for name in case.where.dotenv)
    if holds_secret and path.exists() and path.stat().st_mode & OTHERS:
        yield warn("home", f"{path} holds secrets and can be read by others", f"chmod 600 {path}")


def unwritable(folder: Path) -> str:
    """Why nothing can be put into a folder, or, where it is not there yet, why it cannot be made; or nothing."""
    try:
        with TemporaryFile(dir=existing(folder)):
            return ""
    except OSError as error:
        return error.strerror or type(error).__name__


def existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))


def held(path: Path) -> bool:
    """Whether a living process holds a lock file. One that is not there yet is not made."""
    try:
        lock = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not take(lock)
    finally:
        os.close(lock)
