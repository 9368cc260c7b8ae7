"""The sandbox from a terminal: start it, say where it is and what it plays, stop at Ctrl-C or SIGTERM."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Literal

import click

from gleaner.sandbox.accounts import environ
from gleaner.sandbox.channels import Channel, default_channels, read_channels
from gleaner.sandbox.cloud_mischief import CloudSwitches
from gleaner.sandbox.devices import Device, default_devices, read_devices
from gleaner.sandbox.pace import Pace
from gleaner.sandbox.server import RunningSandbox, running_sandbox
from gleaner.sandbox.switchboard import catalogue
from gleaner.sandbox.switches import Switches
from gleaner.sandbox.terms import Terms

CLOUD = "imou"
_DEFAULT = Pace()


def _switches() -> str:
    """What `--switch` can set, for the end of the help; \b keeps click from filling the lines."""
    parts: dict[str, Switches | CloudSwitches] = {
        "Switches of the SMS platform, [DEVICE[/CHANNEL]:]NAME=VALUE or CAMERA:NAME=VALUE": Switches(),
        "Switches of the Imou cloud, imou:[DEVICE:]NAME=VALUE": CloudSwitches(),
    }
    return "\n\n".join(
        "\n".join(["\b", f"{title}:", *(f"  {line}" for line in catalogue(switches))])
        for title, switches in parts.items()
    )


@click.command(epilog=_switches())
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", default=8900, show_default=True, help="0 takes a free one.")
@click.option(
    "--cameras", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A cameras file."
)
@click.option("--zone", default="Asia/Shanghai", show_default=True, help="Zone of the times on the wire.")
@click.option("--imou-zone", help="The same for the Imou cloud alone.")
@click.option(
    "--imou-sign",
    type=click.Choice(("md5", "hmac-sha256")),
    default="md5",
    show_default=True,
    help="How to sign.",
)
@click.option(
    "--speed", default=_DEFAULT.speed, show_default=True, help="Seconds of footage sent in a second."
)
@click.option(
    "--longest", default=_DEFAULT.longest, show_default=True, help="Seconds a download takes at most."
)
@click.option("--cadence", default=_DEFAULT.cadence, show_default=True, help="Seconds between two callbacks.")
@click.option(
    "--linger", default=_DEFAULT.linger, show_default=True, help="Seconds a finished stream is known."
)
@click.option(
    "--switch", "switches", multiple=True, metavar="SWITCH", help="Mischief from the start; see below."
)
@click.option("--quiet", is_flag=True, help="Say nothing, the account's secret least of all.")
def sandbox(
    *,
    host: str,
    port: int,
    cameras: Path | None,
    zone: str,
    imou_zone: str | None,
    imou_sign: Literal["md5", "hmac-sha256"],
    speed: float,
    longest: float,
    cadence: float,
    linger: float,
    switches: tuple[str, ...],
    quiet: bool,
) -> None:
    """Play both vendors on this machine, without a camera or an account."""
    over = threading.Event()
    _until_told(over)
    pace = Pace(speed=speed, longest=longest, cadence=cadence, linger=linger)
    terms = Terms(zone=imou_zone or zone, sign=imou_sign)
    devices, channels = _cameras(cameras)
    with running_sandbox(port, host, devices, pace, zone, channels, terms) as running:
        _throw(running, switches)
        if not quiet:
            _introduce(running, pace)
        over.wait()


def _until_told(over: threading.Event) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        over.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def _cameras(file: Path | None) -> tuple[Iterable[Device], Iterable[Channel]]:
    if file is None:
        return default_devices(), default_channels()
    try:
        return read_devices(file), read_channels(file)
    except ValueError as unfit:
        raise click.ClickException(f"{file}: {unfit}") from unfit


def _throw(running: RunningSandbox, switches: Iterable[str]) -> None:
    for switch in switches:
        target, _, value = switch.partition("=")
        device, _, name = target.rpartition(":")
        vendor, _, of_cloud = device.partition(":")
        try:
            if vendor == CLOUD:
                running.cloud.throw({name: _value(value, name, CloudSwitches())}, of_cloud)
            else:
                running.platform.throw({name: _value(value, name, Switches())}, device)
        except ValueError as unfit:
            raise click.BadParameter(str(unfit), param_hint="--switch") from unfit


def _value(text: str, name: str, defaults: object) -> Any:
    """As JSON, but for what is a word: 404 may be one."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(getattr(defaults, name, None), str) and not isinstance(value, str) else value


def _introduce(running: RunningSandbox, pace: Pace) -> None:
    lines = (*_platform_lines(running, pace), *_cloud_lines(running), *_control_lines(running))
    click.echo("\n".join(lines))


def _platform_lines(running: RunningSandbox, pace: Pace) -> Iterator[str]:
    platform = running.platform
    yield f"SMS platform, simulated: {running.base_url}"
    for device in platform.devices.values():
        yield f"  {device.name}: device {device.device_unicode}, channels {', '.join(device.channels)}"
    yield f"  a download takes {pace.longest:g} s at most; times are read in {platform.zone}"
    yield f"  mischief: {platform.mischief.thrown() or 'none'}"
    yield from _to_use(running, "sms")


def _cloud_lines(running: RunningSandbox) -> Iterator[str]:
    cloud = running.cloud
    yield f"Imou cloud, simulated: {running.base_url}"
    for each in cloud.channels:
        yield f"  {each.name}: device {each.device}, channel {each.number}, {', '.join(each.packages)}"
    yield f"  requests are signed by {cloud.terms.sign}; times are read in {cloud.zone}"
    yield f"  mischief: {cloud.mischief.thrown() or 'none'}"
    yield from _to_use(running, CLOUD)


def _control_lines(running: RunningSandbox) -> Iterator[str]:
    yield f"Of both, what happened: {running.base_url}/sandbox/state"
    yield f"  switches: {running.base_url}/sandbox/switches"
    yield f"  the cloud's clock, and more records: {running.base_url}/sandbox/clock, {running.base_url}/sandbox/records"


def _to_use(running: RunningSandbox, vendor: str) -> Iterator[str]:
    for name, value in environ(running.base_url)[vendor].items():
        yield f"  {name}={value}"
