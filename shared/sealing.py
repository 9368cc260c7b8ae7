"""Encryption at rest: what must be remembered and must not lie about in a database file, such as a vendor's token.

Keys are derived from SECRET_KEY; of several the first one seals and all open, so that rotation loses nothing at once.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from shared.signing import SEALS, Keys


class Seal:
    """Seals text. Fit for threads."""

    def __init__(self, keys: Keys) -> None:
        self._keys = MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys.derived(SEALS)])

    def close(self, text: str) -> str:
        """The text, to be read by whoever has the key; not the same twice."""
        return self._keys.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str | None:
        """What was sealed, or None when it was not by any key in force: it counts as absent."""
        try:
            return self._keys.decrypt(sealed.encode()).decode()
        except InvalidToken:
            return None
