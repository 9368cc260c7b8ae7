"""Which archive a folder holds: its marker says so, and without one a folder of other things is never made an archive.

Whoever expects an archive is not given a new one in its place: the folder of a disk that is not mounted is empty, too.
"""

from collections.abc import Collection
from pathlib import Path

from ulid import ULID

from shared.adapters.disk import folder, locked, reading, write_whole, writing
from shared.errors import Misconfigured

MARKER = ".gleaner-archive"
LOCK = f"{MARKER}.lock"


def find(root: Path, archive_id: str) -> str:
    """The id, when that archive is there. Misconfigured when it is another one, or none."""
    found = _read(root)
    if found != archive_id:
        what = f"holds the archive {found}" if found else "holds no archive (is the disk mounted?)"
        raise Misconfigured("archive-foreign", f"{root} {what}; ours is {archive_id}")
    return archive_id


def begin_or_find(root: Path, ours: Collection[str]) -> str:
    """The id of the archive that is there, or of a new one. Misconfigured when there are other things than `ours`."""
    found = _read(root)
    if found is None:
        with writing(str(root)):
            root.mkdir(parents=True, exist_ok=True)
            with locked(root / LOCK, wait=True):
                found = _read(root) or _begin(root, ours)
    return found


def _begin(root: Path, ours: Collection[str]) -> str:
    others = sorted({path.name for path in root.iterdir()} - {LOCK, f".{MARKER}.new", "lost+found", *ours})
    if others:
        raise Misconfigured(
            "archive-foreign", f"{root} holds no archive but other things: {', '.join(others[:3])}"
        )
    archive_id = str(ULID()).lower()
    with folder(root, ()) as where:
        write_whole(where, MARKER, [f"{archive_id}\n".encode()])
    return archive_id


def _read(root: Path) -> str | None:
    with reading(str(root)):
        try:
            return (root / MARKER).read_text().strip()
        except (FileNotFoundError, NotADirectoryError):
            return None
