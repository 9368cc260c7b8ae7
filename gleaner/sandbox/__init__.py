"""The vendors, played on this machine: real HTTP, real footage, and every known kind of mischief.

Written as the other side. Nothing here imports the code that it tests, so the two can only agree by what goes over the
wire. What the vendor's pages leave open is decided here as comparable platforms are known to behave, and marked as ours.
"""

from __future__ import annotations

from gleaner.sandbox.channels import STOCK_CHANNELS, Channel, read_channels
from gleaner.sandbox.cloud import Cloud
from gleaner.sandbox.devices import STOCK, Device, read_devices
from gleaner.sandbox.pace import Pace
from gleaner.sandbox.platform import Platform
from gleaner.sandbox.server import RunningSandbox, create_app, running_sandbox
from gleaner.sandbox.terms import Terms

__all__ = [
    "STOCK",
    "STOCK_CHANNELS",
    "Channel",
    "Cloud",
    "Device",
    "Pace",
    "Platform",
    "RunningSandbox",
    "Terms",
    "create_app",
    "read_channels",
    "read_devices",
    "running_sandbox",
]
