"""The cameras that the account has: its list of devices, read with patience, all pages of it.

Method, parameters and fields of listDeviceDetailsByPage are those of the vendor's own Python client: pages count from 1, hold 50
devices at most, and one of fewer is the last. A device's playToken is a secret; nothing is taken over but ids and names.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from marshmallow import ValidationError

from shared.domain.camera import Camera
from shared.errors import Invalid
from shared.ports import Discovered
from shared.vendors.imou.envelope import unreadable
from shared.vendors.imou.section import PACKAGES, ImouCamera, read_section
from shared.vendors.imou.values import handle, text
from shared.vendors.reading import plain

METHOD = "listDeviceDetailsByPage"
PAGE = 50  # devices; the most that the client asks for
MOST_PAGES = 200
SOURCE = "bindAndShare"  # the client's own choice
LABEL_LENGTH = 80


def discover(
    call: Callable[[str, Mapping[str, object]], Mapping[str, object]], known: Sequence[Camera]
) -> Iterator[Discovered]:
    """Each channel of each device once, and what could not be read. Transient or Final when the list cannot be had."""
    seen: dict[str, object] = {}
    for number in range(1, MOST_PAGES + 1):
        page = _rows(call(METHOD, {"page": number, "pageSize": PAGE, "source": SOURCE}))
        fresh = {key: row for key, row in ((_key(row), row) for row in page) if key not in seen}
        for row in fresh.values():
            yield from _channels(row, known)
        seen |= fresh
        if len(page) < PAGE or not fresh:
            return


def _rows(data: Mapping[str, object]) -> list[object]:
    rows = data.get("deviceList")
    if rows is None or rows == "":
        return []
    if not isinstance(rows, list):
        raise unreadable("without a list of devices")
    return rows


def _key(row: object) -> str:
    """What tells a row from those before it: its device, or all of it when that cannot be read."""
    return repr((row.get("deviceId") if isinstance(row, dict) else None) or row)


def _channels(row: object, known: Sequence[Camera]) -> Iterator[Discovered]:
    raw = row if isinstance(row, dict) else {}
    label = _label(raw.get("deviceName"))
    try:
        device = handle(raw.get("deviceId"))
    except ValidationError as error:
        yield Discovered(f"a device {label!r} was left out: deviceId: {error.messages[0]}")
        return
    channels = raw.get("channelList")
    if not isinstance(channels, list) or not channels:
        yield Discovered(f"device {plain(device)} was left out: it names no channels")
        return
    for channel in channels:
        yield _channel(device, label, channel if isinstance(channel, dict) else {}, known)


def _channel(device: str, label: str, raw: Mapping[str, object], known: Sequence[Camera]) -> Discovered:
    try:
        number = handle(raw.get("channelId"))
        section = read_section({"device": device, "channel": number})
    except ValidationError as error:
        return Discovered(f"a channel of device {plain(device)} was left out: channelId: {error.messages[0]}")
    except Invalid as error:
        return Discovered(f"device {plain(device)} was left out: {error.detail}")
    same = next((camera for camera in known if _is(camera, section)), None)
    own = same.sections["imou"] if same else section
    packages = own.packages if isinstance(own, ImouCamera) else PACKAGES
    fields: dict[str, str | tuple[str, ...]] = {"device": device, "channel": number, "packages": packages}
    return Discovered(_label(raw.get("channelName")) or label, fields, same.name if same else None)


def _is(camera: Camera, section: ImouCamera) -> bool:
    own = camera.sections.get("imou")
    return isinstance(own, ImouCamera) and (own.device, own.channel) == (section.device, section.channel)


def _label(value: object) -> str:
    return plain(text(value))[:LABEL_LENGTH] if isinstance(value, str | int) else ""
