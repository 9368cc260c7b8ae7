"""A job, its assets and its history as the admin API tells them. What stands here is published; nothing else goes out.

Addresses of files and callback tokens are no part of it: they open doors.
"""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from marshmallow import Schema, fields

from shared.domain.job import Job, Kind, Origin, State, Verdict
from shared.domain.reasons import why
from shared.ports import HistoryLine
from shared.schemas.fields import in_zone


class AssetSchema(Schema):
    """An asset. Sizes are bytes, lengths seconds; `key` is its place below `/assets/`."""

    id = fields.String()
    key = fields.String()
    camera = fields.String()
    kind = fields.Enum(Kind, by_value=True)
    start = fields.AwareDateTime()
    end = fields.AwareDateTime()
    size = fields.Integer()
    sha256 = fields.String()
    duration_seconds = fields.Float()
    verdict = fields.Enum(Verdict, by_value=True)
    content_type = fields.String()
    job = fields.String()


class WindowSchema(Schema):
    """A span of a camera's time, its end not included."""

    start = fields.AwareDateTime()
    end = fields.AwareDateTime()


class JobSchema(Schema):
    """A job. `progress` is a fraction 0..1 or null, `reason` a code of the published list, `detail` for people.

    What the vendor saw of it are `attempts` (charged), `postponed` (turned away for now), and `unexplained`: submissions
    that a worker took into the grave, perhaps before they were sent. `aliases` are other stream ids under which the vendor
    spoke of the attempt. `verdict` is the window's, once it is judged, and `missing` what the device holds of it and did not
    deliver. `why` says in one sentence why it is not archived yet. `record` is the record whose picture, or footage, it is.
    """

    id = fields.String()
    kind = fields.Enum(Kind, by_value=True)
    vendor = fields.String()
    camera = fields.String()
    start = fields.AwareDateTime(attribute="window.start")
    end = fields.AwareDateTime(attribute="window.end")
    state = fields.Enum(State, by_value=True)
    progress = fields.Float()
    attempts = fields.Integer()
    postponed = fields.Integer()
    unexplained = fields.Function(lambda job: len(job.unexplained))
    reason = fields.String()
    detail = fields.String()
    origin = fields.Enum(Origin, by_value=True)
    parent = fields.String()
    record = fields.String()
    stream_id = fields.Function(lambda job: job.current.stream_id if job.current else None)
    aliases = fields.Function(lambda job: list(job.current.aliases) if job.current else [])
    on_hold = fields.Boolean()
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()
    due_at = fields.AwareDateTime()
    verdict = fields.Enum(Verdict, by_value=True)
    missing = fields.List(fields.Nested(WindowSchema))
    why = fields.Function(why)
    assets = fields.List(fields.Nested(AssetSchema))


class HistorySchema(Schema):
    """One line of a job's history; `count` says how often in a row it happened, `at` when last."""

    at = fields.AwareDateTime()
    event = fields.String()
    came_from = fields.Enum(State, by_value=True, data_key="from")
    went_to = fields.Enum(State, by_value=True, data_key="to")
    attempt = fields.Integer()
    reason = fields.String()
    detail = fields.String()
    late = fields.Boolean()
    count = fields.Integer()


_JOB = JobSchema()
_HISTORY = HistorySchema(many=True)


def job_json(job: Job, zone: tzinfo) -> dict[str, Any]:
    """The job as JSON, its times told in `zone`."""
    told: dict[str, Any] = _JOB.dump(in_zone(job, zone))
    return told


def history_json(lines: Sequence[HistoryLine], zone: tzinfo) -> list[dict[str, Any]]:
    """A history as JSON, oldest first."""
    told: list[dict[str, Any]] = _HISTORY.dump(in_zone(tuple(lines), zone))
    return told
