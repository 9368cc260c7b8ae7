"""Where an address that a vendor named may lead: to hosts that the operator named exactly, or to public ones if that vendor
may name any; and never to ourselves.

An address is taken apart once, strictly, and what is sent is put together from those parts alone, so that no two readers
can differ about it. Whoever is named is trusted to lead where he says. Everybody else is judged by all the addresses that his
name leads to, and those alone are connected to: asked again, the same name may lead elsewhere.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv6Address
from urllib.parse import urlsplit

import idna

from shared.adapters.addresses import Resolve, is_ours, is_public, resolved
from shared.errors import Misconfigured, Refused, Transient, Whose

DEFAULT_PORTS = {"http": 80, "https": 443}
HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Target:
    """An address in its parts; `host` in the one spelling in which hosts are compared.

    `at`: the IP addresses that were judged, the only ones to connect to. None: nobody had to judge them.
    """

    scheme: str
    host: str
    port: int
    rest: str
    at: tuple[str, ...] | None = None

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
    """The rules. `own_ports`: what we listen on; no name makes them a fit place on this machine."""

    allow: MediaAllow
    own_ports: frozenset[int]
    resolve: Resolve = resolved
    is_public: Callable[[str], bool] = is_public

    def passed(self, address: str, public: bool = False) -> Target:
        """The target of an address. Refused when unreadable; Transient, at nobody's cost, while it is not allowed.

        `public`: besides the named hosts, those will do all of whose addresses are public.
        """
        target = Target.of(address)
        named = self.allow.allows(target)
        if not named and not public:
            raise _not_allowed(target, f"is not named; to name it: {self.allow.line_with(target)}")
        if named and target.port not in self.own_ports:
            return target
        found = self._found(target)
        if target.port in self.own_ports and any(is_ours(at) for at in found):
            raise _not_allowed(target, "is a port of our own, which no setting opens")
        if not named and not all(self.is_public(at) for at in found):
            raise _not_allowed(target, f"is no public host; to name it: {self.allow.line_with(target)}")
        return replace(target, at=found)

    def _found(self, target: Target) -> tuple[str, ...]:
        try:
            return self.resolve(target.host)
        except OSError:
            detail = f"{target.place}: no such name"
            raise Transient("media-host-away", detail, whose=Whose.VENDOR, asked=False) from None


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
