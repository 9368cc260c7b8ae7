"""How long to wait before the next try, as a value: nothing here sleeps, so a test is a table of numbers."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that double from `first` up to `most`, each up to a quarter longer by chance, so that a crowd spreads out."""

    first: timedelta
    most: timedelta

    def wait(self, failures: int, seed: str) -> timedelta:
        """The wait after that many failures in a row (1 or more). The same seed and number give the same wait."""
        doubled: timedelta = self.first * (1 << min(max(failures, 1) - 1, 30))
        return min(doubled, self.most) * (1 + Random(f"{seed}:{failures}").random() / 4)


@dataclass(frozen=True, slots=True)
class Policy:
    """Every number of the lifecycle. None of them is written into the table."""

    silence: timedelta = timedelta(seconds=90)
    finalising: timedelta = timedelta(minutes=5)
    grace: timedelta = timedelta(minutes=1)
    give_up: timedelta = timedelta(days=7)
    retries: int = 5  # charged submissions
    failures: int = 5  # of one file, in a row
    crashes: int = 5  # claims that never returned, in a row
    unanswered: int = 5  # asks in a row
    retry_wait: timedelta = timedelta(seconds=10)
    empty_after: timedelta = timedelta(hours=1)  # a fresh window may only not be listed yet
    whole_from: float = 0.95  # delivered share of a window from which it counts as whole
    generations: int = 3  # of wishes for what is missing, each of what the one before did not bring
    most_gaps: int = 16  # wishes for what is missing of one window
    least_gap: timedelta = timedelta(seconds=2)  # less than that is not worth a wish
    unknown_life: timedelta = timedelta(days=30)  # assumed where the vendor names no expiry

    @property
    def after_failure(self) -> Backoff:
        """Between charged tries."""
        return Backoff(self.retry_wait, self.retry_wait * 60)

    @property
    def while_away(self) -> Backoff:
        """While the world is not ready: soon again, for nothing is charged and it may be back at any moment."""
        return Backoff(self.retry_wait, self.retry_wait * 6)

    def deadline(self, window: timedelta) -> tuple[timedelta, timedelta]:
        """How long a download may go on after its last rise, and in all. A device delivers in real time at worst."""
        return window * 1.5 + timedelta(minutes=10), window * 4 + timedelta(hours=1)
