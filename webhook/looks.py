"""How things look on the pages: times, lengths and sizes as people read them. Times come in told in the camera's zone."""

import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta, tzinfo

from flask import Flask

from shared.domain.reasons import sentence, why, words
from shared.domain.records import Record
from webhook.auth import logged_in
from webhook.csrf import csrf_token
from webhook.operate import offered
from webhook.parts import services

SHOWABLE = (".jpg", ".png", ".webp")
_CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def register(app: Flask) -> None:
    """Give the templates their filters and functions."""
    app.jinja_env.filters.update(
        at=at,
        clock=clock,
        event=event,
        length=length,
        listed=listed,
        minute=minute,
        sentence=sentence,
        size=size,
        tags=tags,
        when=when,
        words=words,
    )
    app.jinja_env.tests.update(chinese=chinese, showable=showable)
    app.context_processor(lambda: {"simulated": services().simulated, "logged_in": logged_in()})
    app.jinja_env.globals.update(csrf_token=csrf_token, gist=gist, offered=offered, span=span, why=why)


def span(start: datetime, end: datetime) -> str:
    """A window: the day once, seconds only where there are some, the offset only where it changes."""
    whole_minutes = start.second == end.second == 0
    form = "%H:%M" if whole_minutes else "%H:%M:%S"
    first, last = start.strftime(form), end.strftime(form)
    if start.utcoffset() != end.utcoffset():
        first, last = f"{first}{start.isoformat()[-6:]}", f"{last}{end.isoformat()[-6:]}"
    elif end.date() == start.date() + timedelta(days=1) and end.time() == time():
        last = "24:00"
    elif end.date() != start.date():
        last = f"{end:%Y-%m-%d} {last}"
    return f"{start:%Y-%m-%d} {first}–{last}"


def clock(instant: datetime | None) -> str:
    """A day and a time to the second, or a dash."""
    return f"{instant:%Y-%m-%d %H:%M:%S}" if instant else "–"


def at(instant: datetime | None, zone: tzinfo) -> str:
    """A day and a time in a zone, with its offset, for what stands beside no camera; seconds only where there are some."""
    if instant is None:
        return "the next occasion"
    return f"{instant.astimezone(zone):%Y-%m-%d {'%H:%M:%S' if instant.second else '%H:%M'} %z}"


def length(seconds: float | None) -> str:
    """Hours, minutes and seconds."""
    if seconds is None:
        return "length unknown"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def size(amount: float) -> str:
    """Bytes, in the unit that suits them."""
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def event(name: str) -> str:
    """An event's name as words."""
    return _HUMP.sub(" ", name).capitalize()


def minute(instant: datetime) -> str:
    """A day and a time, seconds only where there are some; midnight is the day itself."""
    if instant.time() == time():
        return f"{instant:%Y-%m-%d}"
    return f"{instant:%Y-%m-%d %H:%M:%S}" if instant.second else f"{instant:%Y-%m-%d %H:%M}"


def when(record: Record) -> str:
    """The time of a record; of one with chapters, its day and their first and last time point."""
    points = [chapter.time_point for chapter in record.chapters]
    if not points:
        return minute(record.created_at)
    return f"{record.created_at:%Y-%m-%d} {points[0]}" + (f"–{points[-1]}" if len(points) > 1 else "")


def gist(record: Record) -> str:
    """What a record is about: its own summary, or else that of its last chapter that has one."""
    said = (record.summary, *(chapter.summary for chapter in reversed(record.chapters)))
    return next((summary for summary in said if summary), "")


def tags(record: Record) -> list[str]:
    """A record's tags and those of its chapters, each once."""
    return list(dict.fromkeys((*record.tags, *(tag for chapter in record.chapters for tag in chapter.tags))))


def listed(names: Sequence[str]) -> str:
    """A few names, and how many more."""
    most = 4
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def chinese(text: str) -> bool:
    """Whether there is Chinese in a text, which readers, fonts and voices want to know."""
    return bool(_CHINESE.search(text))


def showable(key: str) -> bool:
    """Whether a browser can show the picture under this key."""
    return key.endswith(SHOWABLE)
