"""What the machine itself has to bring: Python, time zones, enough open files."""

import platform
import resource
from collections.abc import Collection, Iterator
from zoneinfo import available_timezones

from gleaner.checks.finding import Finding, fail, ok, warn

OLDEST_PYTHON = (3, 11)
ZONES = 400  # the database has had more than that for decades
ENOUGH_FILES, TOO_FEW_FILES = (
    1024,
    256,
)  # ours: a server of eight threads, a store, and a socket for each of them


def machine() -> Iterator[Finding]:
    """Everything about this machine."""
    yield python(platform.python_version_tuple(), platform.python_version())
    yield time_zones(available_timezones())
    yield open_files(resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def python(version: tuple[str, str, str], text: str) -> Finding:
    """The interpreter's version."""
    if (int(version[0]), int(version[1])) < OLDEST_PYTHON:
        return fail("python", f"Python {text} is too old", "install Python 3.11 or newer and make .venv anew")
    return ok("python", f"Python {text}")


def time_zones(known: Collection[str]) -> Finding:
    """Whether hours of the day can be told anywhere."""
    if len(known) < ZONES:
        return fail(
            "zones", f"only {len(known)} time zones are known here", "install the package tzdata into .venv"
        )
    return ok("zones", f"{len(known)} time zones are known")


def open_files(most: int) -> Finding:
    """How many files and connections a process may have open at once."""
    if most == resource.RLIM_INFINITY or most >= ENOUGH_FILES:
        return ok("files", "enough files may be open at once")
    said = f"a process may have only {most} files open at once"
    remedy = f"raise the limit: `ulimit -n {ENOUGH_FILES}`, or LimitNOFILE= where systemd starts it"
    return (fail if most < TOO_FEW_FILES else warn)("files", said, remedy)
