"""Which devices and channels the simulated platform knows, and which names switches may be set under."""

from __future__ import annotations

from collections.abc import Iterable

from gleaner.sandbox.devices import Device
from gleaner.sandbox.forms import Code, Refusal
from gleaner.sandbox.switchboard import EVERY_DEVICE


class Directory(dict[str, Device]):
    """The devices by their unique code."""

    def __init__(self, devices: Iterable[Device]) -> None:
        super().__init__((device.device_unicode, device) for device in devices)
        self._targets = {name: target for device in self.values() for name, target in device.targets()}

    def known(self, device_unicode: str, channel: str, platform_id: str = "") -> Device:
        """The device that has this channel; Refusal when there is none, or it is on another platform."""
        device = self.get(device_unicode)
        if device is None or channel not in device.channels:
            raise Refusal(Code.UNKNOWN_DEVICE, "no such device or channel")
        if platform_id and platform_id != device.platform_id:
            raise Refusal(Code.UNKNOWN_DEVICE, "the device is not on this platform")
        return device

    def target(self, name: str) -> str:
        """Whose switches are meant by a device, `device/channel` or a camera's name; ValueError when nobody's."""
        if name == EVERY_DEVICE:
            return EVERY_DEVICE
        if name not in self._targets:
            raise ValueError(f"no such device, channel or camera: {name}")
        return self._targets[name]
