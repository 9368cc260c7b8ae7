"""The access token: one for all processes, sealed in shared memory, and asked for by one of them at a time.

Facts of the vendor's page on accessToken (open.imou.com/document/pages/fef620): it lasts three days, `expireTime` is the seconds
it has left, and a call without a good one is answered TK1002. Overseas the answer may name the host to speak to from then on.
Whether a new token ends the old one is not known, so nobody but a probe asks for one while a good one lies in memory.
"""

import json
import re
import time
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import uuid4
from zoneinfo import ZoneInfo

from shared.errors import Transient, Whose
from shared.vendors.base import Toolbox
from shared.vendors.imou.codes import Kind, failure
from shared.vendors.imou.envelope import SECONDS, TOKEN_METHOD, Wire, unreadable
from shared.vendors.imou.settings import ImouSettings, short_hash

MARGIN = 300.0  # seconds before its end in which the vendor's own app no longer trusts a token
LONGEST = 3 * 86400.0
UNTOLD = 3600.0  # what a token without a readable `expireTime` is taken to have left
PATIENCE = 10.0
POLL = 0.05
SHORTEST = 30.0  # seconds; whatever an answer says, no token is asked for in a hot loop
_TOKEN = re.compile(r"[!-~]{1,4096}")
LEASE = timedelta(seconds=SECONDS * 3 + 10)  # all attempts of a call that nobody answers
HOSTS = frozenset(
    {
        "openapi.lechange.cn",
        "openapi-sg.easy4ip.com",
        "openapi-fk.easy4ip.com",
        "openapi-or.easy4ip.com",
        "openapi.easy4ip.com",
    }
)


@dataclass(frozen=True, slots=True)
class Token:
    """A token, and the base address it is good for."""

    value: str = field(repr=False)
    base: str


class Tokens:
    """Hands out the token. Fit for threads and processes. `patience`: seconds to wait for somebody else's new one."""

    def __init__(
        self, settings: ImouSettings, toolbox: Toolbox, wire: Wire, patience: float = PATIENCE
    ) -> None:
        self._patience = patience
        self._settings = settings
        self._memory = toolbox.memory
        self._seal = toolbox.seal
        self._now = toolbox.now
        self._wire = wire
        self._key = f"imou:token:{short_hash(settings.app_id, settings.base_url)}"

    def get(self, failed: Token | None = None) -> Token:
        """The token in force, another one than `failed`; asked for if there is none.

        Transient as any call; `vendor-away` when another process has been asking for one for too long.
        """
        owner, end = uuid4().hex, time.monotonic() + self._patience
        while True:
            if good := self._stored(but=failed):
                return good
            if self._memory.hold(self._key, owner, LEASE):
                return self._asked_for(owner, failed)
            if time.monotonic() > end:
                detail = f"no new token has come for {self._patience:g} s"
                raise Transient("vendor-away", detail, whose=Whose.VENDOR, asked=False)
            time.sleep(POLL)

    def renew(self) -> Token:
        """Ask for a token, whatever is in memory, and keep it."""
        answer = self._wire.ask(self._settings.base_url, TOKEN_METHOD, {})
        if answer.kind != Kind.OK:
            zone = ZoneInfo(self._settings.timezone)
            secrets = (self._settings.app_secret,)
            raise failure(answer.code, answer.message, self._now(), zone, secrets)
        value = answer.data.get("accessToken")
        if not isinstance(value, str) or not _TOKEN.fullmatch(value.strip()):
            raise unreadable("without an accessToken that can be sent")
        base = base_of(answer.data.get("currentDomain"), self._settings.base_url)
        token = Token(value.strip(), base)
        self._keep(token, lasting(answer.data.get("expireTime")))
        return token

    def _asked_for(self, owner: str, failed: Token | None) -> Token:
        try:
            return (
                self._stored(but=failed) or self.renew()
            )  # the lease may have come with its last owner's token
        finally:
            self._memory.release(self._key, owner)

    def _stored(self, but: Token | None) -> Token | None:
        sealed = self._memory.get(self._key)
        text = self._seal.open(sealed) if sealed else None
        token = Token(*json.loads(text)) if text else None
        return None if token and but and token.value == but.value else token

    def _keep(self, token: Token, lasts: timedelta) -> None:
        sealed = self._seal.close(json.dumps([token.value, token.base]))
        self._memory.swap(self._key, self._memory.get(self._key), sealed, lasts)


def lasting(left: object) -> timedelta:
    """How long a token is kept that has `left` seconds: a margin less, or half as long when there is not much left."""
    try:
        seconds = min(float(left), LONGEST) if isinstance(left, str | int | float) else UNTOLD
    except (ValueError, OverflowError):
        seconds = UNTOLD
    seconds = seconds if seconds > 0 else UNTOLD  # false for what is no number, too
    return timedelta(seconds=max(seconds - MARGIN, min(seconds / 2, MARGIN), SHORTEST))


def base_of(domain: object, base: str) -> str:
    """The base address that an answer's `currentDomain` leads to: another of the vendor's own hosts, or still ours.

    It is seen with and without a scheme. Whoever is not asked at one of these hosts (a proxy, a sandbox) stays in charge.
    """
    if not isinstance(domain, str) or _host(base) not in HOSTS:
        return base
    host = _host(domain if "://" in domain else f"https://{domain}")
    return f"https://{host}" if host in HOSTS else base


def _host(address: str) -> str:
    """The host of an https address on its usual port, or nothing."""
    try:
        parts = urlsplit(address.strip())
        usual = parts.scheme == "https" and parts.port in (None, 443) and parts.username is None
        return parts.hostname or "" if usual else ""
    except ValueError:
        return ""
