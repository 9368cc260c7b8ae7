"""SIGHUP to `gleaner up`: two rounds for all who use secrets; what is not fit is told and goes no further."""

from pathlib import Path

import pytest

from gleaner.rotation import BETWEEN_SECONDS, Rotation
from shared.errors import Misconfigured
from shared.ring import InForce, Ring
from shared.settings import Source
from shared.signing import Keys

KEYS = InForce(Keys(("new", "old")), ("token",))


class Listener:
    """A child that counts."""

    def __init__(self) -> None:
        self.heard = 0

    def renew(self) -> None:
        self.heard += 1


class Stage:
    """A rotation around a hand-moved clock."""

    def __init__(self, **environ: str) -> None:
        self.now, self.said, self.afters = 0.0, [], 0
        self.trouble: Misconfigured | None = None
        self.listener = Listener()
        ring = Ring(InForce(Keys(("old",)), ("token",)), self.look)
        where = Source(environ, {}, Path("/nowhere"))
        self.rotation = Rotation(ring, where, [self.listener], self.said.append, self.after, lambda: self.now)

    def look(self) -> InForce:
        if self.trouble:
            raise self.trouble
        return KEYS

    def after(self) -> None:
        self.afters += 1

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.rotation(False)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_nothing_happens_until_somebody_says_so(stage: Stage) -> None:
    stage.wait(1000)
    assert (stage.listener.heard, stage.said) == (0, [])


def test_everybody_hears_twice_with_a_pause_between(stage: Stage) -> None:
    stage.rotation(True)
    assert stage.listener.heard == 1
    stage.wait(BETWEEN_SECONDS / 2)
    assert stage.listener.heard == 1
    stage.wait(BETWEEN_SECONDS / 2)
    assert stage.listener.heard == stage.afters == 2
    stage.wait(1000)
    assert stage.listener.heard == 2
    assert stage.said == [
        "secrets read anew: 2 keys, 1 admin tokens; a new first key signs in 3 s",
        "secrets read anew: 2 keys, 1 admin tokens; the first key signs",
    ]


def test_a_second_change_in_the_pause_begins_anew(stage: Stage) -> None:
    stage.rotation(True)
    stage.wait(1)
    stage.rotation(True)
    stage.wait(BETWEEN_SECONDS - 1)
    assert stage.listener.heard == 2
    stage.wait(1)
    assert stage.listener.heard == 3


def test_what_is_not_fit_is_told_and_nobody_else_hears_of_it(stage: Stage) -> None:
    stage.trouble = Misconfigured("bad-setting", "SECRET_KEY: has 5 characters")
    stage.rotation(True)
    stage.wait(1000)
    assert (stage.listener.heard, stage.afters) == (0, 0)
    assert stage.said == ["the secrets stay as they are: SECRET_KEY: has 5 characters"]


def test_what_stands_in_the_environment_is_said_to_stay() -> None:
    stage = Stage(SECRET_KEY="x", ADMIN_TOKEN="")
    stage.rotation(True)
    assert stage.said[0].endswith("; only a restart changes SECRET_KEY, from the environment")
