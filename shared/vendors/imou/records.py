"""From a row to a record of ours: what identifies it, when it was made, what it shows.

The vendor's ids may change while a day's digest grows, so that one is known by its day; every other record lasts and is known
by its id. Which is which is decided here, once for a whole listing, and in the order of the vendor's ids.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.domain.descriptor import MediaDescriptor
from shared.domain.events import Sighting
from shared.domain.records import Chapter, Record, record_id
from shared.ports import Listed
from shared.vendors.imou.schemas import Row, Video
from shared.vendors.imou.section import DAYS

PICTURE = "picture"  # a record has one; a newer address for it is the same file
LONGEST_LIFE = timedelta(days=3660)


class Reader:
    """Turns the rows of one listing into records."""

    def __init__(self, camera: str, package: str, day: date, zone: ZoneInfo) -> None:
        self._camera = camera
        self._package = package
        self._day = day
        self._zone = zone
        self._days_own: str | None = None  # the vendor's id of the record that is the day's digest

    def records(self, rows: Iterable[Row]) -> tuple[Listed, ...]:
        """The records of a page, the oldest first."""
        rows = sorted(rows, key=_order)
        if self._days_own is None:
            self._days_own = next((row.id for row in rows if self._is_digest(row)), None)
        return tuple(
            self._listed(row)
            for row in sorted(rows, key=lambda each: (self._utc(each.created), _order(each)))
        )

    def instant(self, row: Row) -> datetime:
        """When the vendor made it."""
        return self._utc(row.created)

    def _is_digest(self, row: Row) -> bool:
        midnight = datetime.combine(self._day, time(), self._zone)
        return self._package == DAYS and self._utc(row.created) == midnight

    def _listed(self, row: Row) -> Listed:
        picture = Sighting(PICTURE, row.thumb) if row.thumb else None
        return Listed(self._record(row), picture, self._media(row))

    def _media(self, row: Row) -> MediaDescriptor | None:
        """Good until the row's `expireTime`: the vendor's demo app takes it for the end of the keys."""
        if not row.media:
            return None
        return MediaDescriptor(row.media, self._utc(row.expires) if row.expires else None)

    def _record(self, row: Row) -> Record:
        key = self._day.isoformat() if row.id == self._days_own else row.id
        created, expires = self._utc(row.created), self._utc(row.expires) if row.expires else None
        videos = sorted(row.videos, key=lambda video: video.time_point)
        return Record(
            id=record_id("imou", self._camera, self._package, key),
            vendor="imou",
            camera=self._camera,
            package=self._package,
            day=self._day,
            created_at=created,
            vendor_id=row.id,
            tags=self._tags(row),
            summary=row.summary,
            chapters=tuple(map(_chapter, videos)),
            duration_seconds=row.length,
            size=int(row.size) if row.size else None,
            expires_at=expires if expires and created < expires < created + LONGEST_LIFE else None,
            facts=row.facts,
        )

    def _tags(self, row: Row) -> tuple[str, ...]:
        """A day's digest shows what its chapters show; an event is of its type."""
        of_chapters = tuple(dict.fromkeys(tag for video in row.videos for tag in video.tags))
        return of_chapters or row.type if self._package == DAYS else row.type or of_chapters

    def _utc(self, moment: datetime) -> datetime:
        return (moment if moment.tzinfo else moment.replace(tzinfo=self._zone)).astimezone(UTC)


def _chapter(video: Video) -> Chapter:
    return Chapter(video.time_point, video.tags, video.summary, video.duration, video.updated)


def _order(row: Row) -> tuple[int, int, str]:
    """The order in which the vendor gave ids out: as numbers, and what is none in the end."""
    number = row.id.isascii() and row.id.isdigit()
    return (0, int(row.id), "") if number else (1, 0, row.id)
