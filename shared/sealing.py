"""Encryption at rest: what must be remembered and must not lie about in a database file, such as a vendor's token.

Keys are derived from SECRET_KEY; of several the first one seals and all open, so that rotation loses nothing at once.
"""

import base64
from collections.abc import Callable

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from shared.signing import SEALS, Keys


class Seal:
    """Seals text. Fit for threads. `newest` gives the keys in force, where they may change."""

    def __init__(self, keys: Keys, newest: Callable[[], Keys] | None = None) -> None:
        self._newest = newest or (lambda: keys)
        self._made = keys, _fernets(keys)

    def close(self, text: str) -> str:
        """The text, to be read by whoever has the key; not the same twice."""
        return self._fernets().encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str | None:
        """What was sealed, or None when it was not by any key in force: it counts as absent."""
        try:
            return self._fernets().decrypt(sealed.encode()).decode()
        except InvalidToken:
            return None

    def _fernets(self) -> MultiFernet:
        keys = self._newest()
        if keys is not self._made[0]:
            self._made = keys, _fernets(keys)
        return self._made[1]


def _fernets(keys: Keys) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys.derived(SEALS)])
