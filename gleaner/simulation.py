"""What the sandbox stands in for: all vendors, as long as none of them is set up.

Where one is, the others are left out instead: simulated footage has no business in an archive beside real footage.
The sandbox listens on a port that stays the same for a home, so that jobs which were under way find it again after a
restart. Without a cameras file the example cameras are used; with one, the sandbox plays exactly those cameras.
"""

import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gleaner.procfile import project_file
from gleaner.sandbox import accounts
from shared.errors import Misconfigured
from shared.settings import SIMULATED, Settings, Source, read
from shared.vendors import load

LOOPBACK = "127.0.0.1"
EXAMPLE = "cameras.example.toml"
_PORT_FILE = "sandbox-port"


@dataclass(frozen=True)
class Simulation:
    """`vendors`: who is played, with the names of the settings that would end it. `example`: whether the cameras are, too."""

    vendors: Mapping[str, str]
    port: int
    cameras: Path
    example: bool
    zones: Mapping[str, str]

    @property
    def base_url(self) -> str:
        """Where the sandbox is, for all whom it plays."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def environ(self) -> dict[str, str]:
        """What the other processes have to be told."""
        given = accounts.environ(self.base_url)
        played = {name: value for vendor in self.vendors for name, value in given[vendor].items()}
        return {**played, "CAMERAS_FILE": str(self.cameras), SIMULATED: "1"}

    @property
    def argv(self) -> list[str]:
        """The sandbox's command."""
        options = {
            "--host": LOOPBACK,
            "--port": str(self.port),
            "--cameras": str(self.cameras),
            **{accounts.ZONES[vendor]: zone for vendor, zone in self.zones.items()},
        }
        return [
            sys.executable,
            "-m",
            "gleaner.sandbox",
            "--quiet",
            *(word for option in options.items() for word in option),
        ]


def simulation(settings: Settings, where: Source) -> Simulation | None:
    """What has to be simulated, or None when a vendor is set up. GLEANER_HOME must exist."""
    missing = lacking(settings, where)
    _refuse_halves(missing, where)
    if set(missing) != set(settings.vendors) or not missing:
        return None
    example = not settings.cameras_file.exists()
    return Simulation(
        vendors=missing,
        port=_port(settings.home),
        cameras=project_file(EXAMPLE) if example else settings.cameras_file.absolute(),
        example=example,
        zones={name: own.timezone for name, own in _own(settings, where).items()},
    )


def _refuse_halves(missing: Mapping[str, str], where: Source) -> None:
    """A vendor that is set up by half is a typing error, and no wish to have it played."""
    for vendor, names in missing.items():
        if known := half_of(vendor, where):
            raise Misconfigured(
                "vendor-by-half", f"{vendor} is set up by half: {known} is set, and it lacks {names}"
            )


def was_simulated(home: Path) -> bool:
    """Whether the sandbox has filled a home before: what is archived there may be no real footage."""
    return (home / _PORT_FILE).exists()


def half_of(vendor: str, where: Source) -> str:
    """The names of what is set of a vendor's account."""
    return ", ".join(name for name in accounts.environ("")[vendor] if where.find(name)[0] is not None)


def lacking(settings: Settings, where: Source) -> Mapping[str, str]:
    """The vendors that are not set up, with the names of the settings that they lack."""
    own = _own(settings, where)
    lacks = {name: vendor.lacks(own[name]) for name, vendor in load(settings.vendors).items()}
    return {name: names for name, names in lacks.items() if names}


def _own(settings: Settings, where: Source) -> dict[str, Any]:
    return {name: read(vendor.settings, where) for name, vendor in load(settings.vendors).items()}


def _port(home: Path) -> int:
    """The one of last time if it is free, else another."""
    remembered = home / _PORT_FILE
    text = remembered.read_text() if remembered.exists() else ""
    if text.isdigit() and (port := _free(int(text))):
        return port
    port = _free(0)
    remembered.write_text(str(port))
    return port


def _free(port: int) -> int:
    """The port if nobody listens there (0: any), else 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return 0
        return int(probe.getsockname()[1])
