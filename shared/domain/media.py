"""What is known of a clip or a picture once its bytes have been looked at."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from shared.domain.job import Verdict


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """What the check found out about whole bytes.

    `examined`: what was looked at to the end. `reasons`: why the verdict is no better, a sentence for each code.
    """

    content_type: str
    extension: str
    verdict: Verdict
    duration_seconds: float | None
    examined: tuple[str, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)

    def looked_at(self, what: str) -> "MediaFacts":
        """The same, with one thing more that was looked at."""
        return replace(self, examined=(*self.examined, what))

    def doubted(self, code: str, detail: str) -> "MediaFacts":
        """The same, with one reason more, because of which it is no longer COMPLETE."""
        verdict = Verdict.UNVERIFIED if self.verdict == Verdict.COMPLETE else self.verdict
        return replace(self, verdict=verdict, reasons={**self.reasons, code: detail})
