"""The first lines of `gleaner up`: what is simulated or asked, where things are, and what cannot work as it is set."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gleaner.checks.addresses import is_loopback
from gleaner.simulation import Simulation, lacking, was_simulated
from shared import secrets
from shared.settings import Settings, Source, read
from shared.vendors import load


def banner(settings: Settings, where: Source, played: Simulation | None) -> Iterator[str]:
    """The lines, in their order. `where` is what the processes are told, the sandbox's address included."""
    addresses, lacks = _addresses(settings, where), lacking(settings, where)
    for vendor, address in addresses.items():
        if played and vendor in played.vendors:
            yield f"SIMULATED   {vendor} is played by the sandbox at {address}; set {played.vendors[vendor]} for the real one"
        elif vendor in lacks:
            yield f"{vendor:<12}not set up, and left out; it needs {lacks[vendor]}"
        else:
            yield f"{vendor:<12}{address}"
    example = ", the example, as CAMERAS_FILE does not exist yet" if played and played.example else ""
    yield f"cameras     {short(settings.cameras_file)}{example}"
    yield f"archive     {archive_prefix(settings)}"
    yield f"logs        {short(settings.home / 'log')}"
    yield f"page        {settings.local_url}/"
    if not settings.admin_token:
        yield f"token       in {short(settings.home / secrets.ADMIN_TOKEN)}"
    if played is None and was_simulated(settings.home):
        yield (
            f"WARNING     {short(settings.home)} was filled by the sandbox before, and holds simulated footage; begin in a home "
            "of its own for real footage"
        )
    yield from _warnings(settings, {vendor: at for vendor, at in addresses.items() if vendor not in lacks})


def archive_prefix(settings: Settings) -> str:
    """What stands before an asset's key to find it: a folder as one would type it, or an address."""
    url = settings.archive_url
    folder = urlsplit(url).path if url.startswith("file://") else str(settings.home / "archive")
    return f"{url.rstrip('/')}/" if url and not url.startswith("file://") else f"{short(Path(folder))}/"


def short(path: Path) -> str:
    """A path as one would type it from here."""
    return os.path.relpath(path) if path.absolute().is_relative_to(Path.cwd()) else str(path)


def _addresses(settings: Settings, where: Source) -> dict[str, str]:
    own: dict[str, Any] = {
        name: read(vendor.settings, where) for name, vendor in load(settings.vendors).items()
    }
    return {name: str(one.base_url) for name, one in own.items()}


def _warnings(settings: Settings, addresses: Mapping[str, str]) -> Iterator[str]:
    reached = settings.called_at
    callers = [name for name, vendor in load(settings.vendors).items() if vendor.playback]
    afar = [name for name in callers if name in addresses and not is_loopback(addresses[name])]
    if is_loopback(reached) and afar:
        yield (
            f"WARNING     {', '.join(afar)} cannot reach {reached} to report; set PUBLIC_URL to an address of this "
            "machine that it can. Until then every download is only asked about, which is slower"
        )
