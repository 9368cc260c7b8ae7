"""The archive, and the way to media, without a disk or a network: twins for tests and trials, shipped with the rest.

They keep the promises of the ports, the awkward ones included: one owner for a spool, sidecars that seal, resumed bytes only
under the validator that they began under. Nothing here survives the process.
"""

import io
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock
from typing import BinaryIO

from shared.adapters.archive_json import parsed, same, written
from shared.adapters.archive_keys import (
    REJECTED,
    fit,
    must_be_name,
    must_fit,
    must_fit_to_describe,
    not_as_told,
    not_landed,
    same_bytes,
    taken,
)
from shared.errors import GleanerError, Gone, Transient, Whose
from shared.ports import Download, Spool

PIECE = 256 * 1024  # bytes


class MemorySpool:
    """See the port. `room` is the archive's: it knows how much is left."""

    def __init__(self, archive: "MemoryArchive") -> None:
        self._archive = archive
        self._bytes = bytearray()
        self._validator: str | None = None
        self._total: int | None = None

    @property
    def size(self) -> int:
        """Bytes there."""
        return len(self._bytes)

    @property
    def validator(self) -> str | None:
        """The validator under which they were fetched."""
        return self._validator if self._bytes else None

    @property
    def total(self) -> int | None:
        """How many there will be."""
        return self._total if self._bytes else None

    def restart(self, validator: str | None, total: int | None = None) -> None:
        """Drop what is there and begin anew."""
        self._bytes.clear()
        self._validator, self._total = validator, total

    def write(self, chunk: bytes) -> None:
        """Append; as much as there is room for."""
        room = self._archive.free_bytes()
        self._bytes += chunk[:room]
        if len(chunk) > room:
            raise Transient("no-space", "the memory archive is full", whose=Whose.VENDOR, asked=False)

    def keep(self) -> None:
        """Nothing is safer than it is."""

    def open(self) -> BinaryIO:
        """Read it from the start."""
        return io.BytesIO(bytes(self._bytes))


@dataclass(frozen=True, slots=True)
class _Landed:
    content: bytes
    sidecar: Mapping[str, object]


class MemoryArchive:
    """See the port. `room`: bytes that fit into it, unfinished ones included; it may be moved at any time."""

    def __init__(self, room: int = 2**40) -> None:
        self.room = room
        self._landed: dict[str, _Landed] = {}
        self._described: dict[str, bytes] = {}
        self._spools: dict[str, MemorySpool] = {}
        self._held: dict[str, tuple[MemorySpool, int]] = {}
        self._lock = Lock()

    @contextmanager
    def spool(self, asset_id: str, claim: int = 0) -> Iterator[MemorySpool]:
        """See the port."""
        must_be_name(asset_id)
        with self._lock:
            spool = self._taken(asset_id, claim)
            self._held[asset_id] = (spool, claim)
        try:
            yield spool
        finally:
            with self._lock:
                if self._held.get(asset_id) == (spool, claim):
                    del self._held[asset_id]

    def _taken(self, asset_id: str, claim: int) -> MemorySpool:
        held = self._held.get(asset_id)
        if held is None:
            return self._spools.setdefault(asset_id, MemorySpool(self))
        other, earlier = held
        if not 0 < earlier < claim:
            raise Transient("spool-busy", f"somebody else holds {asset_id}", asked=False)
        self._spools[asset_id] = spool = MemorySpool(self)
        if other.validator:
            spool.restart(other.validator, other.total)
            with other.open() as file:
                spool.write(file.read())
        return spool

    def publish(self, spool: Spool, key: str, sidecar: Mapping[str, object]) -> None:
        """See the port; `sidecar` says `size` and `sha256`. Refused as on the disk."""
        self._land(spool, must_fit(key), sidecar)

    def reject(self, spool: Spool, key: str, sidecar: Mapping[str, object]) -> None:
        """See the port. What was rejected under this key before gives way."""
        path = f"{REJECTED}/{must_fit(key)}"
        earlier = self._landed.get(path)
        if earlier is not None and not same_bytes(earlier.sidecar, sidecar):
            del self._landed[path]
        self._land(spool, path, sidecar)

    def set_aside(self, key: str, reason: str) -> None:
        """See the port."""
        with self._lock:
            there = self._landed.pop(must_fit(key), None)
            if there is not None:
                sidecar = {**there.sidecar, "reason": reason}
                self._landed[f"{REJECTED}/{key}"] = _Landed(there.content, sidecar)

    def rejected(self) -> Mapping[str, bytes]:
        """What was rejected, by key: on a disk one would look into the folder."""
        kept = {path.partition("/"): landed for path, landed in self._landed.items()}
        return {key: landed.content for (top, _, key), landed in kept.items() if top == REJECTED}

    def sidecar(self, key: str) -> Mapping[str, object] | None:
        """See the port."""
        landed = self._landed.get(key) if fit(key) else None
        return dict(landed.sidecar) if landed else None

    def landed(self, stem: str) -> Mapping[str, object] | None:
        """See the port."""
        must_fit(f"{stem}.any")
        keys = sorted(key for key in self._landed if key.rpartition(".")[0] == stem)
        return self.sidecar(keys[0]) if keys else None

    def describe(self, key: str, description: Mapping[str, object]) -> bool:
        """See the port."""
        must_fit_to_describe(key)
        content = written(description)
        with self._lock:
            if same(self._described.get(key, b""), content):
                return False
            self._described[key] = content
        return True

    def description(self, key: str) -> Mapping[str, object] | None:
        """See the port."""
        return parsed(self._described.get(key, b""))

    def size(self, key: str) -> int:
        """See the port."""
        return len(self._content(key))

    def read(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """See the port."""
        part = self._content(key)[start:stop]
        return (part[at : at + PIECE] for at in range(0, len(part), PIECE))

    def free_bytes(self) -> int:
        """See the port."""
        landed = sum(len(one.content) for one in self._landed.values())
        return max(0, self.room - landed - sum(spool.size for spool in self._spools.values()))

    def unfinished(self) -> Mapping[str, int]:
        """See the port."""
        return {name: spool.size for name, spool in self._spools.items() if spool.size}

    def discard(self, asset_id: str) -> None:
        """See the port."""
        with self.spool(asset_id), self._lock:
            del self._spools[asset_id]

    def _land(self, spool: Spool, path: str, sidecar: Mapping[str, object]) -> None:
        with self._lock:
            there = self._landed.get(path)
            if there is not None and not same_bytes(there.sidecar, sidecar):
                raise taken(path)
            if there is None:
                if spool not in self._spools.values():
                    raise Transient("spool-busy", f"somebody else lands {path}", asked=False)
                if spool.size != sidecar["size"]:
                    raise not_as_told(path, spool.size)
                with spool.open() as file:
                    self._landed[path] = _Landed(file.read(), dict(sidecar))
            self._spools = {name: other for name, other in self._spools.items() if other is not spool}

    def _content(self, key: str) -> bytes:
        if self.sidecar(key) is None:
            raise not_landed(key)
        return self._landed[key].content


# -- media -------------------------------------------------------------------------------------------------------------


@dataclass
class _Behind:
    """What lies behind an address."""

    content: bytes
    validator: str | None
    stops_after: int | None = None


@dataclass
class MemoryMedia:
    """See MediaSource. Behind an address is what was put there; `opened` lists every call as (address, start).

    `public`: the addresses that were opened as ones that may lead to any public host.
    """

    opened: list[tuple[str, int]] = field(default_factory=list)
    public: set[str] = field(default_factory=set)
    _behind: dict[str, _Behind] = field(default_factory=dict)
    _troubles: defaultdict[str, deque[GleanerError]] = field(default_factory=lambda: defaultdict(deque))

    def put(self, address: str, content: bytes, validator: str | None = "") -> None:
        """Let an address lead to these bytes; the validator is made from them unless one, or None, is given."""
        made = f'"{sha256(content).hexdigest()[:16]}"'
        self._behind[address] = _Behind(content, made if validator == "" else validator)

    def remove(self, address: str) -> None:
        """Let an address lead to nothing."""
        self._behind.pop(address, None)

    def trouble(self, address: str, *errors: GleanerError) -> None:
        """Let the next calls for an address fail, each with one of these."""
        self._troubles[address].extend(errors)

    def stop_after(self, address: str, size: int | None) -> None:
        """Let every answer of an address break off after so many bytes; None: no longer."""
        self._behind[address].stops_after = size

    @contextmanager
    def open(
        self, address: str, start: int, validator: str | None, public: bool = False
    ) -> Iterator[Download]:
        """See the port."""
        self.opened.append((address, start))
        self.public |= {address} if public else set()
        if self._troubles[address]:
            raise self._troubles[address].popleft()
        behind = self._behind.get(address)
        if behind is None:
            raise Gone("media-gone", "nothing is behind that address")
        resumes = validator is not None and validator == behind.validator and start <= len(behind.content)
        begin = start if resumes else 0
        yield Download(begin, len(behind.content), behind.validator, _sent(behind, begin))


def _sent(behind: _Behind, start: int) -> Iterator[bytes]:
    whole = len(behind.content)
    stop = whole if behind.stops_after is None else min(whole, start + behind.stops_after)
    for at in range(start, stop, PIECE):
        yield behind.content[at : min(at + PIECE, stop)]
    if stop < whole:
        raise Transient("media-broken-off", f"{stop} of {whole} bytes")
