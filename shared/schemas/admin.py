"""What an operator may send: a wish for a window, a question for jobs. What is not known is refused, field by field."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from shared.domain.job import Kind, Origin, State, Window
from shared.ports import Query
from shared.schemas.fields import Moment, instant

JOB_ID = re.compile(r"[0-9a-hjkmnp-tv-z]{26}")
MOST_LISTED = 200
ZoneOf = Callable[[str], tzinfo | None]  # the zone of a camera, None when there is no such camera
_NAME = validate.Length(min=1, max=200)


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
        validate=validate.Regexp(JOB_ID.pattern + r"\Z", error="Is none that a list has given."),
    )


@dataclass(frozen=True, slots=True)
class Wish:
    """A window of a camera that somebody wants; whether the camera exists is not known yet."""

    camera: str
    window: Window
    force: bool


_WISH = WishSchema()
_QUERY = QuerySchema()


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


def _bound(moment: datetime | None, zone: tzinfo, field: str) -> datetime | None:
    return None if moment is None else instant(moment, zone, field)
