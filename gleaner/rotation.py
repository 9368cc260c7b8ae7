"""SIGHUP to `gleaner up`: everybody reads the secrets anew, in two rounds, so that nobody is refused by one who has not heard.

A round begins here, where what is wanted is judged: what is not fit is told, and nobody else hears of it. `shared/ring.py`
says what a round changes.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gleaner.supervisor import Command
from shared.errors import Misconfigured
from shared.ring import Ring
from shared.settings import Source

BETWEEN_SECONDS = 3.0  # between the rounds: by then all have heard, however busy the machine
_NAMES = ("SECRET_KEY", "ADMIN_TOKEN")


@dataclass
class Rotation:
    """Called at each look, and told whether somebody has changed the secrets. `children` are those who may use them."""

    ring: Ring
    where: Source
    children: Sequence[Command]
    tell: Callable[[str], None]
    after: Callable[[], None]  # each round
    clock: Callable[[], float] = time.monotonic
    _due: list[float] = field(default_factory=list)

    def __call__(self, changed: bool) -> None:
        """Begin the two rounds, or do the one that is due."""
        if changed:
            self._due = [self.clock(), self.clock() + BETWEEN_SECONDS]
        if self._due and self.clock() >= self._due[0]:
            del self._due[0]
            self._round()

    def _round(self) -> None:
        try:
            self.ring.renew()
        except Misconfigured as error:
            self._due.clear()
            self.tell(f"the secrets stay as they are: {error.detail}")
            return
        for child in self.children:
            child.renew()
        self.after()
        self.tell(self._said())

    def _said(self) -> str:
        held = self.ring.now
        counts = f"{len(held.keys.secrets)} keys, {len(held.admin_tokens)} admin tokens"
        signs = f"a new first key signs in {BETWEEN_SECONDS:g} s" if self._due else "the first key signs"
        fixed = [name for name in _NAMES if self.where.environ.get(name)]
        but = f"; only a restart changes {' and '.join(fixed)}, from the environment" if fixed else ""
        return f"secrets read anew: {counts}; {signs}{but}"
