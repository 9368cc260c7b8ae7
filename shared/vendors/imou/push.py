"""Which of our cameras a message is about that the cloud pushes: a hint and no more, for nobody signs it.

What is pushed is not one schema. The names of the fields are those that the vendor's public receiver looks for (pyimouapi,
push.py); no message says that a record is ready, so all that one can mean is that something happened at a camera.
"""

import json
from collections.abc import Iterable, Mapping

from shared.domain.camera import Camera
from shared.vendors.imou.section import ImouCamera

_DEVICE = ("did", "deviceId", "msgDeviceId")
_CHANNEL = ("cid", "channelId", "msgChannelId")


def cameras_of(message: bytes, cameras: Iterable[Camera]) -> tuple[str, ...]:
    """The names of the cameras that it names, all of a device's when it names no channel; none when it cannot be read."""
    said = _read(message)
    device, channel = _first(said, _DEVICE), _first(said, _CHANNEL)
    ours = [(camera.name, camera.sections.get("imou")) for camera in cameras]
    return tuple(
        name
        for name, section in ours
        if isinstance(section, ImouCamera) and section.device == device and channel in ("", section.channel)
    )


def _read(message: bytes) -> Mapping[str, object]:
    try:
        said = json.loads(message)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _first(said: Mapping[str, object], names: Iterable[str]) -> str:
    """The first of these that is a text or a number."""
    found = (said.get(name) for name in names)
    return next((str(value) for value in found if isinstance(value, str | int) and value != ""), "")
