"""Where a host's name leads, and what kind of place that is: an address of the public internet, of a private network, or one
that is nobody's to name in passing; and whether it is one of this machine's own.

A name may lead to several addresses, and to others a moment later. So whoever judges them connects to those that he judged.
An IPv6 address in which an IPv4 address is wrapped leads to that one in the end, so both are judged.
"""

import socket
from collections.abc import Callable, Iterator
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Resolve = Callable[[str], tuple[str, ...]]  # OSError when a name leads nowhere


class Area(StrEnum):
    """What kind of place an address is; in words that can follow it in a sentence."""

    PUBLIC = "a public address"
    PRIVATE = "an address of a private network"
    SPECIAL = "an address for a special use"  # loopback, link-local, unspecified, reserved, site-local
    ALONE = "an address that only an entry of its own opens"  # clouds' metadata, multicast


# Where clouds hand their guests metadata, and credentials with it, as their manuals say: AWS, Azure, Google and most others;
# AWS for containers, twice; Azure's WireServer; Alibaba; Oracle's older one; Tencent; AWS and Google over IPv6.
METADATA = frozenset(
    map(
        ip_address,
        (
            "169.254.169.254",
            "169.254.170.2",
            "169.254.170.23",
            "168.63.129.16",
            "100.100.100.200",
            "192.0.0.192",
            "169.254.0.23",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
        ),
    )
)
PRIVATE = (  # RFC 1918, RFC 6598, RFC 4193
    IPv4Network("10.0.0.0/8"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
    IPv4Network("100.64.0.0/10"),
    IPv6Network("fc00::/7"),
)
TEREDO = IPv6Network("2001::/32")
# Special in IANA's registries, but some version of Python does not know it: the first and the last are unknown to 3.11.7.
SPECIAL = (IPv4Network("192.0.0.0/24"), TEREDO, IPv6Network("3fff::/20"))
UNICAST = IPv6Network("2000::/3")  # all that IANA has opened for global unicast so far
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052, 2.1
LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")  # RFC 8215
COMPATIBLE = IPv6Network("::/96")  # RFC 4291, 2.5.5.1: deprecated; `::` and `::1` lie in it and wrap nothing
SIX_TO_FOUR = IPv6Network("2002::/16")  # RFC 3056


def resolved(host: str) -> tuple[str, ...]:
    """The addresses of a host, each once, in the system's order. OSError when there are none."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def judged(address: str) -> tuple[Address, ...]:
    """All that has to be judged of an address: itself, and the IPv4 addresses that are wrapped in it.

    A v4-mapped one is only another spelling, so it is judged as what it spells. An interface's zone is no part of it.
    """
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv4Address):
        return (found,)
    return (found.ipv4_mapped,) if found.ipv4_mapped else (found, *_wrapped(found))


def area(address: Address) -> Area:
    """What kind of place an address is by itself, without what may be wrapped in it."""
    if address in METADATA or address.is_multicast:
        return Area.ALONE
    if any(address in network for network in PRIVATE):
        return Area.PRIVATE
    return Area.PUBLIC if _is_global(address) else Area.SPECIAL


def is_public(address: str) -> bool:
    """Whether an address is global unicast, and, where an IPv4 address is wrapped in it, that one is, too."""
    return all(area(part) is Area.PUBLIC for part in judged(address))


def is_ours(address: str) -> bool:
    """Whether an address is one of this machine's, or leads to one: only to those can a socket be bound."""
    return any(_bindable(str(part)) for part in judged(address))


def _bindable(address: str) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def _is_global(address: Address) -> bool:
    if any(address in network for network in SPECIAL):
        return False
    if address in NAT64 or address in SIX_TO_FOUR:  # a way to what is wrapped, which is judged for itself
        return True
    return address.is_global and (isinstance(address, IPv4Address) or address in UNICAST)


def _wrapped(address: IPv6Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses to which translators and tunnels would carry on."""
    compatible = address in COMPATIBLE and int(address) > 1
    if compatible or address in NAT64 or address in LOCAL_NAT64:
        yield IPv4Address(int(address) & 0xFFFFFFFF)
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
