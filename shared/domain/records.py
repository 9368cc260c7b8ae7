"""Records: what a vendor claims to have recorded, and what makes two of its claims the same or different.

A record's `id` is ours: it names one thing of one camera for ever, whatever the vendor calls it today. Its content is
what is stable about it; addresses, keys and ends of life are issued anew with each listing and are no part of it, so that
no listing looks like a change.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

LONGEST_GROWTH = timedelta(days=2)  # whatever a vendor's clocks say: no record grows for longer


@dataclass(frozen=True, slots=True)
class Chapter:
    """One entry of a record. `time_point` is HH:MM of the record's day as the vendor's clocks show it."""

    time_point: str
    tags: tuple[str, ...] = ()
    summary: str = ""
    duration_seconds: float | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One claim. `day` is the vendor's calendar day under which it is listed; sizes are bytes.

    `vendor_id` is an attribute: it may change as the day grows. `facts` is whatever else was said and is no secret.
    """

    id: str
    vendor: str
    camera: str
    package: str
    day: date
    created_at: datetime
    vendor_id: str = ""
    tags: tuple[str, ...] = ()
    summary: str = ""
    chapters: tuple[Chapter, ...] = ()
    duration_seconds: float | None = None
    size: int | None = None
    expires_at: datetime | None = None
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def end(self) -> datetime:
        """Where what it shows ends, for all that is known; always after its beginning."""
        return self.created_at + timedelta(seconds=max(self.duration_seconds or 0, 1))

    @property
    def latest_at(self) -> datetime:
        """When the newest of what it tells was added: a day that grows is news, however early it began."""
        added = (chapter.updated_at for chapter in self.chapters if chapter.updated_at)
        latest = max((self.created_at, *added))
        latest = latest if latest - self.created_at <= LONGEST_GROWTH else self.created_at + LONGEST_GROWTH
        return min(latest, datetime.combine(self.day, time(), UTC) + LONGEST_GROWTH * 2)


def hours_of(record: Record, zone: tzinfo) -> Iterator[int]:
    """The hours of its day, on the clocks of a zone, in which what it tells was seen: of its chapters, or its own."""
    for chapter in record.chapters:
        hour = chapter.time_point.partition(":")[0]
        if hour.isascii() and hour.isdigit():
            yield int(hour)
    if not record.chapters:
        yield record.created_at.astimezone(zone).hour


def record_id(vendor: str, camera: str, package: str, key: str) -> str:
    """Our id of what `key` names within a camera's package: a day, or an id of the vendor's that lasts."""
    return hashlib.sha256(f"{vendor}\n{camera}\n{package}\n{key}".encode()).hexdigest()[:20]


def content(record: Record) -> str:
    """A digest of what is stable about a record: another digest is another revision."""
    stable = {
        "created_at": record.created_at.isoformat(),
        "tags": record.tags,
        "summary": record.summary,
        "duration_seconds": record.duration_seconds,
        "size": record.size,
        "chapters": [
            (
                chapter.time_point,
                chapter.tags,
                chapter.summary,
                chapter.duration_seconds,
                chapter.updated_at and chapter.updated_at.isoformat(),
            )
            for chapter in record.chapters
        ],
    }
    return hashlib.sha256(json.dumps(stable, ensure_ascii=False).encode()).hexdigest()[:32]


def digest(contents: Mapping[str, str]) -> str:
    """A digest of a whole reading: the content of each record by its id, in no matter which order."""
    return hashlib.sha256(json.dumps(sorted(contents.items())).encode()).hexdigest()[:32]
