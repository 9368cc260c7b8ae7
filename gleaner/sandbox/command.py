"""The sandbox from a terminal: start it, say where it is and what it plays, stop at Ctrl-C or SIGTERM."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

import click

from gleaner.sandbox.devices import Device, default_devices, read_devices
from gleaner.sandbox.mischief import EVERY_DEVICE
from gleaner.sandbox.pace import Pace
from gleaner.sandbox.server import RunningSandbox, running_sandbox

_DEFAULT = Pace()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", default=8900, show_default=True, help="0 takes a free one.")
@click.option(
    "--cameras", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A cameras file."
)
@click.option("--zone", default="Asia/Shanghai", show_default=True, help="Zone of the times on the wire.")
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
    "--switch", "switches", multiple=True, metavar="[DEVICE:]NAME=VALUE", help="Mischief from the start."
)
def sandbox(
    *,
    host: str,
    port: int,
    cameras: Path | None,
    zone: str,
    speed: float,
    longest: float,
    cadence: float,
    linger: float,
    switches: tuple[str, ...],
) -> None:
    """Play the SMS platform on this machine, without a camera or an account."""
    over = threading.Event()
    _until_told(over)
    pace = Pace(speed=speed, longest=longest, cadence=cadence, linger=linger)
    with running_sandbox(port, host, _devices(cameras), pace, zone) as running:
        _throw(running, switches)
        _introduce(running, pace)
        over.wait()


def _until_told(over: threading.Event) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        over.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def _devices(cameras: Path | None) -> Iterable[Device]:
    try:
        return read_devices(cameras) if cameras else default_devices()
    except ValueError as unfit:
        raise click.ClickException(f"{cameras}: {unfit}") from unfit


def _throw(running: RunningSandbox, switches: Iterable[str]) -> None:
    for switch in switches:
        target, _, value = switch.partition("=")
        device, _, name = target.rpartition(":")
        try:
            running.platform.throw({name: _value(value)}, device or EVERY_DEVICE)
        except ValueError as unfit:
            raise click.BadParameter(str(unfit), param_hint="--switch") from unfit


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _introduce(running: RunningSandbox, pace: Pace) -> None:
    click.echo(f"SMS platform, simulated: {running.base_url}")
    for device in running.platform.devices.values():
        click.echo(f"  {device.name}: device {device.device_unicode}, channels {', '.join(device.channels)}")
    click.echo(f"  a download takes {pace.longest:g} s at most; times are read in {running.platform.zone}")
    click.echo(f"  what happened: {running.base_url}/sandbox/state")
    click.echo(
        f"  mischief: {running.platform.mischief.thrown() or 'none'}; {running.base_url}/sandbox/switches"
    )
