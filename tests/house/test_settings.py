"""Every setting stands in .env.example, with the default that is in force without it."""

import re
from dataclasses import Field, fields
from pathlib import Path

import pytest

from shared.settings import Settings
from shared.vendors import load

ROOT = Path(__file__).parent.parent.parent
LINES = (ROOT / ".env.example").read_text("utf-8").splitlines()
SHOWN = {match[1]: match[2] for line in LINES if (match := re.fullmatch(r"#?([A-Z][A-Z0-9_]*)=(.*)", line))}
FOLDERS = sorted(path.parent.name for path in (ROOT / "shared/vendors").glob("*/__init__.py"))


def declared() -> list[tuple[str, Field]]:
    """Every field of every settings dataclass that is for owners, with the name of the dataclass."""
    owners = [Settings, *(vendor.settings for vendor in load(FOLDERS).values())]
    own = [(owner.__name__, each) for owner in owners for each in fields(owner)]
    return [(owner, each) for owner, each in own if not each.metadata["internal"]]


DECLARED = declared()


@pytest.mark.parametrize(
    ("owner", "each"), DECLARED, ids=[f"{owner}.{each.metadata['env']}" for owner, each in DECLARED]
)
def test_a_setting_is_shown_with_its_default(owner, each):
    env, default, parse = (each.metadata[key] for key in ("env", "default", "parse"))
    assert env in SHOWN, f"{owner}: .env.example does not show {env}"
    assert _read(SHOWN[env], parse) == _read(default, parse)


def _read(text, parse):
    """Empty stands for nothing, as in the one reader of settings."""
    return parse(text) if text else ""


def test_a_setting_that_two_declare_has_one_default():
    defaults = {(each.metadata["env"], each.metadata["default"]) for _, each in DECLARED}
    assert len(defaults) == len({env for env, _ in defaults})


def test_only_settings_that_somebody_reads_are_shown():
    assert SHOWN.keys() - {each.metadata["env"] for _, each in DECLARED} == set()


def test_a_setting_is_shown_once():
    names = [match[1] for line in LINES if (match := re.match(r"#?([A-Z][A-Z0-9_]*)=", line))]
    assert len(names) == len(set(names))


def test_every_setting_says_what_it_means():
    assert all(each.metadata["meaning"] for _, each in DECLARED)
