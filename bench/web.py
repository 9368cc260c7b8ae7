"""Requests of the bench to what it has started itself, on loopback and past any proxy of the environment."""

from collections.abc import Mapping
from urllib.request import ProxyHandler, Request, build_opener

_OPENER = build_opener(ProxyHandler({}))


def asked(url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> bytes:
    """The answer's body. OSError for any answer but a good one, and for none."""
    with _OPENER.open(Request(url, body, dict(headers or {})), timeout=10) as answer:
        content: bytes = answer.read()
    return content
