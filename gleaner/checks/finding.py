"""A finding: one line of the doctor, with the remedy where something is wrong. Secrets are masked in whatever it says."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from textwrap import shorten

from shared.logs import redact

LONGEST = 400  # characters of a sentence


class Status(StrEnum):
    """How bad it is: only `fail` keeps a system from doing its work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found. `remedy` says what to do, and is empty where there is nothing to do."""

    name: str
    status: Status
    sentence: str
    remedy: str = ""


Check = Callable[[], Iterable[Finding]]


def ok(name: str, sentence: str) -> Finding:
    """It is as it should be."""
    return Finding(name, Status.OK, clean(sentence))


def warn(name: str, sentence: str, remedy: str) -> Finding:
    """It works, and could be better."""
    return Finding(name, Status.WARN, clean(sentence), clean(remedy))


def fail(name: str, sentence: str, remedy: str) -> Finding:
    """It cannot work like this."""
    return Finding(name, Status.FAIL, clean(sentence), clean(remedy))


def skipped(name: str, sentence: str) -> Finding:
    """It was not looked at; the sentence says why."""
    return Finding(name, Status.SKIPPED, clean(sentence))


def clean(text: str) -> str:
    """One line of bounded length without secrets, and without what would command a terminal."""
    printable = "".join(character if character.isprintable() else " " for character in redact(text))
    return shorten(printable, LONGEST, placeholder=" ...")
