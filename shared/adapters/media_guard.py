"""Where an address that a vendor named may lead: to what the operator named in MEDIA_ALLOW, or to public hosts if that vendor
may name any; and never to ourselves.

It is the addresses to which a name leads that are judged, all of them, and those alone are connected to: asked again, the
same name may lead elsewhere. What an operator is told to add is always the host itself, with its port.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import ip_address

from shared.adapters.addresses import Area, Resolve, area, is_ours, is_public, judged, resolved
from shared.adapters.media_allow import MediaAllow
from shared.adapters.media_rewrite import NOTHING, MediaRewrite
from shared.adapters.media_target import Target
from shared.errors import Transient, Whose

NOT_ALLOWED = "media-host-not-allowed"
OURS = "is a port of our own, which no setting opens"
_DETAIL = re.compile(r"(?P<server>\S+:[0-9]+) (?:.* to name it: (?P<line>MEDIA_ALLOW=\S+)$)?")


@dataclass(frozen=True, slots=True)
class MediaGuard:
    """The rules. `own`: host and port of what we listen on, and of the servers that remember for us.

    `resolve` and `is_public` say where names lead, and which addresses are everybody's.
    """

    allow: MediaAllow
    own: frozenset[tuple[str, int]] = frozenset()
    rewrite: MediaRewrite = NOTHING
    resolve: Resolve = resolved
    is_public: Callable[[str], bool] = is_public

    def passed(self, address: str, public: bool = False) -> Target:
        """The target of an address. Refused when unreadable; Transient, at nobody's cost, while it is not allowed.

        `public`: besides what is named, those hosts will do all of whose addresses are public.
        """
        target = self.rewrite.applied(Target.of(address))
        if not public and not self.allow.may(target):
            raise self._unnamed(target, "is not named")
        found = self._found(target)
        if self._is_own(target.port, found):
            raise _not_allowed(target, OURS)
        for at in found:
            if not self.allow.opens(target, at) and not (public and self.is_public(at)):
                raise self._unnamed(target, f"leads to {at}, {_why(at)}")
        return replace(target, at=found)

    def _found(self, target: Target) -> tuple[str, ...]:
        found = _led(target.host, self.resolve)
        if not found:
            detail = f"{target.place}: no such name"
            raise Transient("media-host-away", detail, whose=Whose.VENDOR, asked=False)
        return found

    def _is_own(self, port: int, found: tuple[str, ...]) -> bool:
        """Whether any of these is where we listen: a server on this machine may be reached by all its addresses."""
        for host, own_port in self.own:
            if own_port == port:
                theirs = _led(host, self.resolve)
                parts = {part for at in theirs for part in judged(at)}
                if any(not parts.isdisjoint(judged(at)) for at in found):
                    return True
                if any(map(is_ours, theirs)) and any(map(is_ours, found)):
                    return True
        return False

    def _unnamed(self, target: Target, why: str) -> Transient:
        return _not_allowed(target, f"{why}; to name it: {self.allow.line_with(target.server)}")


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the detail of a `media-host-not-allowed` says: which `host:port`, and the line to add, if any would help."""

    server: str
    line: str

    @classmethod
    def of(cls, detail: str) -> "Waiting | None":
        """None when the detail is no such one."""
        found = _DETAIL.match(detail)
        return cls(found["server"], found["line"] or "") if found else None


def _led(host: str, resolve: Resolve) -> tuple[str, ...]:
    """Where a host leads; nowhere at all when its name is not known. An address leads to itself."""
    with suppress(ValueError):
        return (str(ip_address(host)),)
    with suppress(OSError):
        return resolve(host)
    return ()


def _why(address: str) -> str:
    """What stands against an address: its worst part."""
    worst = max((area(part) for part in judged(address)), key=list(Area).index)
    return "which is not named" if worst is Area.PUBLIC else str(worst)


def _not_allowed(target: Target, why: str) -> Transient:
    return Transient(NOT_ALLOWED, f"{target.server} {why}", whose=Whose.VENDOR, asked=False)
