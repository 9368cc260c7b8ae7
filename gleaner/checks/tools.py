"""What a vendor is asked with: the service's own tools as far as they are there, and nothing is made for it."""

import secrets as chance
from collections.abc import Callable
from datetime import UTC, datetime

from gleaner.checks.stores import Store
from shared import secrets
from shared.adapters.http import GuardedSession
from shared.adapters.memory import MemoryShared
from shared.adapters.redis_shared import RedisShared
from shared.adapters.redis_store import RedisJobStore
from shared.errors import Misconfigured
from shared.sealing import Seal
from shared.settings import Settings, words
from shared.signing import Keys
from shared.vendors.base import Toolbox


class _MachineClock:
    """The time of this machine, for as long as no store tells it."""

    def now(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)


def toolbox(settings: Settings, store: Store) -> Toolbox:
    """What a vendor's client is built with. Without our key, or a store, nothing is remembered."""
    keys, told = _keys(settings), now(settings, store)
    if keys is None or store.client is None:
        passing = Seal(Keys((chance.token_hex(),)))
        return Toolbox(GuardedSession(), MemoryShared(_MachineClock()), passing, told)
    return Toolbox(GuardedSession(), RedisShared(store.client, settings.redis_prefix), Seal(keys), told)


def now(settings: Settings, store: Store) -> Callable[[], datetime]:
    """The clock that requests are signed with: the store's, which all processes share."""
    if store.client is None:
        return _MachineClock().now
    return RedisJobStore(store.client, settings.redis_prefix).now


def _keys(settings: Settings) -> Keys | None:
    if named := words(settings.secret_key):
        return Keys(named)
    try:
        return Keys(words(secrets.load(settings.home, secrets.SECRET_KEY)))
    except (OSError, UnicodeDecodeError, Misconfigured):
        return None
