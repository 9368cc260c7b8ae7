"""Shared memory in Redis: small values under `memory:`, each changed by one script or one command.

A command that the client sends again, for its answer was lost, does the same as once, but for two: a swap may then find
its own value and say False, and a count may count one too many, which stops short of a limit and never passes it.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import chain
from typing import Any

import redis

from shared.adapters.redis_answers import answering, text_or_none
from shared.adapters.redis_client import Script

_SWAP = """
    return function(key, old, new, life)
        if (redis.call('GET', key) or '') ~= old then return 0 end
        if new == '' then redis.call('DEL', key)
        elseif life == '0' then redis.call('SET', key, new)
        else redis.call('SET', key, new, 'PX', life) end
        return 1
    end
"""
_HOLD = """
    return function(key, owner, life)
        local holder = redis.call('GET', key)
        if holder and holder ~= owner then return 0 end
        redis.call('SET', key, owner, 'PX', life)
        return 1
    end
"""
_RELEASE = """
    return function(key, owner)
        if redis.call('GET', key) == owner then redis.call('DEL', key) end
        return 1
    end
"""
# After the life a key and its limit each, empty for none. The answer is the number of the key that is full, or 0.
_COUNT = """
    return function(life, ...)
        local limits = {...}
        for place = 1, #limits, 2 do
            local limit = tonumber(limits[place + 1])
            if limit and tonumber(redis.call('GET', limits[place]) or '0') >= limit then return (place + 1) / 2 end
        end
        for place = 1, #limits, 2 do
            redis.call('INCR', limits[place])
            redis.call('PEXPIRE', limits[place], life)
        end
        return 0
    end
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
            return bool(self._swap(self._prefix + key, old or "", new or "", life))

    def hold(self, name: str, owner: str, ttl: timedelta) -> bool:
        """Take or renew a lease."""
        with answering():
            return bool(self._hold(self._lease(name), owner, _life(ttl)))

    def release(self, name: str, owner: str) -> None:
        """Give a lease back."""
        with answering():
            self._release(self._lease(name), owner)

    def holder(self, name: str) -> str | None:
        """Who has a lease."""
        with answering():
            return text_or_none(self._client.get(self._lease(name)))

    def count(self, limits: Mapping[str, int | None], ttl: timedelta) -> str | None:
        """Add one to each counter, or to none."""
        keys = [*limits]
        pairs = [(self._prefix + key, "" if limit is None else limit) for key, limit in limits.items()]
        with answering():
            full = int(self._count(_life(ttl), *chain.from_iterable(pairs)))
        return keys[full - 1] if full else None

    def _lease(self, name: str) -> str:
        return f"{self._prefix}lease:{name}"


def _life(ttl: timedelta) -> int:
    return max(1, int(ttl.total_seconds() * 1000))
