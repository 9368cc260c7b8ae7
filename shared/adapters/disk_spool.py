"""An asset's unfinished bytes on disk, and a note beside them that is always written before the bytes it vouches for.

After a process has died, all that it wrote is still there and is taken over. After a machine has died, what was not yet
`keep`-ed may be anything, so a spool from before the last start of the machine is cut back to what was kept. Of a process that
is stopped only what was kept is taken, as a copy: it may wake at any time, and finds its spool gone then.
"""

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

from shared.adapters.disk import WRITE, busy, folder, names, read_whole, reading, write_whole, writing

PIECE = 1 << 20  # bytes
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# An asset's id, with the number of a later owner's spool (`disk_turns`), or the name of a key's lock; the folder may be one that
# others use, too.
_OURS = re.compile(
    r"\.?(?P<name>[0-9a-f]{20}|key-[0-9a-f]{64})(~\d+)?\.(\d+\.)?(?P<what>part|video|json|json\.new|lock)"
)


def _boot() -> str | None:
    """What changes whenever the machine starts; None where that cannot be told, and then nothing unkept is believed."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return None


@dataclass(frozen=True, slots=True)
class Note:
    """`kept`: bytes known to be on disk. `landing`: the path, in the archive, that the bytes were about to move to."""

    validator: str | None = None
    kept: int = 0
    boot: str | None = None
    landing: str | None = None
    total: int | None = None

    @classmethod
    def read(cls, path: Path) -> "Note":
        """The note, or an empty one where there is none."""
        try:
            return cls(**json.loads(path.read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            return cls()


class DiskSpool:
    """See the port. Whoever makes one holds the asset's lock. Transient `no-space`, `archive-unwritable`."""

    def __init__(self, home: Path, asset_id: str) -> None:
        """Take over what is there, or begin."""
        self._home = home
        self._asset_id = asset_id
        self.path = data_path(home, asset_id)
        self._note_path = note_path(home, asset_id)
        self._note = Note.read(self._note_path)
        self._noted = False
        with writing(asset_id):
            self._descriptor = os.open(self.path, WRITE | os.O_APPEND, 0o644)
            self._size = os.fstat(self._descriptor).st_size
            if self._note.boot is None or self._note.boot != _boot():
                self._cut(self._note.kept)
        self._note = replace(self._note, kept=min(self._note.kept, self._size), landing=None)

    @property
    def size(self) -> int:
        """Bytes there, kept or not."""
        return self._size

    @property
    def validator(self) -> str | None:
        """The validator under which they were fetched."""
        return self._note.validator if self._size else None

    @property
    def total(self) -> int | None:
        """How many there will be, as it was said when they began."""
        return self._note.total if self._size else None

    def restart(self, validator: str | None, total: int | None = None) -> None:
        """Drop what is there and begin anew."""
        with writing(self._asset_id):
            self._cut(0)
            self._save(Note(validator, boot=_boot(), total=total))

    def write(self, chunk: bytes) -> None:
        """Append. What went in before an error stays, and counts."""
        with writing(self._asset_id):
            if not self._noted:
                self._save(replace(self._note, validator=self.validator, total=self.total, boot=_boot()))
            left = memoryview(chunk)
            while left:
                written = os.write(self._descriptor, left)
                self._size += written
                left = left[written:]

    def keep(self) -> None:
        """Put everything written so far safely on disk."""
        if self._noted and self._note.kept == self._size:
            return
        with writing(self._asset_id):
            try:
                os.fsync(self._descriptor)
            except OSError:
                # The system may have dropped what it could not write, and have forgotten that.
                self._cut(self._note.kept)
                raise
            self._save(replace(self._note, kept=self._size, boot=_boot()))

    def open(self) -> BinaryIO:
        """Read it from the start."""
        with writing(self._asset_id), folder(self._home, ()) as where:
            return read_whole(where, self.path.name)

    def take_over(self, other: str) -> None:
        """Begin with a copy of what a stopped owner kept in its spool, which is gone then, whenever that owner wakes.

        Its note is read before and after: it is written before the bytes that it vouches for, so if it has not changed, then
        neither had they.
        """
        data, note = data_path(self._home, other), note_path(self._home, other)
        before = Note.read(note)
        if before.validator and before.kept:
            self.restart(before.validator, before.total)
            self._copy(data, before.kept)
            after = Note.read(note)
            if after.validator != before.validator or after.kept < self._size:
                self.restart(None)
        self.keep()
        forget(data, note)

    def _copy(self, source: Path, size: int) -> None:
        with (
            writing(source.name),
            suppress(FileNotFoundError),  # it has landed meanwhile
            folder(self._home, ()) as where,
            read_whole(where, source.name) as file,
        ):
            while piece := file.read(min(PIECE, size - self._size)):
                self.write(piece)

    def will_land(self, path: str) -> None:
        """Note where the bytes are about to go, so that they are found there if that is all that happens.

        Transient `spool-busy` when our file has lost its name, to a later owner perhaps.
        """
        self.keep()
        with writing(self._asset_id):
            if not names(self.path, self._descriptor):
                raise busy(self.path.name)
            self._save(replace(self._note, landing=path))

    def landed(self) -> None:
        """Forget it all: the bytes are an asset now, and out of our reach."""
        self.close()
        forget(self.path, self._note_path)

    def close(self) -> None:
        """Leave what there is to whoever comes next; where there is nothing, or it was taken over, leave nothing.

        Bytes that have their final name already, and no sidecar, are there as long as the note says where.
        """
        if self._descriptor < 0:
            return
        ours = names(self.path, self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1
        moved = self._note.landing is not None and not self.path.exists()
        if not moved and not (self.path.exists() and (self._size or not ours)):
            forget(self.path, self._note_path)

    def _cut(self, size: int) -> None:
        if self._size > size:
            os.ftruncate(self._descriptor, size)
            os.fsync(self._descriptor)
            self._size = size

    def _save(self, note: Note) -> None:
        if not names(self.path, self._descriptor):
            return  # it was taken over, and whatever is done to it is of no effect
        with folder(self._home, ()) as where:
            write_whole(where, self._note_path.name, [json.dumps(asdict(note)).encode()])
        self._note, self._noted = note, True


def data_path(home: Path, asset_id: str) -> Path:
    """Where an asset's unfinished bytes lie."""
    return home / f"{asset_id}.part"


def video_path(home: Path, asset_id: str, claim: int | str) -> Path:
    """Where an owner's code writes the video that a claim is about, before its bytes go into the spool."""
    return home / f"{asset_id}.{claim}.video"


def note_path(home: Path, asset_id: str) -> Path:
    """Where their note lies."""
    return home / f"{asset_id}.json"


def spools_in(home: Path) -> Mapping[str, int]:
    """The spools in a folder and their bytes, and what deaths left: notes, their drafts, locks. Transient as `reading`."""
    found: dict[str, int] = {}
    with reading("the spool folder"), suppress(FileNotFoundError), os.scandir(home) as entries:
        for entry in entries:
            if (ours := _OURS.fullmatch(entry.name)) is None:
                continue
            name, size = ours["name"], 0
            if ours["what"] in ("part", "video"):
                with suppress(FileNotFoundError):  # it landed at this very moment
                    size = entry.stat(follow_symlinks=False).st_size
            found[name] = found.get(name, 0) + size
    return found


def drop(home: Path, asset_id: str) -> None:
    """Remove an asset's spools, their notes, and what is left of the writing of one. Transient. Whoever calls has the turn."""
    with writing(asset_id):
        for path in home.iterdir():
            ours = _OURS.fullmatch(path.name)
            if ours and ours["name"] == asset_id and ours["what"] != "lock":
                path.unlink(missing_ok=True)


def forget(*paths: Path) -> None:
    """Remove files of a spool that is ours, if they are there."""
    with suppress(OSError):  # what stays is empty, or has landed: the next owner clears it away
        for path in paths:
            path.unlink(missing_ok=True)
