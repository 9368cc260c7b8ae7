"""Callback tokens, and every other HMAC of ours: pure functions over derived keys.

A callback token is `JOB-ATTEMPT-MAC`, a login link `END-SERIAL-MAC`, all of it safe in a URL path. They are verified by
arithmetic alone, so that a stranger's guess costs no look-up. Keys are derived per purpose from SECRET_KEY, and the first
of several signs.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

CALLBACKS = "callbacks"
SESSIONS = "sessions"
LOGIN = "login-link"
PUSH = "push"
SEALS = "seals"
_LINK = re.compile(r"([1-9][0-9]{9})-([0-9a-f]{16})-([A-Za-z0-9_]{32})")
_TOKEN = re.compile(r"([0-9a-z]{26})-([1-9][0-9]{0,8})-([A-Za-z0-9_]{32})")


@dataclass(frozen=True, slots=True)
class Keys:
    """The secrets in force: the first signs, all verify, so that rotation refuses nobody."""

    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Keys({len(self.secrets)} secrets)"

    def derived(self, purpose: str) -> tuple[bytes, ...]:
        """One key per secret, of no use for any other purpose."""
        return _derived(self.secrets, purpose)


@lru_cache(maxsize=64)
def _derived(secrets: tuple[str, ...], purpose: str) -> tuple[bytes, ...]:
    return tuple(hmac.digest(secret.encode(), f"gleaner/{purpose}".encode(), "sha256") for secret in secrets)


def callback_token(keys: Keys, vendor: str, job_id: str, attempt: int) -> str:
    """The path token of one attempt's callbacks."""
    return f"{job_id}-{attempt}-{_mac(keys.derived(CALLBACKS)[0], f'{vendor}/{job_id}/{attempt}')}"


def read_callback_token(keys: Keys, vendor: str, token: str) -> tuple[str, int] | None:
    """The job and attempt that a token is for, or None whatever is wrong with it."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        return None
    job_id, attempt, mac = match[1], int(match[2]), match[3]
    return (job_id, attempt) if _is_ours(keys, CALLBACKS, f"{vendor}/{job_id}/{attempt}", mac) else None


def push_token(keys: Keys, vendor: str) -> str:
    """The path token of what a vendor pushes about an account."""
    return _mac(keys.derived(PUSH)[0], vendor)


def is_push_token(keys: Keys, vendor: str, token: str) -> bool:
    """Whether it is the one of this vendor."""
    return token.isascii() and _is_ours(keys, PUSH, vendor, token)


def login_link(keys: Keys, now: datetime, ttl: timedelta) -> str:
    """The path token of a link that logs in until `now + ttl`; that it does so only once is its reader's business."""
    said = f"{int((now + ttl).timestamp())}-{secrets.token_hex(8)}"
    return f"{said}-{_mac(keys.derived(LOGIN)[0], said)}"


def read_login_link(keys: Keys, token: str, now: datetime) -> tuple[str, datetime] | None:
    """The link's serial number and its end, or None whatever is wrong with it, its age included."""
    match = _LINK.fullmatch(token)
    if match is None or not _is_ours(keys, LOGIN, f"{match[1]}-{match[2]}", match[3]):
        return None
    end = datetime.fromtimestamp(int(match[1]), UTC)
    return (match[2], end) if now < end else None


def same_secret(left: str, right: str) -> bool:
    """Compare two secrets in constant time, whatever their lengths."""
    return hmac.compare_digest(
        hashlib.sha256(left.encode()).digest(), hashlib.sha256(right.encode()).digest()
    )


def _is_ours(keys: Keys, purpose: str, said: str, mac: str) -> bool:
    known = [hmac.compare_digest(_mac(key, said), mac) for key in keys.derived(purpose)]
    return any(known)


def _mac(key: bytes, said: str) -> str:
    mac = _keyed(key).copy()
    mac.update(said.encode())
    digest = mac.digest()[:24]
    return base64.urlsafe_b64encode(digest).decode().replace("-", "_")


@lru_cache(maxsize=64)
def _keyed(key: bytes) -> hmac.HMAC:
    """To be copied, which costs a third less than to begin anew."""
    return hmac.new(key, digestmod="sha256")
