"""Every code that can become a reason has its words in the one published list."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.domain.reasons import REASONS, listing

ROOT = Path(__file__).parent.parent.parent
CODE = re.compile(r"[a-z]+(-[a-z0-9]+)*")
SAY_WHY = {
    "AnswerUnknown",
    "Gone",
    "Late",
    "Nothing",
    "Postponed",
    "Refused",
    "Transient",
}  # what reaches a job
TOLD_TO_PEOPLE = {"store-away", "store-contended"}  # no job ever has them: without a store nothing is written
RULES = sorted((ROOT / "shared/domain/rules").glob("*.py"))
SPEAKERS = sorted(
    path
    for folder in ("shared/domain", "shared/adapters", "shared/vendors", "worker")
    for path in (ROOT / folder).rglob("*.py")
)


def words_of(tree: ast.AST) -> Iterator[str]:
    """Every text that looks like a code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
            yield node.value


def said_in(path: Path) -> Iterator[str]:
    """The first argument of whatever says why, as far as it is written there."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and node.args:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in SAY_WHY and not isinstance(node.args[0], ast.JoinedStr):
                yield from words_of(node.args[0])


def test_every_code_of_the_rules_has_words():
    used = {word for path in RULES for word in words_of(ast.parse(path.read_text("utf-8")))}
    assert len(used) > 15
    assert used - REASONS.keys() == set()


@pytest.mark.parametrize("path", SPEAKERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_code_that_is_said_elsewhere_has_words(path):
    assert set(said_in(path)) - REASONS.keys() - TOLD_TO_PEOPLE == set()


@pytest.mark.parametrize("code", REASONS)
def test_words_can_stand_in_a_sentence(code):
    said = REASONS[code]
    assert CODE.fullmatch(code)
    assert said[0].islower()
    assert said[-1] not in ".:;, "


def test_the_published_list_is_the_one_in_the_code():
    assert (ROOT / "docs/reasons.md").read_text("utf-8") == listing(), "run `make docs`"
