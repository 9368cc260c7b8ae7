"""How the answers of Redis become ours: a server that does not answer is Transient `store-away`, whoever asked; a
document that is not one of ours is Final `store-unreadable`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import redis

from shared.errors import Final, Transient, Whose


@contextmanager
def answering() -> Iterator[None]:
    """Around every use of a client."""
    try:
        yield
    except redis.RedisError as error:
        raise Transient("store-away", type(error).__name__, whose=Whose.VENDOR, asked=False) from error


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Around the reading of a document; `what` names it."""
    try:
        yield
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise Final("store-unreadable", f"{what}: {error}") from error


def text_or_none(answer: object) -> str | None:
    """An answer as text; Redis says nothing in several ways."""
    return str(answer) if answer else None
