"""A callback as text, sealed as a whole: the addresses in its body may be signed, whatever form it has.

The script puts the time before it. What no key in force opens is None; what is not one of ours is Final
`store-unreadable`.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec

from shared.adapters.redis_answers import readable
from shared.ports import Callback
from shared.sealing import Seal

_callback = msgspec.json.Decoder(Callback)


@dataclass(frozen=True, slots=True)
class CallbackDocuments:
    """Writes and reads documents; without a seal they lie open."""

    seal: Seal | None

    def written(self, callback: Callback) -> str:
        """The document of a callback."""
        text = msgspec.json.encode(callback).decode()
        return self.seal.close(text) if self.seal else text

    def read(self, job_id: str, kept: str) -> Callback | None:
        """The callback, and when it was kept."""
        at, _, document = kept.partition(" ")
        text = self.seal.open(document) if self.seal else document
        if text is None:
            return None
        with readable(f"a callback of job {job_id}"):
            return replace(_callback.decode(text), at=datetime.fromtimestamp(float(at), UTC))
