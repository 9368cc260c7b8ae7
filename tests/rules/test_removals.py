"""Each rule of the platform's table is taken out of a copy of the code, and its test is seen red there. `make rules` runs it."""

import sys
import time
from pathlib import Path

import pytest

from tests.rules.removal import Removal, red_without
from tests.rules.table import RULES

CASES = [(rule.number, shown.test, shown.removal) for rule in RULES for shown in rule.shown if shown.removal]


@pytest.mark.rules
@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("number", "test", "removal"), CASES, ids=[f"{number}-{test}" for number, test, _ in CASES]
)
def test_without_its_rule_a_test_is_red(number: int, test: str, removal: Removal, tmp_path: Path) -> None:
    began = time.monotonic()
    red_without(removal, test, tmp_path)
    sys.stdout.write(f"\nrule {number:2} {test}: red after {time.monotonic() - began:.0f} s")
