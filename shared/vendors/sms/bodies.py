"""JSON from whoever calls, read strictly: what is refused here never reaches a field, a log or the store.

Refused are: what is no JSON in UTF-8, NaN and infinities in any spelling, halves of surrogate pairs, escaped or not, and
nesting deeper than any message has. Of a doubled key the last counts, as in a form: some vendors' own libraries write them.
"""

import math
from collections.abc import Iterable
from contextlib import suppress
from itertools import chain

import msgspec

from shared.errors import Invalid
from shared.vendors.sms.answers import parse_json

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
DEEPEST = 16
UNREADABLE = "callback-unreadable"
_NAME_LENGTH = 64


def strict_json(body: bytes) -> object:
    """The value. Invalid `callback-unreadable`, with the field's name where one is to blame."""
    try:
        value: object = msgspec.json.decode(body.removeprefix(BYTE_ORDER_MARK))
    except RecursionError:
        raise _too_deep() from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise _unreadable(body) from None
    _check_depth(value)
    return value


def _check_depth(value: object) -> None:
    level, depth = _boxes([value]), 1
    while level := _boxes(chain.from_iterable(level)):
        depth += 1
        if depth > DEEPEST:
            raise _too_deep()


def _too_deep() -> Invalid:
    return Invalid(UNREADABLE, f"nested deeper than {DEEPEST}")


def _boxes(values: Iterable[object]) -> list[Iterable[object]]:
    """What of these holds more."""
    return [
        each.values() if isinstance(each, dict) else each for each in values if isinstance(each, dict | list)
    ]


def _unreadable(body: bytes) -> Invalid:
    """Once more, and leniently, but only to say what it was."""
    with suppress(ValueError):
        if name := _culprit("", parse_json(body)):
            return Invalid(UNREADABLE, f"{name}: is no number or no text that can be", field=name)
    return Invalid(UNREADABLE, "neither JSON nor a form, in UTF-8")


def _culprit(name: str, value: object, depth: int = 0) -> str:
    """The name of the first field that holds what no JSON may; none when that is not to be found or shown."""
    if isinstance(value, dict) and depth < DEEPEST:
        return next(filter(None, (_culprit(key, inner, depth + 1) for key, inner in value.items())), "")
    if isinstance(value, list) and depth < DEEPEST:
        return next(filter(None, (_culprit(name, inner, depth + 1) for inner in value)), "")
    broken = isinstance(value, float) and not math.isfinite(value)
    broken = broken or (isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value))
    return name if broken and name.isidentifier() and name.isascii() and len(name) <= _NAME_LENGTH else ""
