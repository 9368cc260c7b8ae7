"""The one order of records, newest first, as text: what sorts them is also the cursor of a page, so that no tie is lost."""

import re
from datetime import UTC, datetime

from shared.domain.records import Record

CURSOR = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}-[0-9a-f]{20}")


def mark(instant: datetime) -> str:
    """An instant as text that sorts as instants do; every place at or after it is not below it."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")[:26]


def place(record: Record) -> str:
    """Where a record stands among all: by the newest of what it tells, then by its id. It matches `CURSOR`."""
    return f"{mark(record.latest_at)}-{record.id}"
