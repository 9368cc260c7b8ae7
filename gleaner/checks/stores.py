"""Redis: that it answers, and keeps what it is given.

A server of our own that does not run is no fault: `gleaner up` starts it. What is asked of somebody else's is read from INFO,
which hosted servers answer, too.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import redis
from redis.exceptions import NoPermissionError

from gleaner.checks.finding import Finding, fail, ok, warn
from gleaner.checks.home import held
from gleaner.embedded_redis import EmbeddedRedis, server_binary
from shared.adapters.redis_address import state_place
from shared.adapters.redis_shared import RedisShared
from shared.errors import Misconfigured, Transient
from shared.settings import Settings
from shared.wiring import state_client

OLDEST = (5, 0)  # our scripts use ZPOPMIN, which came with Redis 5.0
NEARLY_FULL = 0.9
_VERSION = re.compile(r"v=(\S+)")


@dataclass(frozen=True)
class Store:
    """Job state as it was met. `client` is None when nobody answers; `settings` name the server of our own, too."""

    settings: Settings
    client: redis.Redis | None
    embedded: EmbeddedRedis | None
    findings: tuple[Finding, ...]


def meet(settings: Settings) -> Store:
    """Call on the server that keeps job state; takes two seconds at most."""
    embedded = None if settings.redis_url else EmbeddedRedis(settings.home)
    named = settings
    if embedded:
        broker = settings.broker_url or embedded.broker_url
        named = replace(settings, redis_url=embedded.state_url, broker_url=broker)
    try:
        client = state_client(named, patient=False)
    except Misconfigured as error:
        return Store(named, None, embedded, (fail("redis", error.detail, "mend REDIS_URL"),))
    try:
        found = tuple(_judged(named, client, client.info()))
    except (redis.RedisError, OSError) as error:
        client.close()
        silent = _own_server(embedded) if embedded else _silence(named, error)
        return Store(named, None, embedded, (silent,))
    return Store(named, client, embedded, found)


def _silence(settings: Settings, error: Exception) -> Finding:
    """Why the server that REDIS_URL names did not answer; the error's own text may repeat what is secret."""
    where = place(*state_place(settings.redis_url))
    if isinstance(error, redis.BusyLoadingError):
        return warn("redis", f"{where}, is still reading its data", "wait, then look again")
    if isinstance(error, redis.AuthenticationError | NoPermissionError):
        return fail("redis", f"{where}, refuses us ({type(error).__name__})", "mend the login in REDIS_URL")
    if isinstance(error, redis.ResponseError):
        return fail("redis", f"{where}, refuses to answer ({type(error).__name__})", "see the server's log")
    remedy = "start it, mend REDIS_URL, or unset it for a server of our own"
    return fail("redis", f"nobody answers at {where} ({type(error).__name__})", remedy)


def _own_server(server: EmbeddedRedis) -> Finding:
    if held(server.folder / "server.lock"):
        return fail("redis", "our own server runs and does not answer", f"see {server.log_file}")
    try:
        binary = str(server_binary())
        said = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=5, check=True)
    except Misconfigured as error:
        return fail("redis", error.detail, "set REDIS_URL")
    except (OSError, subprocess.SubprocessError) as error:
        return fail("redis", f"our own server cannot run here ({type(error).__name__})", "set REDIS_URL")
    version = _VERSION.search(said.stdout)
    return ok(
        "redis", f"our own server ({version[1] if version else 'unknown'}) is not running, and can be started"
    )


def _judged(settings: Settings, client: redis.Redis, info: Mapping[str, Any]) -> Iterator[Finding]:
    wrong = [*judge(info), *_takes_changes(settings, client)]
    kind = "valkey" if "valkey_version" in info else "redis"
    said = f"{kind.capitalize()} {info.get(f'{kind}_version')} answers, keeps everything and evicts nothing"
    yield from wrong or [ok("redis", said)]


def judge(info: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with a server, by what it says of itself in INFO. What it does not say is not judged."""
    version = str(info.get("redis_version", ""))
    parts = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if parts and parts < OLDEST:
        yield fail("redis", f"its version {version} is too old", "use Redis 5.0 or newer, or Valkey")
    if info.get("role") == "slave":
        yield fail("redis", "it is a replica, which takes no changes", "let REDIS_URL name its master")
    yield from _keeping(info)
    yield from _evicting(info)


def _keeping(info: Mapping[str, Any]) -> Iterator[Finding]:
    if info.get("aof_enabled") == 0:
        said = "it keeps no append-only file, so its restart may forget jobs"
        yield warn("redis", said, "CONFIG SET appendonly yes, and in its configuration file")
    if info.get("aof_last_write_status", "ok") != "ok":
        yield fail("redis", "it could not write its append-only file", "see the server's log, and its disk")


def _evicting(info: Mapping[str, Any]) -> Iterator[Finding]:
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        said = f"its maxmemory-policy is {policy}, so it may throw jobs away"
        yield fail("redis", said, "CONFIG SET maxmemory-policy noeviction, and in its configuration file")
    most = info.get("maxmemory") or 0
    if most and info.get("used_memory", 0) > most * NEARLY_FULL:
        yield warn("redis", "its memory is nearly used up", "give it a larger maxmemory")


def _takes_changes(settings: Settings, client: redis.Redis) -> Iterator[Finding]:
    """Full, read-only, forbidden, or no room for its snapshot: only a change tells. This one is over in a second."""
    try:
        RedisShared(client, settings.redis_prefix).hold("doctor", f"{os.getpid()}", timedelta(seconds=1))
    except Transient as error:
        said = f"it answers, and takes no changes from us ({error.detail})"
        yield fail("redis", said, "see the server's log, its disk, its memory, and the rights of our login")


def place(server: str, port: int | None, database: int) -> str:
    """A database as people name it, without a login."""
    return f"{server if port is None else f'{server}:{port}'}, database {database}"
