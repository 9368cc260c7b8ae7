"""Whether a vendor answers anybody, found out at nobody's cost: a probe is never a job's attempt."""

from collections.abc import Callable

from shared.domain.circuit import Circuit
from shared.errors import GleanerError
from shared.services import Services


def circuit_after_probe(services: Services, vendor: str, probe: Callable[[], None]) -> Circuit:
    """The vendor's circuit, once the probe that may be due, and may be this process's turn, has been made."""
    circuits = services.circuits
    if circuits.may_probe(vendor, services.owner):
        if trouble(probe) is None:
            circuits.answered(vendor)
        else:
            circuits.probe_failed(vendor)
    return circuits.get(vendor)


def trouble(probe: Callable[[], None]) -> GleanerError | None:
    """Why the vendor does not answer a question that is nobody's, if it does not."""
    try:
        probe()
    except GleanerError as error:
        return error
    return None
