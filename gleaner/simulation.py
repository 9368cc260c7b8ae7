"""What the sandbox stands in for: every vendor that has no address of its own.

The sandbox listens on a port that stays the same for a home, so that jobs which were under way find it again after a
restart. Without a cameras file the example cameras are used; with one, the sandbox plays exactly those cameras.
"""

import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from gleaner.procfile import project_file
from shared.settings import SIMULATED, Settings, Source, read
from shared.vendors import load

LOOPBACK = "127.0.0.1"
EXAMPLE = "cameras.example.toml"
_PORT_FILE = "sandbox-port"


@dataclass(frozen=True)
class Simulation:
    """`vendors`: who is played, by the name of the setting that would end it. `example`: whether the cameras are, too."""

    vendors: Mapping[str, str]
    port: int
    cameras: Path
    example: bool
    timezone: str

    @property
    def base_url(self) -> str:
        """Where the sandbox is, for all whom it plays."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def environ(self) -> dict[str, str]:
        """What the other processes have to be told."""
        played = dict.fromkeys(self.vendors.values(), self.base_url)
        return {**played, "CAMERAS_FILE": str(self.cameras), SIMULATED: "1"}

    @property
    def argv(self) -> list[str]:
        """The sandbox's command."""
        options = {
            "--host": LOOPBACK,
            "--port": str(self.port),
            "--cameras": str(self.cameras),
            "--zone": self.timezone,
        }
        return [
            sys.executable,
            "-m",
            "gleaner.sandbox",
            *(word for option in options.items() for word in option),
        ]


def simulation(settings: Settings, where: Source) -> Simulation | None:
    """What has to be simulated, or None when every vendor has an address. Makes GLEANER_HOME if need be."""
    own: dict[str, Any] = {
        name: read(vendor.settings, where) for name, vendor in load(settings.vendors).items()
    }
    missing = {name: _address_name(type(one)) for name, one in own.items() if not one.base_url}
    if not missing:
        return None
    example = not settings.cameras_file.exists()
    return Simulation(
        vendors=missing,
        port=_port(settings.home),
        cameras=project_file(EXAMPLE) if example else settings.cameras_file.absolute(),
        example=example,
        timezone=own[next(iter(missing))].timezone,
    )


def _address_name(cls: type[Any]) -> str:
    return next(str(each.metadata["env"]) for each in fields(cls) if each.name == "base_url")


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
