"""Where a host's name leads, and what kind of place that is: an address of the public internet, or one of this machine's own.

A name may lead to several addresses, and to others a moment later. So whoever judges them connects to those that he judged.
"""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Resolve = Callable[[str], tuple[str, ...]]  # OSError when a name leads nowhere

# Special all the same: the first and the last are in IANA's registries, but unknown to Python 3.11.7; clouds answer their
# own guests under the first (Oracle's metadata, 192.0.0.192) and the second (Azure's WireServer).
SPECIAL = (IPv4Network("192.0.0.0/24"), IPv4Network("168.63.129.16/32"), IPv6Network("3fff::/20"))
UNICAST = IPv6Network("2000::/3")  # all that IANA has opened for global unicast so far
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052, 2.1: the last 32 bits are an IPv4 address


def resolved(host: str) -> tuple[str, ...]:
    """The addresses of a host, each once, in the system's order. OSError when there are none."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def is_public(address: str) -> bool:
    """Whether an address is global unicast, and, where an IPv4 address is wrapped in it, that one is, too."""
    found = ip_address(address)
    inner = _wrapped(found) if isinstance(found, IPv6Address) else found
    judged = inner or found
    known = not judged.is_multicast if inner else judged in UNICAST
    return known and judged.is_global and not any(judged in network for network in SPECIAL)


def is_ours(address: str) -> bool:
    """Whether an address is one of this machine's: only to those can a socket be bound."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address to which a mapped, a 6to4 or a NAT64 address leads in the end."""
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
