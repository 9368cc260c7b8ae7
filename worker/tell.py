"""Tell a record's new revision: a job for its picture, its description in the archive, and then the acknowledgement.

The acknowledgement comes last, so a kill in between means that all of it is done once more, to the same effect.
"""

import logging
from datetime import datetime
from zoneinfo import ZoneInfo

from shared.domain import planning
from shared.domain.records import Chapter
from shared.errors import GleanerError, Transient
from shared.ports import RecordEntry
from shared.services import Services

_AT_ONCE = 500
_RACES = 5  # with others who tell the same record; then it stays to be told

log = logging.getLogger(__name__)


def tell(services: Services, _queue: str) -> bool:
    """Tell what nobody has acknowledged yet. False when nothing is left, or it cannot be told now."""
    untold = services.records.untold(_AT_ONCE)
    told = [tell_one(services, entry) for each in untold if (entry := _still_untold(services, each))]
    return len(untold) == _AT_ONCE and any(told)


def _still_untold(services: Services, entry: RecordEntry) -> RecordEntry | None:
    """The record as it is by now, unless somebody has told it meanwhile."""
    now = services.records.load(entry.record.id)
    return now if now and now.told < now.revision else None


def tell_one(services: Services, entry: RecordEntry) -> bool:
    """Tell one record as it is now. False when it could not be: it stays to be told."""
    record = entry.record
    camera = services.cameras.get(record.camera)
    if camera is None:
        return False
    try:
        picture = services.wishes.picture(entry)
        services.reach("tell-wished")
        entry = _described(services, entry, camera.zone)
        services.reach("tell-described")
        services.records.acknowledge(record.id, entry.revision, [picture.id] if picture else [])
        services.reach("tell-acknowledged")
    except GleanerError as no:
        fields = {"camera": record.camera, "record": record.id, "code": no.code, "detail": no.detail}
        log.warning("a record could not be told", extra=fields)
        return False
    return True


def _described(services: Services, entry: RecordEntry, zone: ZoneInfo) -> RecordEntry:
    """The record whose description stands in the archive then: of two who tell at once, the one with the newer stays."""
    for _ in range(_RACES):
        record = entry.record
        key = planning.record_key(record.camera, zone, record.created_at, record.id)
        services.archive.describe(key, _description(entry, zone, services.simulated))
        now = services.records.load(record.id)
        if now is None or now.revision == entry.revision:
            return entry
        entry = now
    raise Transient("store-contended", f"record {entry.record.id} changed {_RACES} times while it was told")


def _description(entry: RecordEntry, zone: ZoneInfo, simulated: bool) -> dict[str, object]:
    """What stands in the archive of a record: all that was said and is no secret, told in the camera's zone."""
    record = entry.record
    return {
        "schema": 1,
        "id": record.id,
        "revision": entry.revision,
        "vendor": record.vendor,
        "vendor_id": record.vendor_id,
        "camera": record.camera,
        "package": record.package,
        "day": record.day.isoformat(),
        "created_at": _told(record.created_at, zone),
        "duration_seconds": record.duration_seconds,
        "size": record.size,
        "expires_at": _told(record.expires_at, zone),
        "tags": list(record.tags),
        "summary": record.summary,
        "chapters": [_chapter(chapter, zone) for chapter in record.chapters],
        "facts": dict(record.facts),
        "simulated": simulated,
    }


def _chapter(chapter: Chapter, zone: ZoneInfo) -> dict[str, object]:
    return {
        "time_point": chapter.time_point,
        "tags": list(chapter.tags),
        "summary": chapter.summary,
        "duration_seconds": chapter.duration_seconds,
        "updated_at": _told(chapter.updated_at, zone),
    }


def _told(instant: datetime | None, zone: ZoneInfo) -> str | None:
    return instant.astimezone(zone).isoformat() if instant else None
