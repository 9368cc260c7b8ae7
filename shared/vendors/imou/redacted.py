"""A row as the cloud sent it, fit to be shown: what sounds like a secret is masked, and addresses are; the rest is as it came.

What a field is called decides, in `schemas.is_secret`, for a value tells nothing. Rows may be hostile: what is shown is bounded.
"""

import json

from shared.vendors.imou.schemas import is_secret
from shared.vendors.reading import plain

MASK = "<secret>"
LENGTH = 2000  # characters of the whole
TEXT = 300  # of one text
MANY, DEEP = 40, 4  # entries of a list or an object, levels of them


def redacted(raw: object) -> str:
    """The row as JSON, cut off where it is too long; nothing of what is no row, for no name says whether it is a secret."""
    return json.dumps(_shown(raw, DEEP), ensure_ascii=False)[:LENGTH] if isinstance(raw, dict) else ""


def _shown(value: object, levels: int) -> object:
    if isinstance(value, dict | list) and not levels:
        return "…"
    if isinstance(value, dict):
        said = list(value.items())[:MANY]
        return {plain(str(name))[:TEXT]: _field(str(name), each, levels - 1) for name, each in said}
    if isinstance(value, list):
        return [_shown(each, levels - 1) for each in value[:MANY]]
    return plain(value)[:TEXT] if isinstance(value, str) else value


def _field(name: str, value: object, levels: int) -> object:
    return MASK if is_secret(name) and value not in (None, "") else _shown(value, levels)
