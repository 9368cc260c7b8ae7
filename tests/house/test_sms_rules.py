"""The table of the platform's 25 rules tells the truth: its tests exist, its removals still fit, its switches are real."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from gleaner.sandbox.switches import Switches
from tests.rules.table import RULES, page

ROOT = Path(__file__).parent.parent.parent
SHOWN = [shown for rule in RULES for shown in rule.shown]


def test_the_rules_are_twenty_five_and_each_is_shown():
    assert [rule.number for rule in RULES] == list(range(1, 26))
    assert all(rule.shown for rule in RULES)


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: shown.test)
def test_each_test_of_the_table_exists(shown):
    file, _, name = shown.test.partition("::")
    text = (ROOT / file).read_text("utf-8")
    plain, _, case = name.partition("[")
    assert not plain or f"def {plain}(" in text
    assert case.rstrip("]") in text


@pytest.mark.parametrize("shown", [each for each in SHOWN if each.removal], ids=lambda shown: shown.test)
def test_each_rule_that_can_be_taken_out_still_stands_in_the_code_once(shown):
    assert shown.removal.fits(), shown.removal.rule


def test_each_switch_of_the_table_is_one_of_the_sandbox():
    names = {each.partition("=")[0] for rule in RULES for each in rule.switches if not each.startswith("--")}
    assert names <= {each.name for each in fields(Switches)}


def test_every_switch_of_the_platform_is_thrown_by_a_test():
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    thrown = set(re.findall(r"(\w+)(?:\": |=)", tests))
    assert {each.name for each in fields(Switches)} - thrown == set()


def test_the_page_is_drawn_from_the_table():
    assert (ROOT / "docs" / "sms-rules.md").read_text("utf-8") == "\n".join(page())
