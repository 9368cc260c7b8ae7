"""Which windows to ask for. A long wish is cut at aligned marks, so that two wishes for the same hours meet.

Marks stand every `longest` from the camera's local midnight, and midnight itself is always one: no window crosses a
day, and a day's windows are the same whoever asks for them. Cuts are made in elapsed time, so that a day of 23 or 25
hours is cut into whole windows, too.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from shared.domain.job import File, Job, Kind, Window


def cut(window: Window, longest: timedelta, zone: ZoneInfo) -> tuple[Window, ...]:
    """The windows of at most `longest` that make up a window, in order. Empty for an empty window."""
    edges = [window.start, *_marks(window, longest, zone), window.end]
    return tuple(Window(a, b) for a, b in pairwise(edges) if a < b)


def _marks(window: Window, longest: timedelta, zone: ZoneInfo) -> Iterator[datetime]:
    midnight = _midnight(window.start, zone)
    while midnight < window.end:
        following = _midnight(midnight + timedelta(hours=36), zone)
        mark = midnight
        while mark < following:
            if window.start < mark < window.end:
                yield mark
            mark += longest
        midnight = following


def _midnight(instant: datetime, zone: ZoneInfo) -> datetime:
    """The start of the local day of an instant. Where midnight does not exist, its offset still names an instant."""
    local = instant.astimezone(zone)
    return datetime.combine(local.date(), time(), zone).astimezone(UTC)


def wish(kind: Kind, camera: str, window: Window) -> str:
    """The key by which a second wish for the same window of the same camera is recognised."""
    return f"{kind}/{camera}/{stamp(window.start)}/{stamp(window.end)}"


def picture_wish(camera: str, record_id: str) -> str:
    """The key by which a second wish for the same record's picture is recognised."""
    return f"{Kind.PICTURE}/{camera}/{record_id}"


def closing_wish(camera: str, record_id: str) -> str:
    """The same of the picture that the record has once its day is closed."""
    return f"{picture_wish(camera, record_id)}/closed"


def video_wish(camera: str, record_id: str) -> str:
    """The key by which a second wish for the same record's video is recognised."""
    return f"{Kind.HLS}/{camera}/{record_id}"


def stamp(instant: datetime) -> str:
    """An instant as compact UTC text that sorts by time."""
    return instant.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ").replace(".000000", "")


def record_key(camera: str, zone: ZoneInfo, created_at: datetime, record_id: str) -> str:
    """Where a record's description lives: CAMERA/YYYY/MM/DD/record-RECORDID.json, in the camera's zone."""
    return f"{camera}/{created_at.astimezone(zone):%Y/%m/%d}/record-{record_id}.json"


def asset_id(job: Job, file: File) -> str:
    """The same for the same file of the same attempt, so that bytes that landed before are found again.

    A later attempt may bring other bytes under the same name.
    """
    return hashlib.sha256(f"{job.id}/{file.attempt}/{file.identity}".encode()).hexdigest()[:20]


def asset_key(camera: str, zone: ZoneInfo, start: datetime, kind: Kind, asset_id: str, extension: str) -> str:
    """Where an asset lives: CAMERA/YYYY/MM/DD/HHMMSS-KIND-ASSETID.EXT, in the camera's zone."""
    local = start.astimezone(zone)
    return f"{camera}/{local:%Y/%m/%d}/{local:%H%M%S}-{kind}-{asset_id}.{extension}"
