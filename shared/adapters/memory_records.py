"""The memory twin of the Redis record store: the same promises, in one process, lost at its end."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from threading import RLock
from typing import Any

from shared.domain.descriptor import MediaDescriptor
from shared.domain.events import Sighting
from shared.domain.record_order import place
from shared.domain.records import Record, content
from shared.ports import RecordEntry, RecordPage, RecordQuery


class MemoryRecordStore:
    """See `ports.RecordStore` for the promises. A listing without a picture or a descriptor says nothing about a known one."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._entries: dict[str, RecordEntry] = {}
        self._media: dict[str, MediaDescriptor] = {}
        self._untold: dict[str, None] = {}  # in the order in which they began to wait

    def upsert(
        self, record: Record, picture: Sighting | None, media: MediaDescriptor | None = None
    ) -> RecordEntry:
        """Keep a record; a revision more only if its content differs."""
        with self._lock:
            old = self._entries.get(record.id) or RecordEntry(record, 0)
            news = old.revision == 0 or content(old.record) != content(record)
            entry = replace(old, record=record, revision=old.revision + news, picture=picture or old.picture)
            self._entries[record.id] = entry
            if media:
                self._media[record.id] = media
            if news:
                self._untold.setdefault(record.id)
            return entry

    def untold(self, limit: int) -> Sequence[RecordEntry]:
        """What nobody has acknowledged, the longest waiting first."""
        with self._lock:
            return tuple(self._entries[each] for each in [*self._untold][:limit])

    def acknowledge(self, record_id: str, revision: int, jobs: Sequence[str]) -> None:
        """A revision was told; nothing for a record that has left."""
        with self._lock:
            if (entry := self._entries.get(record_id)) is None:
                return
            told = max(entry.told, revision)
            together = tuple(dict.fromkeys((*entry.jobs, *jobs)))
            self._entries[record_id] = replace(entry, told=told, jobs=together)
            if told >= entry.revision:
                self._untold.pop(record_id, None)

    def link(self, record_id: str, picture_key: str) -> None:
        """The picture has landed."""
        with self._lock:
            if entry := self._entries.get(record_id):
                self._entries[record_id] = replace(entry, picture_key=picture_key)

    def close(self, record_id: str, job_id: str) -> None:
        """The job for the picture of the closed day; the first one named stays."""
        self._name("closing", record_id, job_id)

    def film(self, record_id: str, job_id: str) -> None:
        """The job for the video; the first one named stays."""
        self._name("video", record_id, job_id)

    def _name(self, role: str, record_id: str, job_id: str) -> None:
        with self._lock:
            entry = self._entries.get(record_id)
            if entry and getattr(entry, role) is None:
                jobs = tuple(dict.fromkeys((*entry.jobs, job_id)))
                named: dict[str, Any] = {role: job_id}
                self._entries[record_id] = replace(entry, jobs=jobs, **named)

    def media(self, record_id: str) -> MediaDescriptor | None:
        """The descriptor, or None."""
        with self._lock:
            return self._media.get(record_id)

    def load(self, record_id: str) -> RecordEntry | None:
        """The record as it is now, or None."""
        with self._lock:
            return self._entries.get(record_id)

    def list(self, query: RecordQuery) -> RecordPage:
        """Newest first; the cursor is the place of the last one listed."""
        with self._lock:
            entries = sorted(self._entries.values(), key=lambda each: place(each.record), reverse=True)
        found = [
            entry
            for entry in entries
            if query.wants(entry.record) and (query.before is None or place(entry.record) < query.before)
        ]
        page = tuple(found[: query.limit])
        return RecordPage(page, place(page[-1].record) if len(found) > query.limit else None)

    def forget(self, before: datetime, limit: int) -> int:
        """Drop old records that were told, the oldest first."""
        with self._lock:
            told = [entry.record for each, entry in self._entries.items() if each not in self._untold]
            old = sorted((record for record in told if record.latest_at < before), key=place)[:limit]
            for record in old:
                del self._entries[record.id]
                self._media.pop(record.id, None)
            return len(old)
