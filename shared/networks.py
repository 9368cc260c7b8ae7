"""Where we listen, and who calls there: addresses and networks, read from settings and from sockets.

An IPv4 address is one, however it is spelt: a socket that serves both families says `::ffff:192.0.2.1`.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound


@dataclass(frozen=True, slots=True)
class Bind:
    """A host and port to listen on."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """How a program on this machine reaches it."""
        return f"http://{Bind('127.0.0.1', self.port) if self.host in EVERYWHERE else self}"


def bind(text: str) -> Bind | None:
    """`host:port`, with an IPv6 address in brackets; empty is none. ValueError for anything else."""
    if not text:
        return None
    parts = urlsplit(f"//{text}")
    if (
        not parts.hostname
        or not parts.port
        or parts.netloc != text
        or "@" in text
        or any(map(str.isspace, text))
    ):
        raise ValueError(f"{text!r} is not host:port, such as 0.0.0.0:8001")
    return Bind(parts.hostname, parts.port)


def networks(text: str) -> tuple[Network, ...]:
    """Comma-separated networks, each an address or a CIDR. ValueError, with the one that is neither."""
    return tuple(_network(word) for word in map(str.strip, text.split(",")) if word)


def _network(word: str) -> Network:
    try:
        return ip_network(word)
    except ValueError as error:
        raise ValueError(f"{word!r} is no network such as 192.0.2.0/24 or 2001:db8::/32: {error}") from None


def address(text: str) -> Address | None:
    """An IP address, perhaps with a port, as sockets and proxies write them; None for anything else."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def among(one: Address, several: tuple[Network, ...]) -> bool:
    """Whether an address lies in any of these networks."""
    return any(one in network for network in several)
