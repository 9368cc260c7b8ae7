"""An address that a vendor named, taken apart once and strictly: what is sent is put together from those parts alone, so that
no two readers can differ about it.

A host that ends in a number is an IPv4 address in its one plain spelling, or nothing: of all the others (decimal, octal,
hexadecimal, short), none is ever written by an honest vendor, and readers differ about them.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

import idna

from shared.errors import Refused

DEFAULT_PORTS = {"http": 80, "https": 443}
SERVER = re.compile(r"(?:\[(?P<ipv6>[^\[\]]*)\]|(?P<name>[^:\[\]]*))(?::(?P<port>[0-9]{1,5}))?")
HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
NUMBER = re.compile(
    r"([0-9]+|0x[0-9a-f]*)"
)  # a last label like this makes browsers and resolvers read a number
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Target:
    """An address in its parts; `host` in the one spelling in which hosts are compared.

    `at`: the IP addresses that were judged, the only ones to connect to; empty: nobody has judged it yet.
    """

    scheme: str
    host: str
    port: int
    rest: str
    at: tuple[str, ...] = ()

    @classmethod
    def of(cls, address: str) -> "Target":
        """Refused `media-address-odd` for anything but a plain http or https address, without user info."""
        try:
            address.encode()
            parts = urlsplit(address)
            usual = DEFAULT_PORTS[parts.scheme]
            if CONTROL.search(address):
                raise ValueError
            host, port = server_of(parts.netloc.removesuffix(":"))
        except (ValueError, KeyError):
            raise Refused("media-address-odd", "only plain http and https addresses are followed") from None
        query = f"?{parts.query}" if parts.query else ""
        return cls(parts.scheme, host, port or usual, (parts.path or "/") + query)

    @property
    def server(self) -> str:
        """Host and port, as a setting would name them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def place(self) -> str:
        """All of it that may be shown: scheme, host and port."""
        return f"{self.scheme}://{self.server}"

    @property
    def url(self) -> str:
        """The address to send. Never shown: it may be signed."""
        return self.place + self.rest


def server_of(text: str) -> tuple[str, int | None]:
    """The host, in its one spelling, and the port of `host` or `host:port`, IPv6 in brackets. ValueError for all else."""
    parts = SERVER.fullmatch(text)
    if parts is None:
        raise ValueError
    port = port_of(parts["port"])
    if parts["ipv6"] is None:
        return one_spelling(parts["name"]), port
    if "%" in parts["ipv6"]:
        raise ValueError
    return str(IPv6Address(parts["ipv6"])), port


def port_of(digits: str | None) -> int | None:
    """The port, or None when none is given. ValueError when there is no such port."""
    port = None if digits is None else int(digits)
    if port is not None and not 0 < port < 65536:
        raise ValueError
    return port


def one_spelling(name: str) -> str:
    """A host's name, or IPv4 address, in lower case, IDNA, without a trailing dot. ValueError when it is none."""
    name = name if name.isascii() else idna.encode(name, uts46=True).decode()
    name = name.lower().removesuffix(".")
    if not HOST.fullmatch(name):
        raise ValueError
    return str(IPv4Address(name)) if NUMBER.fullmatch(name.rpartition(".")[2]) else name
