"""A circuit: stop asking a vendor that serves nobody, and notice when it is back.

Five faults in a row over at least two jobs open it, so that one bad job opens nothing. While it is open nobody asks;
once the pause is over one probe is let through, and a probe is never a job's attempt. The pause doubles with each
probe that fails. An answered probe closes the circuit, but only a job that is served proves that jobs are: until then the
next fault opens it again at once, and no job is charged for it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Circuit:
    """What is known about a vendor's health. While it is open `until` is set, when the next probe goes out.

    `named`: when by its own word the vendor serves again, if it has said so.
    """

    faults: int = 0
    jobs: frozenset[str] = frozenset()
    until: datetime | None = None
    probes: int = 0
    code: str | None = None
    reason: str | None = None
    shut: bool = False  # by the vendor's own word, which only an answered probe takes back
    named: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether jobs have to wait; only an answer closes it."""
        return self.until is not None

    @property
    def over(self) -> datetime | None:
        """Until when nobody is served, for all that is known: as the vendor has named it, else until the next probe."""
        return max(self.until, self.named or self.until) if self.until else None

    def failing(self, limit: int = 5) -> bool:
        """Whether the trouble is the vendor's, not a job's: so many faults in a row, over more than one job."""
        return self.faults >= limit and len(self.jobs) >= 2

    def may_probe(self, now: datetime) -> bool:
        """Whether the pause is over and somebody may look."""
        return self.until is not None and now >= self.until


def served(circuit: Circuit) -> Circuit:
    """The vendor served a job, or refused it in words of its own: every fault is forgotten."""
    return circuit if circuit.shut else Circuit()


def answered(circuit: Circuit) -> Circuit:
    """The vendor answered a question: closed, on probation if jobs had met trouble."""
    return replace(circuit, until=None, probes=0, shut=False, named=None)


def faulted(
    circuit: Circuit, job: str, code: str, reason: str, now: datetime, pause: timedelta, limit: int = 5
) -> Circuit:
    """The vendor failed a job."""
    jobs = circuit.jobs if len(circuit.jobs) >= 2 else circuit.jobs | {job}
    circuit = replace(circuit, faults=circuit.faults + 1, jobs=jobs, code=code, reason=reason)
    if circuit.open or not circuit.failing(limit):
        return circuit
    return replace(circuit, until=now + pause)


def shut(circuit: Circuit, code: str, reason: str, until: datetime, named: datetime | None = None) -> Circuit:
    """By its word the vendor serves nobody, before the instant that it has `named`; `until`: when to look whether it does."""
    until = max(until, circuit.until or until)
    return replace(circuit, code=code, reason=reason, until=until, shut=True, named=named)


def probe_failed(circuit: Circuit, now: datetime, pause: timedelta, most: timedelta) -> Circuit:
    """A probe met the same trouble: a longer pause."""
    probes = circuit.probes + 1
    return replace(circuit, probes=probes, until=now + min(pause * 2 ** min(probes, 20), most))
