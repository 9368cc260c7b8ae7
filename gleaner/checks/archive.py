"""The archive and the disks below it: that it is ours, can be written, and has room. None is begun here."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gleaner.checks.finding import Finding, fail, ok, warn
from gleaner.checks.home import existing, unwritable
from gleaner.checks.stores import Store
from gleaner.checks.tools import now
from gleaner.show import size
from shared import wiring
from shared.adapters.archive_marker import MARKER
from shared.adapters.disk_archive import PARTIAL
from shared.adapters.redis_shared import RedisShared
from shared.errors import GleanerError
from shared.settings import Settings
from shared.space import Space

FEW_INODES, NO_INODES = 50_000, 1_000  # ours: a clip takes two, its day's folder one
HOME_BYTES = 100_000_000  # ours: what Redis and the logs of a bad night take
REMEDY = "clear up there, or lower SPACE_RESERVE"
MOUNT = "mount the disk of the archive; if this one is to be ours from now on, remove {} first"
OTHER = "let ARCHIVE_URL name an empty folder, or one that does not exist yet"


def archive(settings: Settings, store: Store | None = None) -> Iterator[Finding]:
    """The archive, whichever kind, and the disks of a folder. The store knows what of the room is promised."""
    if settings.archive_url and not settings.archive_url.startswith("file:///"):
        yield _opened(settings)
        return
    root = archive_folder(settings)
    yield _opened(settings) if _known(settings) else _to_be(root)
    yield from disks(settings, root, promised(settings, store) if store else 0)


def archive_folder(settings: Settings) -> Path:
    """Where the archive of a `file://` address, or of none, lies."""
    path = urlsplit(settings.archive_url).path
    return Path(unquote(path)) if path else settings.home / "archive"


def _known(settings: Settings) -> bool:
    path = settings.home / "archive-id"
    return path.exists() and path.stat().st_size > 0


def _to_be(root: Path) -> Finding:
    """What the first start will make of a folder; opening it would be that start."""
    if (root / MARKER).exists():
        return ok("archive", f"{root} holds one already, which `gleaner up` will take for ours")
    there = sorted(path.name for path in root.iterdir()) if root.is_dir() else []
    others = [name for name in there if name != "lost+found" and not name.startswith(".")]
    if others:
        return fail("archive", f"{root} holds no archive but other things: {', '.join(others[:3])}", OTHER)
    return ok("archive", f"none yet; `gleaner up` begins one in {root}")


def _opened(settings: Settings) -> Finding:
    try:
        opened = wiring.archive(settings)
        opened.free_bytes()
    except GleanerError as error:
        foreign = MOUNT.format(settings.home / "archive-id")
        remedy = foreign if error.code == "archive-foreign" else "see ARCHIVE_URL in `.env.example`"
        return fail("archive", error.detail or error.code, remedy)
    return ok("archive", f"{opened.id} is ours and there")


def promised(settings: Settings, store: Store) -> int:
    """Bytes that running fetches have still to write; 0 where nobody can tell."""
    if store.client is None or not _known(settings):
        return 0
    memory = RedisShared(store.client, settings.redis_prefix)
    try:
        opened, clock = wiring.archive(settings), now(settings, store)
        return Space(opened, memory, clock, settings.space_reserve, settings.lease).standing().promised
    except GleanerError:  # which another line tells of
        return 0


def disks(settings: Settings, root: Path, promised: int = 0) -> Iterator[Finding]:
    """Room for footage, and for what is kept about it."""
    spool = settings.spool_dir or root / PARTIAL
    found = [*_writing("ARCHIVE_URL", root), *_writing("SPOOL_DIR", spool)]
    for folder in {existing(path).stat().st_dev: existing(path) for path in (root, spool)}.values():
        found += [*room(folder, settings.space_reserve), *names(folder, os.statvfs(folder))]
    found += room(existing(settings.home), HOME_BYTES, "clear up there")
    found += _apart(existing(root), existing(spool))
    free, reserve = shutil.disk_usage(existing(root)).free, settings.space_reserve
    taken = f"{size(promised)} of it promised to running fetches, " if promised else ""
    told = f"{size(free)} free, {taken}and {size(reserve)} left alone"
    if free - promised <= reserve < free:
        found.append(warn("disk", f"{told}: other jobs wait for room", REMEDY))
    yield from dict.fromkeys(found) or [ok("disk", told)]


def _writing(setting: str, folder: Path) -> Iterator[Finding]:
    if trouble := unwritable(folder):
        yield fail(
            "disk", f"{folder} cannot be written: {trouble}", f"give it to this user, or set {setting}"
        )


def room(folder: Path, least: int, remedy: str = REMEDY) -> Iterator[Finding]:
    """Whether more than so many bytes are free on a folder's disk."""
    free = shutil.disk_usage(folder).free
    if free <= least:
        yield fail("disk", f"{size(free)} are free at {folder}, and {size(least)} are to stay free", remedy)


def names(folder: Path, disk: os.statvfs_result) -> Iterator[Finding]:
    """Whether a disk has room for further names (inodes); some file systems do not count them."""
    if disk.f_files and disk.f_favail < FEW_INODES:
        judge = fail if disk.f_favail < NO_INODES else warn
        yield judge("disk", f"only {disk.f_favail} more files fit at {folder}", "remove small files there")


def _apart(root: Path, spool: Path) -> Iterator[Finding]:
    if root.stat().st_dev != spool.stat().st_dev:
        said = f"the spool {spool} is on another disk than the archive, so every clip is written twice"
        yield warn("disk", said, "leave SPOOL_DIR unset, or set it to a folder on the archive's disk")
