"""What the vendors' accounts have, as a cameras file: ready to be looked through and pasted, and fit for our own reader.

Names are made of the vendors' own, and each once: they name folders in the archive, so an owner may want better ones
before the first use. This is the one view that waits for a vendor; only one at a time does.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from shared.errors import Conflict, Transient, Whose
from shared.ports import Discovered
from webhook.parts import services

NAME_LENGTH = 60
TURN = timedelta(minutes=2)
_LEASE = "discovery"
_HEAD = """\
# What the vendors' accounts have. A camera's name is for ever: it names its folder in the archive.
# Vendors do not tell which packages are booked: take away those that are not."""


@dataclass(frozen=True, slots=True)
class Found:
    """One camera of a vendor's account under the name that it has or may have; without one it could not be read."""

    vendor: str
    name: str | None
    timezone: str
    camera: Discovered

    def as_json(self) -> dict[str, Any]:
        """As the admin API tells it."""
        known = self.camera.known is not None
        told = {"vendor": self.vendor, "name": self.name, "label": self.camera.label, "known": known}
        return told | {"section": self.camera.section}


def discovered(only_new: bool = False) -> list[Found]:
    """All cameras of all vendors that can tell. Transient when one cannot be asked now; Conflict when somebody is asking."""
    taken = {camera.name for camera in services().cameras.all()}
    found = []
    with _turn():
        for vendor, source in services().record_sources.items():
            _refuse_stopped(vendor)
            for camera in source.discover(services().cameras.all()):
                name = _named(camera, taken)
                found.append(Found(vendor, name, source.zone.key, camera))
    return [each for each in found if not (only_new and each.camera.known)]


def cameras_file(found: Sequence[Found]) -> str:
    """TOML; what could not be read is a comment."""
    return "\n\n".join([_HEAD, *map(_entry, found)]) + "\n"


@contextmanager
def _turn() -> Iterator[None]:
    owner = uuid4().hex
    if not services().memory.hold(_LEASE, owner, TURN):
        raise Conflict(
            "discovery-running", "the vendors are being asked for their cameras; try again in a minute"
        )
    try:
        yield
    finally:
        services().memory.release(_LEASE, owner)


def _refuse_stopped(vendor: str) -> None:
    circuit = services().circuits.get(vendor)
    if circuit.open:
        detail = f"calls to {vendor} are stopped: {circuit.reason or circuit.code}"
        raise Transient(circuit.code or "vendor-away", detail, whose=Whose.VENDOR, asked=False)


def _named(camera: Discovered, taken: set[str]) -> str | None:
    """The name in the cameras file, else one that nobody has; noted as taken."""
    if camera.section is None or camera.known:
        return camera.known
    base = _slug(camera.label) or "-".join(["camera", *map(_slug, _ids(camera.section))])[:NAME_LENGTH]
    number, name = 1, base
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    taken.add(name)
    return name


def _ids(section: Mapping[str, object]) -> Iterator[str]:
    return (value for value in section.values() if isinstance(value, str))


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:NAME_LENGTH].strip("-")


def _entry(found: Found) -> str:
    camera = found.camera
    if camera.section is None:
        return f"# {found.vendor}: {_comment(camera.label)}"
    known = " (in the cameras file already)" if camera.known else ""
    lines = [f"# {_comment(camera.label) or 'without a name'}{known}", "[[camera]]"]
    lines += [f"name = {_toml(found.name)}", f"timezone = {_toml(found.timezone)}"]
    lines += [
        "",
        f"[camera.{found.vendor}]",
        *(f"{name} = {_toml(value)}" for name, value in camera.section.items()),
    ]
    return "\n".join(lines)


def _comment(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _toml(value: object) -> str:
    """Text or a list of texts: TOML writes both as JSON does, but for DEL, which no text of ours holds."""
    return json.dumps(value, ensure_ascii=False)
