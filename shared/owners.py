"""Who holds a lease: host, process and its start, so that on one machine a dead owner can be told from a slow one.

A process is known by its number and the moment of its start, for numbers are used again, and both only within one boot
and one namespace of process numbers: whoever sees other processes than we do is none of our business. Where the system does
not tell (no /proc), nobody is taken for dead, and leases run out by themselves.
"""

import hashlib
import os
import socket
from pathlib import Path
from uuid import uuid4

_PROC = Path("/proc")


def this_process() -> str:
    """A name for this process as an owner; another one at each call, so that several in one process stay apart."""
    return f"{_place()}/{os.getpid()}/{_started(os.getpid()) or 0}/{uuid4().hex[:8]}"


def is_dead(owner: str) -> bool:
    """Whether an owner was a process that we would see if it lived, and do not. False for whatever cannot be known."""
    place, _, rest = owner.partition("/")
    pid, _, rest = rest.partition("/")
    start = rest.partition("/")[0]
    if place != _place() or not (pid.isdigit() and start.isdigit()) or start == "0":
        return False
    return _started(int(pid)) != int(start)


def _place() -> str:
    """The host, and which of its boots and namespaces this process is in."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        seen = str((_PROC / "self/ns/pid").readlink())
    except OSError:
        boot = seen = ""
    return f"{socket.gethostname()}-{hashlib.sha256(f'{boot} {seen}'.encode()).hexdigest()[:8]}"


def _started(pid: int) -> int | None:
    """When a process began, in the kernel's ticks since boot; None when there is none, or only its remains."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])
