"""How an archive writes down what it knows: JSON for people and for machines, and when two descriptions are the same."""

import json
from collections.abc import Mapping


def written(description: Mapping[str, object]) -> bytes:
    """A description as a file's content, in plain characters of every script."""
    text = json.dumps(dict(description), ensure_ascii=False, indent=2)
    # Half a surrogate pair, which JSON can smuggle in and UTF-8 cannot hold, goes out as JSON's own escape for it.
    return text.encode(errors="backslashreplace") + b"\n"


def parsed(content: bytes) -> Mapping[str, object] | None:
    """The description that a file holds, or None when it holds none."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def same(content: bytes, other: bytes) -> bool:
    """Whether two files hold one description, in whatever order; what is none is like no other."""
    one, two = parsed(content), parsed(other)
    return one is not None and two is not None and _canonical(one) == _canonical(two)


def _canonical(description: Mapping[str, object]) -> str:
    return json.dumps(description, sort_keys=True)
