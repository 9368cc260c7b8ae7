"""The access tokens that the simulated cloud has given out, and which of them are still good.

Asked again it gives the same token with the time that is left, as the vendor's sample suggests; the switches know other
ways. Safe to use from any thread.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from math import inf

from gleaner.sandbox.accounts import ACCESS_TOKEN
from gleaner.sandbox.clock import CloudClock
from gleaner.sandbox.cloud_mischief import CloudSwitches
from gleaner.sandbox.envelope import Fault

MOST_TOKENS = 1000


@dataclass
class _Token:
    text: str
    until: float
    calls: int = 0


class Tokens:
    """`life` is in seconds."""

    def __init__(self, clock: CloudClock, life: float) -> None:
        self._clock = clock
        self._life = life
        self._guard = threading.Lock()
        self._tokens: dict[str, _Token] = {}

    def issue(self, switches: CloudSwitches) -> tuple[str, int]:
        """A token that is good, and for how many seconds yet."""
        now = self._now()
        with self._guard:
            if switches.reissue == "only":
                self._tokens.clear()
            old = next((each for each in reversed(self._tokens.values()) if _good(each, now, switches)), None)
            token = old if old and switches.reissue == "same" else self._make(now)
            return token.text, int(token.until - now)

    def use(self, text: str, switches: CloudSwitches) -> None:
        """Count one call by a token; Fault when it is not good, or no longer."""
        with self._guard:
            token = self._tokens.get(text)
            if token is None or not _good(token, self._now(), switches):
                raise Fault("TK1002")
            token.calls += 1

    def _make(self, now: float) -> _Token:
        token = _Token(ACCESS_TOKEN + secrets.token_hex(16), now + self._life)
        self._tokens[token.text] = token
        if len(self._tokens) > MOST_TOKENS:
            del self._tokens[next(iter(self._tokens))]
        return token

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _good(token: _Token, now: float, switches: CloudSwitches) -> bool:
    return now < token.until and token.calls < (switches.token_calls or inf)
