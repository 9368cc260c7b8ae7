"""How a record's media are reached: what the vendor said of it, word for word, for whoever can make something of it.

It holds keys, and no address can be built of it here. It is kept sealed, and shown nowhere: not in a log, an answer or a file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class MediaDescriptor:
    """The vendor's fields by the vendor's names. `expires_at` is when they end to be good, None when nothing says so."""

    fields: Mapping[str, str] = field(repr=False)
    expires_at: datetime | None = None
