"""A record as the admin API tells it. What stands here is published; nothing else goes out.

Addresses of pictures are no part of it: they are signed. Days are the vendor's calendar days.
"""

from datetime import tzinfo
from typing import Any

from marshmallow import Schema, fields

from shared.ports import RecordEntry
from shared.schemas.fields import in_zone


class ChapterSchema(Schema):
    """One entry of a record. `time_point` is HH:MM as the vendor's clocks show it; lengths are seconds."""

    time_point = fields.String()
    tags = fields.List(fields.String())
    summary = fields.String()
    duration_seconds = fields.Float()
    updated_at = fields.AwareDateTime()


class RecordSchema(Schema):
    """A record. `picture` is the key of its picture below `/assets/`, or null; `jobs` are those that were made of it.

    `latest_at`, by which lists are ordered, is when the newest of what it tells was added. `revision` counts how often the vendor has said something else about it; `size` is bytes, as the vendor says.
    """

    id = fields.String(attribute="record.id")
    vendor = fields.String(attribute="record.vendor")
    camera = fields.String(attribute="record.camera")
    package = fields.String(attribute="record.package")
    day = fields.Date(attribute="record.day")
    created_at = fields.AwareDateTime(attribute="record.created_at")
    latest_at = fields.AwareDateTime(attribute="record.latest_at")
    expires_at = fields.AwareDateTime(attribute="record.expires_at")
    tags = fields.List(fields.String(), attribute="record.tags")
    summary = fields.String(attribute="record.summary")
    chapters = fields.List(fields.Nested(ChapterSchema), attribute="record.chapters")
    duration_seconds = fields.Float(attribute="record.duration_seconds")
    size = fields.Integer(attribute="record.size")
    picture = fields.String(attribute="picture_key")
    revision = fields.Integer()
    jobs = fields.List(fields.String())


_RECORD = RecordSchema()


def record_json(entry: RecordEntry, zone: tzinfo) -> dict[str, Any]:
    """The record as JSON, its times told in `zone`."""
    told: dict[str, Any] = _RECORD.dump(in_zone(entry, zone))
    return told
