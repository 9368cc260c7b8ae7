"""MEDIA_REWRITE: where hosts that a vendor knows only from inside its network are reached from here.

It is applied to an address whenever it is followed, and to each redirect on the way, never to what is stored: jobs that
wait are healed by a change of the setting. What comes out has to be allowed like any other place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from shared.adapters.media_target import Target, server_of
from shared.errors import Misconfigured

FORMS = "inside-host:port=outside-host:port, either port optional, IPv6 in brackets"

Server = tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class MediaRewrite:
    """From each inside host, with its port or with None for any, to the outside one; None there leaves the port."""

    pairs: Mapping[Server, Server] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "MediaRewrite":
        """From pairs parted by commas. Misconfigured, naming the entry, for one that is none or contradicts another."""
        pairs: dict[Server, Server] = {}
        for entry in (entry.strip() for entry in text.split(",") if entry.strip()):
            inside, outside = _pair(entry)
            if pairs.setdefault(inside, outside) != outside:
                raise _unreadable(f"{entry!r} leads a host of another entry elsewhere")
        return cls(pairs)

    def applied(self, target: Target) -> Target:
        """Where a target is reached, once: a pair that names the port comes before one for any port."""
        outside = self.pairs.get((target.host, target.port)) or self.pairs.get((target.host, None))
        return replace(target, host=outside[0], port=outside[1] or target.port) if outside else target


NOTHING = MediaRewrite()


def _pair(entry: str) -> tuple[Server, Server]:
    try:
        inside, outside = map(server_of, map(str.strip, entry.split("=")))
    except ValueError:
        raise _unreadable(f"{entry!r} is not {FORMS}") from None
    return inside, outside


def _unreadable(why: str) -> Misconfigured:
    return Misconfigured("media-rewrite-unreadable", f"MEDIA_REWRITE: {why}")
