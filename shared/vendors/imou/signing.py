"""The signature of a request: pure, and only over its time, its nonce and the secret, as the vendor's development page says.

`md5` is what the mainland's pages and all official clients use; `hmac-sha256` is what newer pages of the overseas platform
describe. Which of them an account wants is a setting, for nothing in an answer tells a wrong scheme from a wrong secret.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable


def _md5(source: str, _: str) -> str:
    return hashlib.md5(source.encode(), usedforsecurity=False).hexdigest()


def _hmac_sha256(source: str, secret: str) -> str:
    key = hashlib.sha256(secret.encode()).hexdigest()
    return base64.b64encode(hmac.digest(key.encode(), source.encode(), "sha256")).decode()


SCHEMES: dict[str, Callable[[str, str], str]] = {"md5": _md5, "hmac-sha256": _hmac_sha256}


def sign(scheme: str, time: int, nonce: str, secret: str) -> str:
    """The signature, by a scheme of `SCHEMES`; `time` is UTC epoch seconds."""
    return SCHEMES[scheme](f"time:{time},nonce:{nonce},appSecret:{secret}", secret)
