"""The rows of a listing as frozen values: `data.records` of the vendor's page on condensed records, read with patience.

A field that cannot be read is as if it were absent; only a row without a readable `recordId` or `createTime` cannot be kept,
and one such row spoils no other. What is secret in a row, or leads to its media, is in no field but `thumb` and `media`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from shared.vendors.imou.envelope import unreadable
from shared.vendors.imou.media import descriptor
from shared.vendors.imou.values import address, amount, handle, moment, seconds, stamp, tags, text, time_point

MOST_ROWS = 1000  # of one page, whatever it holds: ten times what is asked for
MOST_CHAPTERS = 1000
FACT_LENGTH = 200
MOST_FACTS = 40
READ = frozenset(  # what has a field of its own below, or is the asked camera's
    {
        *("recordId", "createTime", "deviceId", "channelId", "mp4Videos", "expireTime", "size", "length"),
        *("thumbUrl", "summary"),
    }
)
SECRET = re.compile(
    r"token|secret|pass|pwd|key|sign|psk|auth|cred|cookie|session|user|url|addr|path|region|host|domain|link",
    re.IGNORECASE,
)
SECRET_WORDS = frozenset({"ak", "sk", "uid", "uri", "ip"})
_HUMPS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


@dataclass(frozen=True, slots=True)
class Video:
    """One entry of `mp4Videos`."""

    time_point: str
    tags: tuple[str, ...] = ()
    summary: str = ""
    duration: float | None = None
    updated: datetime | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `created` and `expires` are naive, in the wire's zone, or aware. `thumb` may be signed, `media` holds
    keys: they are not shown.
    """

    id: str
    created: datetime
    type: tuple[str, ...] = ()
    summary: str = ""
    length: float | None = None
    size: float | None = None
    expires: datetime | None = None
    thumb: str | None = field(default=None, repr=False)
    videos: tuple[Video, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    media: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Fault:
    """What could not be read of a row: a sentence that names the field, and the row's id if that is known."""

    sentence: str
    id: str | None = None


class _VideoSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    time_point = fields.Function(deserialize=time_point, data_key="timePoint", required=True)
    tags = fields.Function(deserialize=tags)
    summary = fields.Function(deserialize=text)
    duration = fields.Function(deserialize=seconds)
    updated = fields.Function(deserialize=stamp, data_key="updateTime")


class _RowSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    id = fields.Function(deserialize=handle, data_key="recordId", required=True)
    created = fields.Function(deserialize=moment, data_key="createTime", required=True)
    type = fields.Function(deserialize=tags)
    summary = fields.Function(deserialize=text)
    length = fields.Function(deserialize=seconds)
    size = fields.Function(deserialize=amount)
    expires = fields.Function(deserialize=moment, data_key="expireTime")
    thumb = fields.Function(deserialize=address, data_key="thumbUrl")


_VIDEO, _ROW = _VideoSchema(), _RowSchema()


def rows_of(data: Mapping[str, object]) -> list[object]:
    """The rows of an answer; none when it says nothing of them. Transient when it says something else."""
    rows = data.get("records")
    if rows is None or rows == "":
        return []
    if not isinstance(rows, list):
        raise unreadable("without a list of records")
    return rows[:MOST_ROWS]


def read_row(raw: object) -> tuple[Row | None, tuple[Fault, ...]]:
    """A row, and what of it could not be read; None when it cannot be kept."""
    if not isinstance(raw, dict):
        return None, (Fault("a row was left out: it is no object"),)
    found, faults = _read(_ROW, raw)
    label = f"record {found['id']}" if "id" in found else "a record"
    if faults:
        return None, (Fault(f"{label} was left out: {faults}", found.get("id")),)
    videos, unread = [], []
    for place, video in enumerate(_list(raw.get("mp4Videos"))[:MOST_CHAPTERS]):
        read, why = _read(_VIDEO, _tagged(video))
        if why:
            unread.append(Fault(f"{label}: mp4Videos[{place}] was left out: {why}", found["id"]))
        else:
            videos.append(Video(**read))
    return Row(**found, videos=tuple(videos), facts=dict(_facts(raw)), media=descriptor(raw)), tuple(unread)


def _read(schema: Schema, raw: Mapping[str, object]) -> tuple[dict[str, Any], str]:
    """The fields that can be read, and the fault of the first that is needed and cannot."""
    given = {name: value for name, value in raw.items() if value is not None and value != ""}
    try:
        return schema.load(given), ""
    except ValidationError as error:
        needed = {each.data_key for each in schema.fields.values() if each.required}
        faults = (f"{name}: {words[0]}" for name, words in error.messages_dict.items() if name in needed)
        return dict(error.valid_data or {}), next(faults, "")


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [] if value in (None, "") else [value]


def _tagged(video: object) -> Mapping[str, object]:
    """An entry with its tags where they are documented; the vendor's demo app also knows another name for them."""
    if not isinstance(video, dict):
        return {}
    return {**video, "tags": video.get("tags") or video.get("msgIconList")}


def _facts(raw: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Whatever else is said and is no secret: single values under names that do not sound like one."""
    names = [name for name in raw if name not in READ and name.isprintable() and not is_secret(name)]
    for name in names[:MOST_FACTS]:
        value = raw[name]
        said = text(value) if isinstance(value, str | int | float) else ""
        if said and "://" not in said:
            yield name[:FACT_LENGTH], said[:FACT_LENGTH]


def is_secret(name: str) -> bool:
    """Whether a field of this name is taken for a secret, or for a way to the media."""
    return bool(SECRET.search(name)) or any(word.lower() in SECRET_WORDS for word in _HUMPS.findall(name))
