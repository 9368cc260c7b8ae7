"""The terms of the simulated cloud that an operator may choose; mischief is not among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Terms:
    """Lengths of time in seconds."""

    zone: str = "Asia/Shanghai"
    """Of the naive times on the wire, and of the midnights between two days. No page names it; ours."""
    sign: Literal["md5", "hmac-sha256"] = "md5"
    """How requests must be signed: as on the mainland, or as the newer overseas pages say."""
    token_life: float = 3 * 86_400
    """Of an access token: 3 days, as the vendor says."""
    picture_life: float = 7200.0
    """Of a picture's address. Not known of the real one; snapshots elsewhere live 2 h."""
    stale_picture: Literal[403, 404] = 403
    """What a picture's address gives once it has expired; ours."""
