"""Single values as the cloud may send them: each reader takes every form that is documented or was seen, and refuses the rest.

The vendor's table of fields and its own sample disagree on the types of most of them, and its demo app reads more forms
still. None, an empty text and, for amounts and times, 0 mean that nothing is known. Readers raise ValidationError.
"""

import json
import re
from datetime import UTC, datetime
from urllib.parse import urlsplit

from marshmallow import ValidationError

TEXT_LENGTH = 4000
ID_LENGTH = 64
ADDRESS_LENGTH = 2048
MOST = 1e15  # no bytes of ours are more
LONGEST = 1e6  # seconds; no record lasts longer
MOST_TAGS = 50
CENTURY = range(2001, 2100)
MILLISECONDS = 1e11  # an epoch number from here on counts these; as seconds it would be the year 5138
FORMATS = ("%Y%m%dT%H%M%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")
_CLOCK = re.compile(r"(\d{1,2}):(\d{1,2})(?::\d{1,2})?", re.ASCII)
_COMMAS = re.compile("[,，、]")


def text(value: object) -> str:
    """Text, or a number as text; characters that cannot be shown become blanks."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise ValidationError("must be text")
    shown = "".join(letter if letter.isprintable() else " " for letter in str(value)[:TEXT_LENGTH])
    return shown.strip()


def handle(value: object) -> str:
    """An id: text or a whole number."""
    if isinstance(value, bool | float):
        raise ValidationError("must be text or a whole number")
    said = text(value)
    if not said or len(said) > ID_LENGTH:
        raise ValidationError(f"must hold 1 to {ID_LENGTH} characters")
    return said


def amount(value: object) -> float | None:
    """Seconds or bytes."""
    try:
        number = float(value) if isinstance(value, str | int | float) else -1.0
    except (ValueError, OverflowError):
        number = -1.0
    if isinstance(value, bool) or not 0 <= number <= MOST:
        raise ValidationError("must be a number of 0 or more")
    return number or None


def seconds(value: object) -> float | None:
    """How long something lasts."""
    found = amount(value)
    if found is not None and found > LONGEST:
        raise ValidationError(f"must be at most {LONGEST:.0f} seconds")
    return found


def moment(value: object) -> datetime:
    """A time: naive in either of the vendor's two forms, or aware from an epoch number of seconds or milliseconds."""
    for form in FORMATS if isinstance(value, str) else ():
        try:
            found = datetime.strptime(str(value).strip(), form)  # noqa: DTZ007 - in the wire's zone, which the caller knows
        except ValueError:
            continue
        if found.year in CENTURY:
            return found
    return stamp(value)


def stamp(value: object) -> datetime:
    """An epoch number of seconds or milliseconds, or the same as text; of this century."""
    number = amount(value) or 0.0
    since = number / 1000 if number >= MILLISECONDS else number
    if not 978_307_200 <= since < 4_102_444_800:
        raise ValidationError("is no time of this century")
    return datetime.fromtimestamp(since, UTC)


def time_point(value: object) -> str:
    """HH:MM from H:m, with or without seconds."""
    match = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        raise ValidationError("must be a time of the day like 10:00")
    return f"{int(match[1]):02}:{int(match[2]):02}"


def tags(value: object) -> tuple[str, ...]:
    """Tags from a list, a list written as JSON text, or text with commas; each once."""
    if isinstance(value, str) and value.strip().startswith("["):
        value = _json(value)
    if isinstance(value, str):
        value = _COMMAS.split(value)
    each = value if isinstance(value, list) else [value]
    found = (text(tag) for tag in each if isinstance(tag, str | int) and not isinstance(tag, bool))
    return tuple(dict.fromkeys(filter(None, found)))[:MOST_TAGS]


def address(value: object) -> str:
    """Where a picture is: an http or https address."""
    said = value.strip() if isinstance(value, str) else ""
    try:
        parts = urlsplit(said)
        leads = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        leads = False
    if not leads or not said.isprintable() or " " in said or len(said) > ADDRESS_LENGTH:
        raise ValidationError("is not an http or https address")
    return said


def _json(value: str) -> object:
    try:
        found: object = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return found
