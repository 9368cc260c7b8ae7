"""How an owner's fetcher ended, in a word and without a secret: what its child would say."""

from datetime import timedelta
from pathlib import Path

import pytest

from shared.vendors.fetcher import NamedFetcher
from shared.vendors.fetcher_child import outcome
from tests.builders import NOON

KEYS = {"ak": "s3cret-ak-4711", "fileToken": "s3cret-token-4711", "region": "1"}


def said(target: Path, does: str, name: str = "tests.fetchers:fetch", **fields: str) -> tuple[str, str]:
    told = {
        "descriptor": {**KEYS, **fields, "does": does},
        "start": NOON.isoformat(),
        "end": (NOON + timedelta(hours=1)).isoformat(),
        "target": str(target),
    }
    return outcome(NamedFetcher(name, "MY_FETCHER"), told)


def test_one_that_writes_its_file_is_done(tmp_path):
    assert said(tmp_path / "video", "write", content="a video") == ("done", "")
    assert (tmp_path / "video").read_text() == "a video"


@pytest.mark.parametrize(
    ("does", "how", "detail"),
    [
        ("gone", "gone", "media-gone: 404"),
        ("refused", "refused", "no-such-thing: it never was"),
        ("flow", "flow", "flow-spent: FL1004"),
        ("away", "away", "library: no route"),
        ("failed", "failed", "library: error 7"),
        ("betray", "failed", "library: <address> said no to <secret>"),
        ("break", "failed", "ValueError in line"),
        ("exit", "failed", "SystemExit in line"),
        ("misconfigured", "unfit", "the library's licence is missing"),
    ],
)
def test_what_it_raises_is_told_in_one_word_and_without_a_secret(tmp_path, does, how, detail):
    found = said(tmp_path / "video", does)
    assert found[0] == how
    assert found[1].startswith(detail)
    assert "s3cret" not in found[1]


def test_one_that_cannot_be_loaded_is_unfit_and_says_which_setting_is_wrong(tmp_path):
    how, detail = said(tmp_path / "video", "write", name="no_such_module_of_mine:fetch")
    assert how == "unfit"
    assert detail.startswith("MY_FETCHER: no_such_module_of_mine cannot be imported")
