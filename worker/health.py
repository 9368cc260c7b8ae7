"""Whether a vendor answers anybody, found out at nobody's cost: a probe is never a job's attempt."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from shared.domain.circuit import Circuit
from shared.errors import GleanerError, Transient
from shared.services import Services

SHUT = timedelta(hours=6)  # at most, without a look whether the vendor serves us before the time it has named

log = logging.getLogger(__name__)


def circuit_after_probe(services: Services, vendor: str, probe: Callable[[], None]) -> Circuit:
    """The vendor's circuit, once the probe that may be due, and may be this process's turn, has been made."""
    circuits = services.circuits
    if circuits.may_probe(vendor, services.owner):
        no = trouble(probe)
        if no is None:
            circuits.answered(vendor)
        elif isinstance(no, Transient) and no.until and no.asked:
            shut(services, vendor, no, no.until)
        else:
            circuits.probe_failed(vendor)
    return circuits.get(vendor)


def shut(services: Services, vendor: str, no: Transient, until: datetime) -> None:
    """The vendor has said until when it serves nobody: said once, told in full, and looked at a few times before."""
    until_look = min(until, services.jobs.now() + SHUT)
    known = services.circuits.get(vendor).named
    source = services.record_sources.get(vendor)
    told = until.astimezone(source.zone if source else UTC).isoformat(timespec="minutes")
    reason = f"{no.detail}; it serves again at {told}"
    services.circuits.shut(vendor, no.code, reason, until_look, until)
    if known != until:
        log.warning(
            "a vendor serves nobody for now", extra={"vendor": vendor, "code": no.code, "detail": reason}
        )


def trouble(probe: Callable[[], None]) -> GleanerError | None:
    """Why the vendor does not answer a question that is nobody's, if it does not."""
    try:
        probe()
    except GleanerError as error:
        return error
    return None
