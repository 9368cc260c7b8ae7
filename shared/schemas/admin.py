"""What an operator may send: a wish for a window or for a harvest, a question for jobs or for records.

What is not known is refused, field by field.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import partial
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from shared.domain.job import Kind, Origin, State, Window
from shared.domain.record_order import CURSOR
from shared.ports import Query, RecordQuery
from shared.schemas.fields import YEARS, Moment, instant

JOB_ID = re.compile(r"[0-9a-hjkmnp-tv-z]{26}")
MOST_LISTED = 200
ZoneOf = Callable[[str], tzinfo | None]  # the zone of a camera, None when there is no such camera
_NAME = validate.Length(min=1, max=200)
_NO_CURSOR = "Is none that a list has given."


_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def day(value: object) -> date:
    """A day as an operator writes it. ValidationError."""
    if isinstance(value, str) and _DAY.fullmatch(value.strip()):
        with suppress(ValueError):
            found = date.fromisoformat(value.strip())
            if found.year in YEARS:
                return found
    raise ValidationError("Must be a day like 2026-11-20.")


Day = partial(fields.Function, deserialize=day)


class WishSchema(Schema):
    """A window of a camera. `force` asks anew where the same window is under way or archived."""

    class Meta:
        unknown = RAISE

    camera = fields.String(required=True, validate=_NAME)
    start = Moment(required=True)
    end = Moment(required=True)
    force = fields.Boolean(load_default=False, truthy={True}, falsy={False})


class QuerySchema(Schema):
    """Which jobs to list; `state` as a list."""

    class Meta:
        unknown = RAISE

    state = fields.List(fields.Enum(State, by_value=True), load_default=list)
    camera = fields.String(load_default=None, validate=_NAME)
    kind = fields.Enum(Kind, by_value=True, load_default=None)
    origin = fields.Enum(Origin, by_value=True, load_default=None)
    start = Moment(data_key="from", load_default=None)
    end = Moment(data_key="to", load_default=None)
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=MOST_LISTED))
    cursor = fields.String(
        load_default=None,
        validate=validate.Regexp(JOB_ID.pattern + r"\Z", error=_NO_CURSOR),
    )


class HarvestSchema(Schema):
    """Days to list anew, first and last included, of one camera or of all."""

    class Meta:
        unknown = RAISE

    camera = fields.String(load_default=None, validate=_NAME)
    since = Day(load_default=None)
    until = Day(load_default=None)


class RecordQuerySchema(Schema):
    """Which records to list; `q` is looked for in summaries."""

    class Meta:
        unknown = RAISE

    camera = fields.String(load_default=None, validate=_NAME)
    day = Day(load_default=None)
    tag = fields.String(load_default=None, validate=_NAME)
    text = fields.String(data_key="q", load_default=None, validate=_NAME)
    start = Moment(data_key="from", load_default=None)
    end = Moment(data_key="to", load_default=None)
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=MOST_LISTED))
    cursor = fields.String(
        load_default=None, validate=validate.Regexp(CURSOR.pattern + r"\Z", error=_NO_CURSOR)
    )


@dataclass(frozen=True, slots=True)
class Wish:
    """A window of a camera that somebody wants; whether the camera exists is not known yet."""

    camera: str
    window: Window
    force: bool


@dataclass(frozen=True, slots=True)
class HarvestWish:
    """Days that somebody wants listed; None where nothing was said."""

    camera: str | None
    since: date | None
    until: date | None


_WISH = WishSchema()
_QUERY = QuerySchema()
_HARVEST = HarvestSchema()
_RECORD_QUERY = RecordQuerySchema()


def read_wish(raw: Mapping[str, Any], zone_of: ZoneOf) -> Wish:
    """The wish, naive times read in the camera's zone. ValidationError naming the fields."""
    found = _WISH.load(raw)
    zone = zone_of(found["camera"]) or UTC
    window = Window(instant(found["start"], zone, "start"), instant(found["end"], zone, "end"))
    return Wish(found["camera"], window, found["force"])


def read_query(raw: Mapping[str, list[str]], zone_of: ZoneOf) -> Query:
    """The question, from a query string's values by name. Without a camera naive times are UTC.

    `state` may be repeated or a comma-separated list; of any other name the last value counts. ValidationError naming the
    fields.
    """
    values: dict[str, Any] = {name: given[-1] for name, given in raw.items()}
    if "state" in raw:
        values["state"] = [
            word.strip() for given in raw["state"] for word in given.split(",") if word.strip()
        ]
    found = _QUERY.load(values)
    zone = zone_of(found["camera"] or "") or UTC
    return Query(
        states=frozenset(found["state"]),
        camera=found["camera"],
        kind=found["kind"],
        origin=found["origin"],
        start=_bound(found["start"], zone, "from"),
        end=_bound(found["end"], zone, "to"),
        limit=found["limit"],
        before=found["cursor"],
    )


def read_harvest(raw: Mapping[str, Any]) -> HarvestWish:
    """The wish for a harvest. ValidationError naming the fields."""
    return HarvestWish(**_HARVEST.load(raw))


def read_record_query(raw: Mapping[str, list[str]], zone_of: ZoneOf) -> RecordQuery:
    """The question, from a query string's values by name; the last value of a name counts. ValidationError naming the fields."""
    found = _RECORD_QUERY.load({name: given[-1] for name, given in raw.items()})
    zone = zone_of(found["camera"] or "") or UTC
    bounds = {"start": _bound(found["start"], zone, "from"), "end": _bound(found["end"], zone, "to")}
    return RecordQuery(before=found.pop("cursor"), **found | bounds)


def _bound(moment: datetime | None, zone: tzinfo, field: str) -> datetime | None:
    return None if moment is None else instant(moment, zone, field)
