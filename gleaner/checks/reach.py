"""Between us and the vendors: whether they can reach us to report, and whether our clocks agree."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from gleaner.checks.addresses import is_loopback, origin
from gleaner.checks.configuration import Case
from gleaner.checks.finding import Finding, ok, skipped, warn
from gleaner.checks.stores import Store
from gleaner.checks.tools import now
from shared.adapters.http import TROUBLES, GuardedSession
from shared.errors import Misconfigured
from shared.settings import Settings

CLOCK_SECONDS = 60.0  # ours: vendors that sign with the time allow a few minutes
DATE_SECONDS = 2.0


def callbacks(case: Case) -> Iterator[Finding]:
    """Whether those who report can reach us."""
    settings, name = case.settings, "callbacks"
    reached = settings.called_at
    reporting = [one for one in case.ready if case.vendors[one].playback]
    afar = [one for one in reporting if not is_loopback(case.address(one))]
    if not reporting:
        yield skipped(name, "nobody is set up who would report")
    elif afar and is_loopback(reached):
        said = f"{', '.join(afar)} cannot reach {reached} to report, so downloads are only asked about"
        yield warn(name, said, "set PUBLIC_URL to an address of this machine that can be reached from there")
    elif _unheard(settings):
        said = f"PUBLIC_URL names port {settings.binds[-1].port}, and there only this machine itself is listened to"
        which = "CALLBACK_BIND" if settings.callback_bind else "GLEANER_HOST"
        yield warn(name, said, f"set {which} to 0.0.0.0, unless something else passes callbacks on")
    elif settings.callback_bind and _port(settings) == settings.port:
        said = f"PUBLIC_URL names port {settings.port}, and callbacks are taken on {settings.callback_bind} alone"
        yield warn(name, said, "name that port in PUBLIC_URL, unless something else passes callbacks on")
    else:
        yield ok(name, f"go to {origin(reached)}")


def _unheard(settings: Settings) -> bool:
    at = settings.binds[-1]
    ours = _port(settings) == at.port
    return ours and not is_loopback(settings.public_url) and is_loopback(f"http://{at}")


def _port(settings: Settings) -> int | None:
    """The port that PUBLIC_URL names, where that is of plain http, as our own are."""
    parts = urlsplit(settings.public_url)
    return (parts.port or 80) if parts.scheme == "http" else None


def clock(case: Case, store: Store, name: str) -> Iterator[Finding]:
    """How far our clock is from a vendor's, by the Date of any answer at all; a silent one is another check's news."""
    theirs = _date(case.address(name))
    if theirs is None:
        yield skipped("clock", f"{name} tells no time")
        return
    ahead = (now(case.settings, store)() - theirs).total_seconds()
    whose = "the Redis server's clock" if store.client else "this machine's clock"
    if abs(ahead) > CLOCK_SECONDS:
        off = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'}"
        said = f"{whose} is {off} that of {name}, so signed requests may be refused"
        yield warn("clock", said, "let that machine's clock be set by NTP")
    else:
        yield ok("clock", f"{whose} is the same as that of {name}, within {CLOCK_SECONDS:.0f} s")


def _date(address: str) -> datetime | None:
    try:
        with GuardedSession().get(address, {}, DATE_SECONDS) as answer:
            found = parsedate_to_datetime(answer.headers["Date"])
    except (*TROUBLES, Misconfigured, KeyError, ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
