"""How things look on the pages: times, lengths and sizes as people read them. Times come in told in the camera's zone."""

import re
from datetime import datetime, time, timedelta

from flask import Flask

from shared.domain.reasons import sentence, why
from webhook.auth import logged_in
from webhook.csrf import csrf_token
from webhook.operate import offered
from webhook.parts import services

_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def register(app: Flask) -> None:
    """Give the templates their filters and functions."""
    app.jinja_env.filters.update(clock=clock, event=event, length=length, sentence=sentence, size=size)
    app.context_processor(lambda: {"simulated": services().simulated, "logged_in": logged_in()})
    app.jinja_env.globals.update(csrf_token=csrf_token, offered=offered, span=span, why=why)


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
