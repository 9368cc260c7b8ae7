"""The secrets in force in one process, and how they change while it runs, so that nobody is refused meanwhile.

Whoever has changed a list of them sends SIGHUP, which makes a round. In the first round a process believes what is new, and
what signed before still signs; in the second the first of the list does. So nothing that one process signs or seals is
refused by another that has not heard yet: between two rounds all of them have. What cannot be read, or is not fit to be a
secret, changes nothing.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from shared import secrets
from shared.errors import Misconfigured
from shared.settings import Settings, read, source, words
from shared.signing import Keys, same_secret

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class InForce:
    """What is believed: the first of the keys signs."""

    keys: Keys
    admin_tokens: tuple[str, ...]


class Ring:
    """Holds them, and heeds each round of `rounds`, which many processes may share, when next it is asked.

    Fit for threads and forks without a lock: whoever looks at the same time finds the same.
    """

    def __init__(
        self,
        held: InForce,
        look: Callable[[], InForce] | None = None,
        rounds: Callable[[], int] = lambda: 0,
    ) -> None:
        self._look = look or (lambda: held)
        self._rounds = rounds
        self._state = (rounds(), held)

    @property
    def now(self) -> InForce:
        """What is in force now."""
        state, rounds = self._state, self._rounds()
        return state[1] if state[0] == rounds else self._heed(state, rounds)

    def keys(self) -> Keys:
        """The keys in force now."""
        return self.now.keys

    def renew(self) -> None:
        """A round for this process alone. Misconfigured when what is wanted cannot be: all stays as it is."""
        seen, held = self._state
        self._state = seen, stepped(held, self._look())

    def _heed(self, state: tuple[int, InForce], rounds: int) -> InForce:
        """Whoever looks at the same time begins with the same state, so that no round is made twice."""
        seen, held = state
        try:
            wanted = self._look()
        except Misconfigured as error:
            fields = {"code": error.code, "detail": error.detail}
            log.warning("the secrets in force stay as they are", extra=fields)
            wanted = held
        for _ in range(rounds - seen):
            held = stepped(held, wanted)
        self._state = rounds, held
        return held


def ring_of(settings: Settings, environ: Mapping[str, str], rounds: Callable[[], int] = lambda: 0) -> Ring:
    """The ring of a process with these settings: what it wants later stands in `.env` and in the files of the home.

    Misconfigured when a secret cannot be read or made, or is not fit. What stands in the environment stays as it is.
    """
    again = partial(_wanted, settings.home, environ)
    return Ring(in_force(settings, settings.home), again, rounds)


def in_force(
    settings: Settings, home: Path, load: Callable[[Path, str], str] = secrets.load_or_create
) -> InForce:
    """What the settings name, else what the home's files hold, which are made where there are none."""
    keys = words(settings.secret_key) or words(load(home, secrets.SECRET_KEY))
    tokens = words(settings.admin_token) or words(load(home, secrets.ADMIN_TOKEN))
    return InForce(Keys(keys), tokens)


def _wanted(home: Path, environ: Mapping[str, str]) -> InForce:
    """What is wanted later. A file that is gone at that moment is no wish for a new secret, which would end all old ones."""
    try:
        return in_force(read(Settings, source(environ)), home, secrets.load)
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured("secret-unreadable", str(error)) from error


def stepped(before: InForce, wanted: InForce) -> InForce:
    """What comes after a round: all that is wanted, but what nobody knew before does not sign yet, if it need not."""
    old, new = before.keys.secrets, wanted.keys.secrets
    if _among(new[0], old) or not _among(old[0], new):
        return wanted
    rest = tuple(each for each in new if not same_secret(each, old[0]))
    return InForce(Keys((old[0], *rest)), wanted.admin_tokens)


def _among(secret: str, known: tuple[str, ...]) -> bool:
    alike = [same_secret(secret, each) for each in known]
    return any(alike)
