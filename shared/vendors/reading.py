"""What every vendor's folder reads alike: its section of a camera in the cameras file, and texts that are to be shown.

Whatever a vendor says may be hostile: what is shown is short, on one line, without secrets and addresses, and costs no time
to make so.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, validate

from shared.errors import Invalid

CODE = (
    validate.Length(max=128),
    validate.Regexp(r"[^\s\x00-\x1f\x7f]+\Z", error="must be text without blanks"),
)
_LONGEST = 4000  # characters of a text that are looked at
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]{0,20}://\S+", re.IGNORECASE)


def plain(text: str, secrets: Iterable[str] = ()) -> str:
    """A vendor's text, fit to be shown."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "<secret>")
    text = _ADDRESS.sub("<address>", text[:_LONGEST])
    text = "".join(" " if unicodedata.category(letter)[0] == "C" else letter for letter in text)
    return " ".join(text.split())


def section_of(schema: Schema, raw: Mapping[str, object], vendor: str) -> dict[str, Any]:
    """The fields of `[camera.VENDOR]`. Invalid `cameras-file`, whose `field` is the path of the first culprit in it."""
    try:
        found: dict[str, Any] = schema.load(raw)
    except ValidationError as error:
        path, words = _first(error.messages_dict)
        raise Invalid("cameras-file", f"camera.{vendor}.{path}: {words}", field=path) from error
    return found


def _first(messages: Any) -> tuple[str, str]:
    """The path and the words of the first message of a tree of them."""
    if not isinstance(messages, dict):
        return "", str(messages[0])
    key, below = next(iter(messages.items()))
    path, words = _first(below)
    return (f"{key}.{path}" if path else str(key)), words
