"""The devices that the simulated platform knows: who they are, not what they do."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gleaner.sandbox.switchboard import part_of


@dataclass(frozen=True)
class Device:
    """A GB28181 device with its channels, and how many downloads it runs at once.

    An empty platform id means that it has none: a submission that names one is refused. `cameras` are the names of the
    cameras behind the channels, in their order; without them the device's own name stands for all of it.
    """

    device_unicode: str
    channels: tuple[str, ...]
    platform_id: str = ""
    name: str = ""
    downloads: int = 1
    cameras: tuple[str, ...] = ()

    def targets(self) -> Iterator[tuple[str, str]]:
        """The names under which switches may be set for it or a channel, each with the target meant."""
        parts = [part_of(self.device_unicode, channel) for channel in self.channels]
        if self.cameras:
            yield from zip(self.cameras, parts, strict=True)
        else:
            yield self.name, self.device_unicode
        yield from zip(parts, parts, strict=True)
        yield self.device_unicode, self.device_unicode


STOCK = (
    Device("34020000001110000228", ("34020000001320000666",), "2", "front-door"),
    Device("34020000001110000229", ("34020000001320000667", "34020000001320000668"), "2", "yard"),
)
"""Two devices to play with where no cameras file is at hand."""

EXAMPLE = Path(__file__).parents[2] / "cameras.example.toml"


def default_devices() -> tuple[Device, ...]:
    """Those behind the example cameras file, where it lies beside the code; else STOCK."""
    return read_devices(EXAMPLE) if EXAMPLE.exists() else STOCK


def read_devices(cameras_file: Path) -> tuple[Device, ...]:
    """The devices behind a cameras file: cameras that share a device become its channels.

    OSError when it cannot be read, ValueError when it is no TOML or a camera's `sms` section is incomplete.
    """
    cameras = tomllib.loads(cameras_file.read_text(encoding="utf-8")).get("camera", [])
    return _merged(_device(camera) for camera in cameras if "sms" in camera)


def _device(camera: Mapping[str, Any]) -> Device:
    section = camera["sms"]
    try:
        return Device(
            section["device_unicode"],
            (section["channel"],),
            section.get("platform_id", ""),
            camera["name"],
            section.get("downloads", 1),
            (camera["name"],),
        )
    except KeyError as missing:
        raise ValueError(f"camera {camera.get('name', '?')}: no {missing} for the SMS platform") from missing


def _merged(devices: Iterable[Device]) -> tuple[Device, ...]:
    known: dict[str, Device] = {}
    for device in devices:
        before = known.setdefault(device.device_unicode, replace(device, channels=(), cameras=()))
        known[device.device_unicode] = replace(
            before,
            channels=before.channels + device.channels,
            cameras=before.cameras + device.cameras,
        )
    return tuple(known.values())
