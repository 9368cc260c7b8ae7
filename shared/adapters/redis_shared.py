"""Shared memory in Redis: small values under `memory:`, each changed by one script or one command.

A command that the client sends again, for its answer was lost, does the same as once, but for two: a swap may then find
its own value and say False, and a count may count one too many, which stops short of a limit and never passes it.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import redis

from shared.adapters.redis_answers import answering, text_or_none
from shared.adapters.redis_client import Script

_SWAP = """
    if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
    if ARGV[2] == '' then redis.call('DEL', KEYS[1])
    elseif ARGV[3] == '0' then redis.call('SET', KEYS[1], ARGV[2])
    else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
    return 1
"""
_HOLD = """
    local holder = redis.call('GET', KEYS[1])
    if holder and holder ~= ARGV[1] then return 0 end
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
    return 1
"""
_RELEASE = """
    if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
    return 1
"""
# ARGV[1] is the life; then a limit for each key, empty for none. The answer is the number of the key that is full, or 0.
_COUNT = """
    for number, key in ipairs(KEYS) do
        local limit = tonumber(ARGV[number + 1])
        if limit and tonumber(redis.call('GET', key) or '0') >= limit then return number end
    end
    for _, key in ipairs(KEYS) do
        redis.call('INCR', key)
        redis.call('PEXPIRE', key, ARGV[1])
    end
    return 0
"""


class RedisShared:
    """`ports.SharedMemory` on a Redis client made with `decode_responses`."""

    def __init__(self, client: redis.Redis, prefix: str = "{gleaner}:") -> None:
        self._client: Any = client  # its answers are typed as bytes or text; ours are text
        self._prefix = prefix + "memory:"
        self._swap = Script(client, _SWAP)
        self._hold = Script(client, _HOLD)
        self._release = Script(client, _RELEASE)
        self._count = Script(client, _COUNT)

    def get(self, key: str) -> str | None:
        """The value, or None."""
        with answering():
            return text_or_none(self._client.get(self._prefix + key))

    def get_many(self, keys: Sequence[str]) -> Sequence[str | None]:
        """The value of each."""
        if not keys:
            return []
        with answering():
            return [text_or_none(each) for each in self._client.mget([self._prefix + key for key in keys])]

    def swap(self, key: str, old: str | None, new: str | None, ttl: timedelta | None = None) -> bool:
        """Compare and swap; a value is never empty text."""
        life = int(ttl.total_seconds() * 1000) if ttl else 0
        with answering():
            return bool(self._swap(keys=[self._prefix + key], args=[old or "", new or "", life]))

    def hold(self, name: str, owner: str, ttl: timedelta) -> bool:
        """Take or renew a lease."""
        with answering():
            return bool(self._hold(keys=[self._lease(name)], args=[owner, _life(ttl)]))

    def release(self, name: str, owner: str) -> None:
        """Give a lease back."""
        with answering():
            self._release(keys=[self._lease(name)], args=[owner])

    def holder(self, name: str) -> str | None:
        """Who has a lease."""
        with answering():
            return text_or_none(self._client.get(self._lease(name)))

    def count(self, limits: Mapping[str, int | None], ttl: timedelta) -> str | None:
        """Add one to each counter, or to none."""
        keys = [*limits]
        bounds = ["" if limit is None else limit for limit in limits.values()]
        with answering():
            full = int(self._count(keys=[self._prefix + key for key in keys], args=[_life(ttl), *bounds]))
        return keys[full - 1] if full else None

    def _lease(self, name: str) -> str:
        return f"{self._prefix}lease:{name}"


def _life(ttl: timedelta) -> int:
    return max(1, int(ttl.total_seconds() * 1000))
