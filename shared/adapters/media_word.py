"""What the child of `media_apart` says, a line of JSON at a time. Nothing is loaded here that a child could do without."""

import json
from dataclasses import asdict, dataclass

from shared.domain.media import MediaFacts


@dataclass(frozen=True)
class Word:
    """A line that a child says; one without anything says that it has begun."""

    facts: MediaFacts | None = None
    refused: tuple[str, str] | None = None  # a code and a detail
    broke: tuple[str, str] | None = None  # the same: it could not go on
    done: bool = False

    def line(self) -> bytes:
        """As it is said."""
        return json.dumps(asdict(self)).encode() + b"\n"
