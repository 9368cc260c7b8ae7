"""How the simulated cloud writes a record down: as the page's sample prints it, or as its table and its clients know it.

The sample and the table of the vendor's page contradict one another (integers and texts, a list and a text of tags), and
its clients are ready for more; `schema` chooses. Path, region and address of the media lead nowhere, on purpose.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from gleaner.sandbox.accounts import AK, FILE_TOKEN, USER_ID
from gleaner.sandbox.channels import DAYS
from gleaner.sandbox.cloud_mischief import CloudSwitches
from gleaner.sandbox.records import RETENTION, Chapter, Record

Row = dict[str, Any]
Change = Callable[[Any], Any]
GONE = object()
BROKEN: Mapping[str, Any] = {
    "fields": {"recordId": None, "createTime": "the day before yesterday", "mp4Videos": "none"},
    "no-object": "a record",
}
_EXTRA = {"encryptSecret": "", "pairKey": "0", "beginTime": "", "somethingNew": {"deep": [1, None]}}


def spell(record: Record, thumb_url: str, zone: ZoneInfo, switches: CloudSwitches) -> Row:
    """A record as JSON, with secrets of its own."""
    row = _sample(record, thumb_url, zone, switches)
    chapters = [_chapter(each, zone) for each in record.chapters]
    if switches.schema != "sample":
        dice = Random(f"{switches.seed} {record.id()}")
        row = _changed(row, _RECORDS.get(switches.schema, {}), dice)
        chapters = [_changed(each, _CHAPTERS[switches.schema], dice) for each in chapters]
    if chapters:
        row["mp4Videos"] = chapters
    return extended(row) if switches.extra_fields else row


def extended(fields: Row) -> Row:
    """These fields among some that no page names; those of its chapters, too."""
    chapters = (
        {"mp4Videos": [extended(each) for each in fields["mp4Videos"]]} if fields.get("mp4Videos") else {}
    )
    return {**_EXTRA, **fields, **chapters}


def milliseconds(instant: datetime) -> int:
    """Since 1970, as the wire has it."""
    return round(instant.timestamp() * 1000)


def _sample(record: Record, thumb_url: str, zone: ZoneInfo, switches: CloudSwitches) -> Row:
    channel, number = record.channel, record.id(moving=switches.moving_id)
    return {
        "recordId": str(number),
        "deviceId": channel.device,
        "channelId": channel.number,
        "encryptMode": int(switches.picture == "encrypted"),
        "channelName": channel.name,
        "createTime": record.created.astimezone(zone).strftime("%Y%m%dT%H%M%S"),
        "size": record.size,
        "length": record.seconds,
        "thumbUrl": thumb_url,
        "type": record.tag,
        "recordPath": f"/sandbox/{number}/{record.revision}",
        "recordRegionId": "sandbox|nowhere|2|sandbox",
        "region": "1",
        "expireTime": "",
        "streamAddr": "https://sandbox.invalid:443",
        "userId": USER_ID,
        "ak": AK + secrets.token_hex(8),
        "fileToken": FILE_TOKEN + secrets.token_hex(12),
        "businessType": "712" if record.package == DAYS else "713",
        "method": 0,
        "mp4Videos": [],
    }


def _chapter(chapter: Chapter, zone: ZoneInfo) -> Row:
    published = milliseconds(chapter.published)
    return {
        "duration": chapter.seconds,
        "summary": chapter.summary,
        "expireTime": milliseconds(chapter.published + RETENTION),
        "createTime": published,
        "timePoint": chapter.start.astimezone(zone).strftime("%H:%M"),
        "updateTime": published,
        "tags": list(chapter.tags),
    }


def _same(value: Any) -> Any:
    return value


def _none(_value: Any) -> None:
    return None


def _gone(_value: Any) -> object:
    return GONE


def _nothing(_value: Any) -> list[Any]:
    return []


def _csv(tags: Sequence[str]) -> str:
    return ",".join(tags)


def _array(tags: Sequence[str]) -> str:
    return json.dumps(list(tags), ensure_ascii=False)


def _whole(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


def _dashed(stamp: str) -> str:
    return datetime.strptime(stamp, "%Y%m%dT%H%M%S").isoformat(" ")  # noqa: DTZ007 - only spelt otherwise


def _short(point: str) -> str:
    hour, _, minute = point.partition(":")
    return f"{int(hour)}:{int(minute)}"


def _changed(row: Row, changes: Mapping[str, tuple[Change, ...]], dice: Random) -> Row:
    """Each field as one of its changes makes it; the same for the same dice."""
    changed = {name: dice.choice(changes.get(name, (_same,)))(value) for name, value in row.items()}
    added = {name: dice.choice(ways)(None) for name, ways in changes.items() if name not in row}
    if changed.get("tags") is GONE:
        added["msgIconList"] = row["tags"]
    return {name: value for name, value in (changed | added).items() if value is not GONE}


_NUMBERS = (_same, str, float)
_RECORDS: dict[str, dict[str, tuple[Change, ...]]] = {
    "documented": {
        "recordId": (int,),
        "productId": (lambda _value: "",),
        "encryptMode": (str,),
        "method": (str,),
    },
    "mixed": {
        "recordId": (_same, int),
        "productId": (_gone, _none, lambda _value: ""),
        "channelId": (_same, _whole),
        "encryptMode": (_same, str),
        "createTime": (_same, _dashed),
        "size": (_same, str, _none),
        "length": (*_NUMBERS, _none),
        "type": (_same, _same, lambda _value: 1000),
        "expireTime": (_same, _none, lambda _value: 0, lambda _value: "0"),
        "businessType": (_same, int),
        "method": (_same, str),
        "mp4Videos": (_nothing, _none, _gone),
    },
    "nulls": dict.fromkeys(
        (
            *("productId", "channelName", "encryptMode", "size", "length", "thumbUrl", "type", "expireTime"),
            *("recordPath", "recordRegionId", "region", "streamAddr", "userId", "ak", "fileToken"),
            *("businessType", "method", "mp4Videos"),
        ),
        (_none,),
    ),
}
_CHAPTERS: dict[str, dict[str, tuple[Change, ...]]] = {
    "documented": {
        "tags": (_csv,),
        **dict.fromkeys(("duration", "createTime", "updateTime", "expireTime"), (str,)),
    },
    "mixed": {
        "tags": (_same, _csv, _array, _none, _gone),
        "timePoint": (_same, _short),
        "duration": _NUMBERS,
        **dict.fromkeys(("createTime", "updateTime", "expireTime"), (_same, str)),
    },
    "nulls": dict.fromkeys(
        ("tags", "duration", "summary", "createTime", "updateTime", "expireTime"), (_none,)
    ),
    "csv": {"tags": (_csv,)},
}
