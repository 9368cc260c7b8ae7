"""No secret is compared by `==` or `in`, which end at the first difference and so tell how much of a guess was right."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PARTS = ("webhook", "worker", "shared", "gleaner")
SECRET = re.compile(
    r"(^|_)(tokens?|secrets?|macs?|hmacs?|passwords?|fingerprints?|signatures?|bearer|secret_keys?)$"
)
# The sandbox plays vendors, whose tokens open nothing.
PLAYED = "gleaner/sandbox/"
# Compared in the owner's own process before it starts, with no stranger there to measure.
ALONE = {("shared/secrets.py", "secret == (piece * len(secret))[:len(secret)]")}


def compared(tree: ast.AST) -> Iterator[str]:
    """Every comparison in which something is called like a secret, unless the other side is a constant."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        equal = any(isinstance(op, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for op in node.ops)
        constant = any(isinstance(side, ast.Constant) for side in sides)
        if equal and not constant and any(SECRET.search(name_of(side)) for side in sides):
            yield ast.unparse(node)


def name_of(side: ast.expr) -> str:
    """The last word of what stands there: `services().admin_tokens[0]` is `admin_tokens`."""
    match side:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=inner) | ast.Subscript(value=inner):
            return name_of(inner)
    return ""


def test_no_secret_is_compared_but_in_constant_time():
    found = {
        (path.relative_to(ROOT).as_posix(), said)
        for part in PARTS
        for path in (ROOT / part).rglob("*.py")
        if not path.relative_to(ROOT).as_posix().startswith(PLAYED)
        for said in compared(ast.parse(path.read_text("utf-8")))
    }
    assert found == ALONE


@pytest.mark.parametrize(
    "line",
    [
        "token == given", "given != self.admin_tokens[0]", "given in services().admin_tokens", "_mac(key, said) == mac",
        "opened_by not in (_fingerprint(each) for each in known) or _fingerprint(one) == opened_by",
    ],
)  # fmt: skip
def test_such_a_comparison_is_found(line):
    assert len(list(compared(ast.parse(line)))) == 1


@pytest.mark.parametrize(
    "line", ['token == ""', "token is None", "same_secret(token, given)", "sha256 == other"]
)
def test_others_are_not(line):
    assert not list(compared(ast.parse(line)))
