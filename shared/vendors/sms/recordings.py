"""The list of what a device has recorded, read leniently: the page of the list gives the request and not the answer.

So the items are looked for in `data` itself or under one of a few names, with their times in any spelling that comparable
platforms use; names are the same whatever their case and underscores. What is not understood is never taken for "nothing
recorded": a window wrongly thought empty would be a loss that nobody sees.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.domain.job import Window
from shared.errors import Transient
from shared.vendors.sms.answers import Answer

PLACES = ("list", "records", "items", "recordlist", "recorditems", "rows")
COUNTS = ("sumnum", "total", "totalcount", "count", "recordcount")
STARTS = ("starttime", "start", "begintime", "begin")
ENDS = ("endtime", "end", "stoptime", "stop")
MOST_ITEMS = 10_000  # a day of items of ten seconds; what lists more is no list of recordings
A_SECOND = timedelta(
    seconds=1
)  # the wire has whole seconds: an item lasts to the end of the one that it names
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d{1,9})?) ?(Z|[+-]\d\d:?\d\d)?")


@dataclass(frozen=True, slots=True)
class Listing:
    """The items of an answer, in the platform's order. `whole`: the answer itself does not say that there are more."""

    items: tuple[Window, ...]
    whole: bool

    def of(self, window: Window) -> tuple[Window, ...] | None:
        """What is held of a window, as `PlaybackSource.recordings` promises it.

        Items none of which touches the window were perhaps written in another zone: they say nothing of it.
        """
        if not self.whole:
            return None
        return (tuple(_joined(_clipped(self.items, window))) or None) if self.items else ()


def read_listing(answer: Answer, zone: ZoneInfo) -> Listing:
    """The items of an accepted answer; a naive time is one of `zone`. Transient `vendor-unreadable` in an unknown form."""
    rows, beside = _place(answer)
    if len(rows) > MOST_ITEMS:
        raise _unreadable(f"more than {MOST_ITEMS} items")
    items = tuple(item for row in rows if (item := _item(row, zone)))
    if rows and not items:
        raise _unreadable("no item has a start and an end")
    counts = (beside[name] for name in COUNTS if name in beside)
    return Listing(items, whole=all(_covered(count, len(rows)) for count in counts))


def _place(answer: Answer) -> tuple[Sequence[object], Mapping[str, object]]:
    """The list of items, and the fields beside it, among which may be a count."""
    beside = _fields(answer.envelope) | _fields(answer.data)
    if isinstance(answer.content, list):
        return answer.content, beside
    inner = _fields(answer.data)
    lists = [rows for place in PLACES if isinstance(rows := inner.get(place), list)]
    if not lists:
        raise _unreadable("no list in a known place")
    return max(lists, key=len), beside


def _fields(values: object) -> dict[str, object]:
    """What is filled in, by names in which case and underscores do not count."""
    given = values.items() if isinstance(values, Mapping) else ()
    return {
        name.replace("_", "").casefold(): value for name, value in given if value is not None and value != ""
    }


def _covered(count: object, items: int) -> bool:
    """Whether there are as many items as a count says; one that cannot be read may be any number."""
    text = str(count) if isinstance(count, str | int) else ""
    return re.fullmatch(r"\d{1,9}", text, re.ASCII) is not None and int(text) <= items


def _item(row: object, zone: ZoneInfo) -> Window | None:
    """One item; None when it has no time at all. In an hour that clocks repeat it is rather too long than too short.

    Times that are there and cannot be read make the whole list one of an unknown form: what is left would say too little.
    """
    fields = _fields(row)
    start, end = (next((fields[name] for name in names if name in fields), None) for names in (STARTS, ENDS))
    if start is None and end is None:
        return None
    if start is None or end is None:  # perhaps it is still being recorded
        raise _unreadable("an item has a start or an end, and not both")
    window = Window(_instant(start, zone, fold=0), _instant(end, zone, fold=1))
    if window.end < window.start:
        raise _unreadable("an item ends before it starts")
    return window


def _instant(text: object, zone: ZoneInfo, fold: int) -> datetime:
    match = _TIME.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise _unreadable("an item's time is in no known form")
    day, clock, offset = match.groups()
    try:
        time = datetime.fromisoformat(f"{day}T{clock}{offset or ''}")
        return (time if time.tzinfo else time.replace(tzinfo=zone, fold=fold)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _unreadable("an item's time is none") from None


def _clipped(items: Iterable[Window], window: Window) -> Iterable[Window]:
    """What of the items lies in the window, in order of time."""
    parts = (Window(max(item.start, window.start), min(item.end, window.end)) for item in items)
    return sorted((part for part in parts if part.start < part.end), key=lambda part: part.start)


def _joined(parts: Iterable[Window]) -> Iterable[Window]:
    """Parts in order, those that touch or overlap as one."""
    joined: list[Window] = []
    for part in parts:
        if joined and part.start - joined[-1].end <= A_SECOND:
            joined[-1] = Window(joined[-1].start, max(joined[-1].end, part.end))
        else:
            joined.append(part)
    return joined


def _unreadable(why: str) -> Transient:
    return Transient("vendor-unreadable", f"the list of recordings: {why}", answered=True)
