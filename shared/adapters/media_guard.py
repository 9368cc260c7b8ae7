"""Where an address that a vendor named may lead: to hosts that the operator named exactly, and never to ourselves.

An address is taken apart once, strictly, and what is sent is put together from those parts alone, so that no two readers
can differ about it. The judgement is on names; whoever is named is trusted to lead where he says.
"""

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import urlsplit

import idna

from shared.errors import Misconfigured, Refused, Transient, Whose

DEFAULT_PORTS = {"http": 80, "https": 443}
HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Target:
    """An address in its parts; `host` in the one spelling in which hosts are compared."""

    scheme: str
    host: str
    port: int
    rest: str

    @classmethod
    def of(cls, address: str) -> "Target":
        """Refused `media-address-odd` for anything but a plain http or https address, without user info."""
        try:
            address.encode()
            parts = urlsplit(address)
            port = parts.port or DEFAULT_PORTS[parts.scheme]
            if "@" in parts.netloc or CONTROL.search(address):
                raise ValueError
            host = _one_spelling(parts.hostname or "")
        except (ValueError, KeyError):
            raise Refused("media-address-odd", "only plain http and https addresses are followed") from None
        query = f"?{parts.query}" if parts.query else ""
        return cls(parts.scheme, host, port, (parts.path or "/") + query)

    @property
    def place(self) -> str:
        """All of it that may be shown: scheme, host and port."""
        return f"{self.scheme}://{_with_port(self.host, self.port)}"

    @property
    def url(self) -> str:
        """The address to send. Never shown: it may be signed."""
        return self.place + self.rest


@dataclass(frozen=True, slots=True)
class MediaAllow:
    """The hosts that are named, each with its port or with None for any; `text` is how the operator wrote it."""

    text: str
    named: frozenset[tuple[str, int | None]]

    @classmethod
    def parse(cls, text: str) -> "MediaAllow":
        """From comma-separated `host` or `host:port`, IPv6 in brackets. Misconfigured for anything else."""
        entries = [entry.strip() for entry in text.split(",") if entry.strip()]
        return cls(",".join(entries), frozenset(_named(entry) for entry in entries))

    def allows(self, target: Target) -> bool:
        """Whether the target's host and port are named exactly."""
        return not self.named.isdisjoint({(target.host, target.port), (target.host, None)})

    def line_with(self, target: Target) -> str:
        """The setting's line as it would be with the target named, too."""
        return "MEDIA_ALLOW=" + ",".join(filter(None, (self.text, _with_port(target.host, target.port))))


@dataclass(frozen=True, slots=True)
class MediaGuard:
    """Both rules. `own_ports`: what we listen on; no name makes them a fit place on this machine."""

    allow: MediaAllow
    own_ports: frozenset[int]

    def passed(self, address: str) -> Target:
        """The target of an address. Refused when unreadable; Transient, at nobody's cost, while it is not allowed."""
        target = Target.of(address)
        if not self.allow.allows(target):
            raise _not_allowed(target, f"is not named; to name it: {self.allow.line_with(target)}")
        if target.port in self.own_ports and _leads_here(target):
            raise _not_allowed(target, "is a port of our own, which no setting opens")
        return target


def _named(entry: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(f"//{entry}")
        if parts.netloc != entry or "@" in entry:
            raise ValueError
        return _one_spelling(parts.hostname or ""), parts.port
    except ValueError:
        forms = "host or host:port (IPv6 in brackets); .suffix and CIDR forms arrive with the full guard"
        raise Misconfigured("media-allow-unreadable", f"MEDIA_ALLOW: {entry!r} is not {forms}") from None


def _one_spelling(host: str) -> str:
    """Lower case, without a trailing dot, IDNA, IPv6 compressed. ValueError when it is no host."""
    if ":" in host:
        if "%" in host:
            raise ValueError
        return str(IPv6Address(host))
    name = host if host.isascii() else idna.encode(host, uts46=True).decode()
    name = name.lower().removesuffix(".")
    if not HOST.fullmatch(name):
        raise ValueError
    return name


def _with_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _not_allowed(target: Target, why: str) -> Transient:
    where = _with_port(target.host, target.port)
    return Transient("media-host-not-allowed", f"{where} {why}", whose=Whose.VENDOR, asked=False)


def _leads_here(target: Target) -> bool:
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except OSError:
        detail = f"{target.place}: no such name"
        raise Transient("media-host-away", detail, whose=Whose.VENDOR, asked=False) from None
    return any(_is_local(family, str(sockaddr[0])) for family, _, _, _, sockaddr in found)


def _is_local(family: int, host: str) -> bool:
    """Whether an address is one of this machine's: only to those can a socket be bound."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((host, 0))
    except OSError:
        return False
    return True
