"""The archive in a folder: bytes get a final name that nothing has when they are whole, and then their sidecar.

An archive is known by the id in its marker, so that a folder that is not mounted, or another's, is never taken for it.
Unfinished bytes lie in the spool folder, by asset, each spool with one owner at a time. A process that dies between the bytes and
their sidecar leaves an orphan, which the next spool of that asset takes back; so nothing is fetched twice.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from shared.adapters.archive_json import written
from shared.adapters.archive_keys import (
    REJECTED,
    SIDECAR,
    fit,
    fit_to_describe,
    must_be_name,
    must_fit,
    must_fit_to_describe,
    not_landed,
    same_bytes,
    taken,
)
from shared.adapters.archive_marker import begin_or_find, find
from shared.adapters.disk import ABSENT, folder, locked, opened, reading, write_whole, writing
from shared.adapters.disk_descriptions import describe, description_at
from shared.adapters.disk_landing import make_way, move, take_back
from shared.adapters.disk_spool import DiskSpool, Note, data_path, drop, note_path, spools_in
from shared.adapters.disk_turns import turn
from shared.errors import Misconfigured, Refused, Transient, Whose
from shared.points import Reach, pass_by
from shared.ports import Spool

PARTIAL = ".partial"
PIECE = 256 * 1024  # bytes


class DiskArchive:
    """See the port. An archive that is there already is opened without writing anything."""

    def __init__(
        self,
        root: Path,
        spool_dir: Path | None = None,
        expected_id: str | None = None,
        reach: Reach = pass_by,
    ) -> None:
        """Open the archive in `root`, or begin one where there is nothing yet.

        With `expected_id` only that archive will do, and none is begun. Misconfigured when it is another, or none, or when
        the folder holds other things; Transient when the folder cannot be read or written.
        """
        self._root = root
        self._spools = self.spool_dir = spool_dir or root / PARTIAL
        self._reach = reach
        self.id = begin_or_find(root, (PARTIAL, REJECTED)) if expected_id is None else find(root, expected_id)

    @contextmanager
    def spool(self, asset_id: str, claim: int = 0) -> Iterator[DiskSpool]:
        """See the port. What a dead owner left is taken over, even from under the final name."""
        must_be_name(asset_id)
        self._must_be_there()
        self._make_spools()
        with turn(self._spools, asset_id, claim) as ours:
            self._take_back(ours.left or ours.name)
            spool = DiskSpool(self._spools, ours.name)
            try:
                if ours.left:
                    spool.take_over(ours.left)
                yield spool
            finally:
                spool.close()

    def publish(self, spool: Spool, key: str, sidecar: Mapping[str, object]) -> None:
        """See the port; `sidecar` says `size` and `sha256`.

        Refused `archive-conflict` when other bytes have landed there, `archive-mismatch` when the spool is not of that
        size. Bytes without a sidecar have not landed: the same ones are adopted, others give way.
        """
        self._land(_ours(spool), must_fit(key), sidecar)

    def reject(self, spool: Spool, key: str, sidecar: Mapping[str, object]) -> None:
        """See the port. What was rejected under this key before gives way."""
        path = f"{REJECTED}/{must_fit(key)}"
        earlier = self._sidecar(path)
        if earlier is not None and not same_bytes(earlier, sidecar):
            with writing(key):
                (self._root / f"{path}{SIDECAR}").unlink(missing_ok=True)
        self._land(_ours(spool), path, sidecar)

    def set_aside(self, key: str, reason: str) -> None:
        """See the port. Between its steps the bytes have no sidecar, so they count as not landed."""
        *parents, name = must_fit(key).split("/")
        self._must_be_there()
        self._make_spools()
        with locked(self._lock_of(key)), writing(key):
            there = self._sidecar(key)
            if there is None and self._sidecar(f"{REJECTED}/{key}") is None:
                return
            with (
                folder(self._root, parents) as here,
                folder(self._root, [REJECTED, *parents], create=True) as aside,
            ):
                if there is not None:
                    write_whole(aside, f"{name}{SIDECAR}", [written({**there, "reason": reason})])
                    os.unlink(f"{name}{SIDECAR}", dir_fd=here)
                    os.fsync(here)
                self._reach("aside-unmarked")
                with suppress(FileNotFoundError):  # an earlier call got so far
                    os.rename(name, name, src_dir_fd=here, dst_dir_fd=aside)
                os.fsync(aside)
                os.fsync(here)

    def sidecar(self, key: str) -> Mapping[str, object] | None:
        """See the port. Refused when there is one and it cannot be read."""
        return self._sidecar(key) if fit(key) else None

    def landed(self, stem: str) -> Mapping[str, object] | None:
        """See the port."""
        *parents, name = must_fit(f"{stem}.any").removesuffix(".any").split("/")
        assets = (other.removesuffix(SIDECAR) for other in self._names(parents) if other.endswith(SIDECAR))
        keys = sorted("/".join((*parents, asset)) for asset in assets if asset.rpartition(".")[0] == name)
        return self._sidecar(keys[0]) if keys else None

    def describe(self, key: str, description: Mapping[str, object]) -> bool:
        """See the port. Whoever describes the same record at that moment is waited for."""
        must_fit_to_describe(key)
        self._must_be_there()
        self._make_spools()
        with locked(self._lock_of(key), wait=True):
            return describe(self._root, key, description)

    def description(self, key: str) -> Mapping[str, object] | None:
        """See the port; None, too, for what cannot be understood."""
        return description_at(self._root, key) if fit_to_describe(key) else None

    def size(self, key: str) -> int:
        """See the port."""
        with self._asset(key) as file:
            return os.fstat(file.fileno()).st_size

    def read(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """See the port; NotFound comes with the call, not with the first piece."""
        end = self.size(key)
        return self._pieces(key, start, end if stop is None else min(stop, end))

    def free_bytes(self) -> int:
        """See the port; where the spool folder is on another disk, the fuller one counts."""
        self._must_be_there()
        with reading("free space"):
            spools = next(path for path in (self._spools, *self._spools.parents) if path.exists())
            return min(shutil.disk_usage(path).free for path in (self._root, spools))

    def unfinished(self) -> Mapping[str, int]:
        """See the port."""
        return spools_in(self._spools)

    def discard(self, asset_id: str) -> None:
        """See the port. Bytes under their final name that never got their sidecar go, too; so do locks that lock nothing."""
        must_be_name(asset_id)
        self._must_be_there()
        self._make_spools()
        with turn(self._spools, asset_id) as ours:
            self._take_back(ours.name)
            drop(self._spools, asset_id)

    def _must_be_there(self) -> None:
        """Transient `archive-foreign` when our archive is not there any more: its disk was taken from under us."""
        try:
            find(self._root, self.id)
        except Misconfigured as other:
            raise Transient(other.code, other.detail, whose=Whose.VENDOR, asked=False) from other

    def _make_spools(self) -> None:
        with writing("the spool folder"):
            self._spools.mkdir(parents=True, exist_ok=True)

    def _lock_of(self, path: str) -> Path:
        return self._spools / f"key-{hashlib.sha256(path.encode()).hexdigest()}.lock"

    def _land(self, spool: DiskSpool, path: str, sidecar: Mapping[str, object]) -> None:
        self._must_be_there()
        *parents, name = path.split("/")
        with locked(self._lock_of(path)), writing(path):
            there = self._sidecar(path)
            if there is not None and not same_bytes(there, sidecar):
                raise taken(path)
            with folder(self._root, parents, create=True) as where:
                if not self._holds(path, sidecar):
                    make_way(self._root, where, path)
                    move(spool, where, path, sidecar["size"])
                self._reach("landing-moved")
                if there is None:
                    write_whole(where, f"{name}{SIDECAR}", [written(sidecar)], anew=True)
            spool.landed()

    def _take_back(self, spool: str) -> None:
        """Bring home what its owner left under a final name. Transient `spool-busy` while that owner is about to land it."""
        landing = Note.read(note_path(self._spools, spool)).landing or ""
        home = data_path(self._spools, spool)
        if not home.exists() and fit(landing.removeprefix(f"{REJECTED}/")):
            with locked(self._lock_of(landing)), writing(spool):
                take_back(self._root, landing, home)

    def _holds(self, path: str, sidecar: Mapping[str, object]) -> bool:
        """Whether these very bytes lie there, landed or not."""
        file = opened(self._root, path)
        if file is None:
            return False
        with file:
            size = os.fstat(file.fileno()).st_size
            return (
                size == sidecar["size"]
                and hashlib.file_digest(file, "sha256").hexdigest() == sidecar["sha256"]
            )

    def _sidecar(self, path: str) -> Mapping[str, object] | None:
        file = opened(self._root, f"{path}{SIDECAR}")
        if file is None:
            return None
        try:
            with file, reading(path):
                found = json.load(file)
        except ValueError:
            raise Refused("sidecar-unreadable", f"the sidecar of {path} is damaged") from None
        if not isinstance(found, dict):
            raise Refused("sidecar-unreadable", f"the sidecar of {path} is damaged")
        return found

    def _names(self, parents: list[str]) -> list[str]:
        with reading("/".join(parents)):
            try:
                with folder(self._root, parents) as where, os.scandir(where) as entries:
                    return [entry.name for entry in entries]
            except OSError as error:
                if error.errno not in ABSENT:
                    raise
        return []

    @contextmanager
    def _asset(self, key: str) -> Iterator[BinaryIO]:
        file = opened(self._root, key) if self.sidecar(key) is not None else None
        if file is None:
            raise not_landed(key)
        with file:
            yield file

    def _pieces(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        with self._asset(key) as file, reading(key):
            file.seek(start)
            while piece := file.read(max(0, min(PIECE, stop - file.tell()))):
                yield piece


def _ours(spool: Spool) -> DiskSpool:
    if not isinstance(spool, DiskSpool):
        raise TypeError("a spool of another archive")
    return spool
