"""MEDIA_ALLOW: the places that the operator named, and how far each naming reaches.

`host` is trusted wherever its name leads, for it was named itself. `.suffix` names whoever is called so below it, strangers
among them perhaps, so that it opens public and private addresses alone. `CIDR` names addresses, whatever leads there: all
that it spans, but what an entry of its own has to open (clouds' metadata, multicast) only when it spans nothing else.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Protocol

from shared.adapters.addresses import Address, Area, area, judged
from shared.adapters.media_target import Target, port_of, server_of
from shared.errors import Misconfigured

FORMS = "host, host:port, .suffix, CIDR or CIDR:port, IPv6 in brackets: [fd00::1]:80, [fd00::]/8:80"
NETWORK = re.compile(
    r"(?P<bracket>\[)?(?P<base>[0-9a-fA-F:.]+)(?(bracket)\])/(?P<bits>[0-9]{1,3})(?::(?P<port>[0-9]{1,5}))?"
)


class Entry(Protocol):
    """One entry of the setting."""

    def may(self, target: Target) -> bool:
        """Whether it can open a target, as far as that can be told without knowing where its name leads."""
        ...

    def opens(self, target: Target, part: Address) -> bool:
        """Whether it opens an address, or a part of one, to which a target leads."""
        ...


@dataclass(frozen=True, slots=True)
class Host:
    """A host by its own name or address; `port` None: any."""

    name: str
    port: int | None

    def may(self, target: Target) -> bool:
        """See Entry."""
        return target.host == self.name and self.port in (None, target.port)

    def opens(self, target: Target, part: Address) -> bool:  # noqa: ARG002 - wherever it leads
        """See Entry."""
        return self.may(target)


@dataclass(frozen=True, slots=True)
class Suffix:
    """All hosts below a domain, but not the domain itself."""

    name: str
    port: int | None

    def may(self, target: Target) -> bool:
        """See Entry."""
        return target.host.endswith(f".{self.name}") and self.port in (None, target.port)

    def opens(self, target: Target, part: Address) -> bool:
        """See Entry."""
        return self.may(target) and area(part) in (Area.PUBLIC, Area.PRIVATE)


@dataclass(frozen=True, slots=True)
class Span:
    """All addresses of a network."""

    network: IPv4Network | IPv6Network
    port: int | None

    def may(self, target: Target) -> bool:
        """See Entry."""
        return self.port in (None, target.port)

    def opens(self, target: Target, part: Address) -> bool:
        """See Entry."""
        alone = self.network.num_addresses == 1
        return self.may(target) and part in self.network and (alone or area(part) is not Area.ALONE)


@dataclass(frozen=True, slots=True)
class MediaAllow:
    """What is named; `text` is how the operator wrote it."""

    text: str
    entries: tuple[Entry, ...]

    @classmethod
    def parse(cls, text: str) -> "MediaAllow":
        """From entries parted by commas. Misconfigured, naming the entry, for one that is none."""
        entries = [entry.strip() for entry in text.split(",") if entry.strip()]
        return cls(",".join(entries), tuple(_entry(entry) for entry in entries))

    def may(self, target: Target) -> bool:
        """Whether it depends on where a target leads at all; False: nothing here names it, wherever it leads."""
        return any(entry.may(target) for entry in self.entries)

    def opens(self, target: Target, address: str) -> bool:
        """Whether a target may be fetched from this one of its addresses, and from what is wrapped in that."""
        return all(any(entry.opens(target, part) for entry in self.entries) for part in judged(address))

    def names(self, server: str) -> bool:
        """Whether a `host:port` is named itself, so that it may lead anywhere."""
        target = Target.of(f"http://{server}/")
        return any(isinstance(entry, Host) and entry.may(target) for entry in self.entries)

    def line_with(self, *servers: str) -> str:
        """The setting's line as it would be with these named, too."""
        return "MEDIA_ALLOW=" + ",".join(filter(None, (self.text, *servers)))


def _entry(text: str) -> Entry:
    read = _network if "/" in text else _suffix if text.startswith(".") else _host
    try:
        return read(text)
    except ValueError:
        raise Misconfigured("media-allow-unreadable", f"MEDIA_ALLOW: {text!r} is none of {FORMS}") from None


def _host(text: str) -> Host:
    return Host(*server_of(text))


def _suffix(text: str) -> Suffix:
    host, port = server_of(text.removeprefix("."))
    if ":" in host or host.rpartition(".")[2].isdigit():  # below an address there is nothing
        raise ValueError
    return Suffix(host, port)


def _network(text: str) -> Span:
    found = NETWORK.fullmatch(text)
    if found is None:
        raise ValueError
    network = ip_network(f"{found['base']}/{found['bits']}")
    if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped:
        raise ValueError  # such addresses are judged as what they spell
    return Span(network, port_of(found["port"]))
