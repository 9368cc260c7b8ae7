"""What the simulated cloud was asked and what it answered, for tests and for the curious. It never keeps a secret.

Bounded: the last 5000 calls and fetches; the counts are of all. Safe to use from any thread.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from typing import Any

LAST = 5000
TOKEN_METHOD = "accessToken"  # noqa: S105 - a method's name


@dataclass(frozen=True)
class Call:
    """One call; `code` is what was answered, or in what other way it ended. What was not told is empty."""

    at: str
    method: str
    id: str
    nonce: str
    code: str
    device: str = ""
    channel: str = ""
    package: str = ""
    begin: str = ""
    end: str = ""
    cursor: str = ""
    rows: int = 0


@dataclass(frozen=True)
class Fetched:
    """One picture that was asked for, and the HTTP status of the answer."""

    at: str
    record_id: str
    revision: int
    status: int


@dataclass
class CloudWitness:
    """What is remembered; `pictures` counts answers of 200 by record id, whatever was in them."""

    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=LAST))
    fetched: deque[Fetched] = field(default_factory=lambda: deque(maxlen=LAST))
    methods: Counter[str] = field(default_factory=Counter)
    pictures: Counter[str] = field(default_factory=Counter)
    _guard: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def call(self, call: Call) -> None:
        """A call was answered, or left without an answer."""
        with self._guard:
            self.calls.append(call)
            self.methods[call.method] += 1

    def fetch(self, fetched: Fetched) -> None:
        """A picture was asked for."""
        with self._guard:
            self.fetched.append(fetched)
            if fetched.status == 200:
                self.pictures[fetched.record_id] += 1

    @property
    def total(self) -> int:
        """Calls in all."""
        return self.methods.total()

    @property
    def token_calls(self) -> int:
        """How often a token was asked for."""
        return self.methods[TOKEN_METHOD]

    def repeated_nonces(self) -> set[str]:
        """Nonces that were used more than once."""
        with self._guard:
            used = Counter(call.nonce for call in self.calls if call.nonce)
        return {nonce for nonce, times in used.items() if times > 1}

    def as_json(self, last: int) -> dict[str, Any]:
        """The counts, and the `last` calls and fetches."""
        with self._guard:
            return {
                "methods": dict(self.methods),
                "pictures": dict(self.pictures),
                "calls": [asdict(call) for call in list(self.calls)[-last:]] if last > 0 else [],
                "fetched": [asdict(one) for one in list(self.fetched)[-last:]] if last > 0 else [],
            }
