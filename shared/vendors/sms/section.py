"""The section `[camera.sms]` of the cameras file. What it does not know is refused, by name: a typing error is not a wish."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from shared.vendors.reading import CODE, section_of

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of every day, as distances from midnight; an `end` that is not after `start` lies on the next day."""

    start: timedelta
    end: timedelta


@dataclass(frozen=True, slots=True)
class Follow:
    """Records with one of `tags` bring their footage, from `before` their time point to `after` it."""

    tags: tuple[str, ...]
    before: timedelta
    after: timedelta


@dataclass(frozen=True, slots=True)
class SmsCamera:
    """A camera as this vendor knows it. `downloads`: at once on its device."""

    device_unicode: str
    channel: str
    platform_id: str | None = None
    downloads: int = 1
    keep: tuple[Hours, ...] = ()
    keep_since: date | None = None
    follow: Follow | None = None


def _hours(value: object) -> Hours:
    match = _HOURS.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValidationError('must read like "08:00-20:00"')
    start = timedelta(hours=int(match[1]), minutes=int(match[2]))
    end = timedelta(hours=int(match[3] or 24), minutes=int(match[4] or 0))
    if start == end:
        raise ValidationError('is no span of time; a whole day is "00:00-24:00"')
    return Hours(start, end)


def _seconds(value: object) -> timedelta:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 3600:
        raise ValidationError("must be a number of seconds between 0 and 3600")
    return timedelta(seconds=value)


def _day(value: object) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValidationError("must be a day like 2026-11-01, without quotes and without a time")
    return value


class _FollowSchema(Schema):
    class Meta:
        unknown = RAISE

    _tag = fields.String(validate=validate.Length(min=1))
    tags = fields.List(_tag, required=True, validate=validate.Length(min=1))
    before = fields.Function(deserialize=_seconds, required=True)
    after = fields.Function(deserialize=_seconds, required=True)


def _follow(value: object) -> Follow:
    if not isinstance(value, Mapping):
        raise ValidationError("must be a table")
    found = _FOLLOW.load(value)
    return Follow(tuple(found["tags"]), found["before"], found["after"])


class _SectionSchema(Schema):
    class Meta:
        unknown = RAISE

    device_unicode = fields.String(required=True, validate=CODE)
    channel = fields.String(required=True, validate=CODE)
    platform_id = fields.String(validate=CODE)
    downloads = fields.Integer(strict=True, validate=validate.Range(min=1, max=64))
    keep = fields.List(fields.Function(deserialize=_hours))
    keep_since = fields.Function(deserialize=_day)
    follow = fields.Function(deserialize=_follow)


_FOLLOW = _FollowSchema()
_SECTION = _SectionSchema()


def read_section(raw: Mapping[str, object]) -> SmsCamera:
    """The section as a value. Invalid `cameras-file`, whose `field` is the path of the first culprit in the section."""
    found = section_of(_SECTION, raw, "sms")
    return SmsCamera(**found | {"keep": tuple(found.get("keep", ()))})
