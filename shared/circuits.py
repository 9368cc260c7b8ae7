"""The vendors' circuits, shared by all processes: who answers nobody is not asked, until a probe is answered."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from shared.domain import circuit
from shared.domain.circuit import Circuit
from shared.ports import SharedMemory

_circuit = msgspec.json.Decoder(Circuit)

_KEPT = timedelta(days=1)  # a circuit that nobody touches for so long is closed


@dataclass(frozen=True, slots=True)
class Circuits:
    """Reads and moves circuits by compare-and-swap; `pause` is the first wait, `most` the longest."""

    memory: SharedMemory
    now: Callable[[], datetime]
    pause: timedelta
    most: timedelta

    def get(self, vendor: str) -> Circuit:
        """The circuit as it stands; closed when nothing is known."""
        return _read(self.memory.get(_key(vendor)))

    def answered(self, vendor: str) -> None:
        """The vendor answered a question."""
        self._move(vendor, circuit.answered)

    def served(self, vendor: str) -> None:
        """The vendor served a job."""
        self._move(vendor, circuit.served)

    def faulted(self, vendor: str, job: str, code: str, reason: str) -> None:
        """The vendor failed a job."""
        self._move(vendor, lambda old: circuit.faulted(old, job, code, reason, self.now(), self.pause))

    def shut(
        self, vendor: str, code: str, reason: str, until: datetime, named: datetime | None = None
    ) -> None:
        """By its word the vendor serves nobody, before the instant that it has `named`; `until`: when to look whether it does."""
        kept = until - self.now() + _KEPT
        self._move(vendor, lambda old: circuit.shut(old, code, reason, until, named), kept)

    def probe_failed(self, vendor: str) -> None:
        """The vendor failed a probe."""
        self._move(vendor, lambda old: circuit.probe_failed(old, self.now(), self.pause, self.most))

    def may_probe(self, vendor: str, owner: str) -> bool:
        """Whether it is time for a probe, and this owner's turn."""
        ready = self.get(vendor).may_probe(self.now())
        return ready and self.memory.hold(f"probe:{vendor}", owner, self.pause)

    def _move(self, vendor: str, change: Callable[[Circuit], Circuit], kept: timedelta = _KEPT) -> None:
        for _ in range(20):  # then somebody else has said the same
            text = self.memory.get(_key(vendor))
            old = _read(text)
            new = change(old)
            if new == old or self.memory.swap(_key(vendor), text, _written(new), kept):
                return


def of_video(vendor: str) -> str:
    """The circuit of a vendor's videos: where there is no flow for them, records and pictures go on."""
    return f"{vendor}-video"


def _key(vendor: str) -> str:
    return f"circuit:{vendor}"


def _written(state: Circuit) -> str | None:
    return None if state == Circuit() else msgspec.json.encode(state).decode()


def _read(text: str | None) -> Circuit:
    """What cannot be read is closed: the vendor is asked, and says what it has to say."""
    try:
        return _circuit.decode(text) if text else Circuit()
    except msgspec.DecodeError:
        return Circuit()
