"""Every code that can become a reason has its words in the one published list."""

import ast
import fnmatch
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.domain.reasons import REASONS, listing

ROOT = Path(__file__).parent.parent.parent
CODE = re.compile(r"[a-z]+(-[a-z0-9]+)*")
SAY_WHY = {
    "AnswerUnknown",
    "Conflict",
    "Gone",
    "Invalid",
    "Late",
    "Misconfigured",
    "Nothing",
    "Postponed",
    "Refused",
    "Transient",
    "_meaning",
    "doubted",
}  # what reaches a job
TOLD_TO_PEOPLE = {  # no job ever has them: they end a start, refuse a wish of an operator, or answer a callback
    "archive-foreign",
    "bad-setting",
    "callback-unreadable",
    "cameras-file",
    "media-allow-unreadable",
    "media-rewrite-unreadable",
    "no-redis",
    "same-database",
    "unknown-vendor",
    "window-empty",
    "window-in-the-future",
    "window-too-long",
}
RULES = sorted((ROOT / "shared/domain/rules").glob("*.py"))
FOLDERS = ("shared/domain", "shared/adapters", "shared/vendors", "worker")
SPEAKERS = [
    *(ROOT / "shared" / name for name in ("ledger.py", "wishes.py")),
    *sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")),
]


def words_of(tree: ast.AST) -> Iterator[str]:
    """Every text that looks like a code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
            yield node.value


def said_in(path: Path) -> Iterator[str]:
    """The first argument of whatever says why, as far as it is written in the same file."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in SAY_WHY:
                yield from codes_of(node.args[0], tree)


def codes_of(said: ast.expr, tree: ast.AST) -> Iterator[str]:
    """The codes that an expression may be: a variable is all that it is ever set to, what varies in a text is a `*`."""
    if isinstance(said, ast.JoinedStr):
        yield "".join(part.value if isinstance(part, ast.Constant) else "*" for part in said.values)
    elif isinstance(said, ast.Name):
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and said.id in [getattr(to, "id", "") for to in node.targets]:
                yield from words_of(node.value)
    else:
        yield from words_of(said)


def test_every_code_of_the_rules_has_words():
    used = {word for path in RULES for word in words_of(ast.parse(path.read_text("utf-8")))}
    assert len(used) > 15
    assert used - REASONS.keys() == set()


@pytest.mark.parametrize("path", SPEAKERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_code_that_is_said_elsewhere_has_words(path):
    without = {code for code in said_in(path) if not fnmatch.filter(REASONS, code)}
    assert without - TOLD_TO_PEOPLE == set()


def test_codes_are_seen_through_variables_and_parts_that_vary():
    assert {"no-space", "archive-unwritable"} <= set(said_in(ROOT / "shared/adapters/disk.py"))
    assert "media-http-*xx" in set(said_in(ROOT / "shared/adapters/http_media.py"))


@pytest.mark.parametrize("code", REASONS)
def test_words_can_stand_in_a_sentence(code):
    said = REASONS[code]
    assert CODE.fullmatch(code)
    assert said[0].islower()
    assert said[-1] not in ".:;, "


def test_the_published_list_is_the_one_in_the_code():
    assert (ROOT / "docs/reasons.md").read_text("utf-8") == listing(), "run `make docs`"
