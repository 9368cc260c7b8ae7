"""Times at the edge: what an operator may write for one, and how ours are told.

In: ISO 8601, with an offset or, read in a camera's zone, without; an hour that occurs twice means the first, and one that
no clock shows is refused. Out: ISO 8601 with the offset of the camera's zone.
"""

import re
from contextlib import suppress
from dataclasses import fields as fields_of
from dataclasses import is_dataclass, replace
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import Any, TypeVar

from marshmallow import ValidationError, fields

T = TypeVar("T")
YEARS = range(2000, 9000)  # there is no footage from before, and later ones overflow in some zone
_LOST_PLUS = re.compile(r"(T\S+) (\d\d:?\d\d)")


def moment(value: object) -> datetime:
    """A time as an operator writes it; naive when it names no offset, for `instant` to read. ValidationError."""
    if isinstance(value, str):
        text = _LOST_PLUS.sub(r"\1+\2", value.strip())  # what an unescaped + becomes in a query
        with suppress(ValueError):
            found = datetime.fromisoformat(text)
            if found.year in YEARS:
                return found
    raise ValidationError("Must be a time like 2026-11-20T10:00:00+08:00.")


Moment = partial(fields.Function, deserialize=moment)


def instant(moment: datetime, zone: tzinfo, field: str) -> datetime:
    """The instant in UTC that a time means; a naive one is read in `zone`. ValidationError naming the field."""
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    found = moment.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) != moment:
        raise ValidationError({field: [f"No clock in {zone} shows {moment:%H:%M} on that day."]})
    return found


def in_zone(value: T, zone: tzinfo) -> T:
    """The same value with all its times, however deep, told in another zone; each is still the same instant."""
    told: Any = value
    if isinstance(value, datetime):
        told = value.astimezone(zone)
    elif isinstance(value, tuple):
        told = tuple(in_zone(each, zone) for each in value)
    elif is_dataclass(value) and not isinstance(value, type):
        told = replace(
            value, **{each.name: in_zone(getattr(value, each.name), zone) for each in fields_of(value)}
        )
    kept: T = told
    return kept
