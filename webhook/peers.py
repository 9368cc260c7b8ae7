"""Who is calling: the peer of the socket, or whom a proxy of ours says that it speaks for.

`X-Forwarded-For` is believed only while the one who says it is named in TRUSTED_PROXIES, from the right, hop by hop: what
stands left of the first stranger is that stranger's word. From anybody else the header means nothing.
"""

from ipaddress import IPv6Address, ip_network
from typing import TYPE_CHECKING

from shared.networks import Address, Network, address, among
from shared.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

ONE_HOLDER = 64  # bits of an IPv6 address; the rest of it is its holder's to choose


def caller(environ: "WSGIEnvironment", settings: Settings) -> Address | None:
    """The address that a request comes from; None on a socket without one, such as a Unix socket."""
    forwarded = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
    return behind(environ.get("REMOTE_ADDR", ""), forwarded, settings.trusted_proxies)


def behind(peer: str, forwarded: list[str], trusted: tuple[Network, ...]) -> Address | None:
    """The first, from the socket outward, whom none of our proxies is; or the outermost proxy that says nothing readable."""
    found = address(peer)
    for hop in reversed(forwarded):
        if found is None or not among(found, trusted):
            break
        if (outward := address(hop)) is None:
            break
        found = outward
    return found


def may_call(environ: "WSGIEnvironment", settings: Settings) -> bool:
    """Whether CALLBACK_ALLOW names the caller, or nobody at all."""
    allowed = settings.callback_allow
    return not allowed or ((found := caller(environ, settings)) is not None and among(found, allowed))


def holder(environ: "WSGIEnvironment", settings: Settings) -> str:
    """Who is made to wait for bad tries: an IPv4 address, or all that one holder of IPv6 addresses may use."""
    found = caller(environ, settings)
    if isinstance(found, IPv6Address):
        return str(ip_network((int(found), ONE_HOLDER), strict=False))
    return str(found)
