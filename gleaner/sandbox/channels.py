"""The channels that the simulated cloud's account has: every camera of a cameras file with an `imou` section."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gleaner.sandbox.devices import EXAMPLE

DAYS = "aiCloudRecord"
EVENTS = "aiInsight"
PACKAGES = (DAYS, EVENTS)


@dataclass(frozen=True)
class Channel:
    """One channel of a device, the name its owner gave it, and the packages that were bought for it.

    `liveliness`: how much there is to see, beside an ordinary camera; 0 is nothing at all.
    """

    device: str
    number: str = "0"
    name: str = ""
    packages: tuple[str, ...] = PACKAGES
    liveliness: float = 1.0


STOCK_CHANNELS = (
    Channel("SANDBOXCAM0001", name="front-door"),
    Channel("SANDBOXCAM0002", name="yard"),
    Channel("SANDBOXCAM0002", "1", "garage"),
)
"""Three channels to play with where no cameras file is at hand."""


def default_channels() -> tuple[Channel, ...]:
    """Those behind the example cameras file, where it lies beside the code; else STOCK_CHANNELS."""
    return read_channels(EXAMPLE) if EXAMPLE.exists() else STOCK_CHANNELS


def read_channels(cameras_file: Path) -> tuple[Channel, ...]:
    """The channels behind a cameras file; cameras that share one share its packages.

    OSError when it cannot be read, ValueError when it is no TOML or a camera's `imou` section is incomplete.
    """
    cameras = tomllib.loads(cameras_file.read_text(encoding="utf-8")).get("camera", [])
    return _merged(_channel(camera) for camera in cameras if "imou" in camera)


def _channel(camera: Mapping[str, Any]) -> Channel:
    section = camera["imou"]
    try:
        packages = tuple(section.get("packages", PACKAGES))
        return Channel(section["device"], section.get("channel", "0"), camera["name"], packages)
    except KeyError as missing:
        raise ValueError(f"camera {camera.get('name', '?')}: no {missing} for the Imou cloud") from missing


def _merged(channels: Iterable[Channel]) -> tuple[Channel, ...]:
    known: dict[tuple[str, str], Channel] = {}
    for channel in channels:
        before = known.setdefault((channel.device, channel.number), channel)
        packages = tuple(dict.fromkeys(before.packages + channel.packages))
        known[channel.device, channel.number] = replace(before, packages=packages)
    return tuple(known.values())
