"""The plug-in point for an owner's own code that brings a record's video: found by its name, or said plainly why not."""

import sys
from datetime import timedelta
from pathlib import Path

import pytest

from shared.domain.job import Window
from shared.errors import Gone, Misconfigured
from shared.settings import Source, read
from shared.vendors import load
from shared.vendors.fetcher import NamedFetcher
from tests.builders import NOON

OWNERS = """
from shared.errors import Gone

def fetch(descriptor, window, target):
    if "recordPath" not in descriptor:
        raise Gone("media-gone", "no path")
    target.write_text(f"{descriptor['recordPath']} {window.length.total_seconds():g}")

NOT_ONE = 7
"""
HOUR = Window(NOON, NOON + timedelta(hours=1))


@pytest.fixture
def owners(tmp_path: Path):
    (tmp_path / "owners_fetcher.py").write_text(OWNERS)
    (tmp_path / "owners_broken.py").write_text("import a_library_that_is_not_installed")
    sys.path.insert(0, str(tmp_path))
    yield tmp_path
    sys.path.remove(str(tmp_path))
    sys.modules.pop("owners_fetcher", None)


def the_vendors(name: str):
    imou = load(["imou"])["imou"]
    return imou.fetcher(read(imou.settings, Source({"IMOU_MEDIA_FETCHER": name}, {}, Path("/nowhere"))))


def test_a_function_that_is_named_is_found_and_brings_a_file(owners):
    fetch = the_vendors("owners_fetcher:fetch").load()
    fetch({"recordPath": "p"}, HOUR, owners / "video")
    assert (owners / "video").read_text() == "p 3600"
    with pytest.raises(Gone):
        fetch({}, HOUR, owners / "other")


def test_none_is_set_by_default():
    assert the_vendors("").name == ""


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("no_such_module_of_mine:fetch", "no_such_module_of_mine cannot be imported: ModuleNotFoundError"),
        ("owners_broken:fetch", "a_library_that_is_not_installed"),
        ("owners_fetcher:other", "owners_fetcher has no other"),
        ("owners_fetcher:NOT_ONE", "cannot be called"),
    ],
)
def test_one_that_cannot_be_loaded_says_which_setting_is_wrong_and_why(owners, name, what):
    with pytest.raises(Misconfigured) as caught:
        NamedFetcher(name, "IMOU_MEDIA_FETCHER").load()
    assert caught.value.detail.startswith("IMOU_MEDIA_FETCHER: ")
    assert what in caught.value.detail


@pytest.mark.parametrize(
    "name", ["module", "module:", ":function", "a b:c", "os;x:y", "../m:f", "m:f:g", "1m:f"]
)
def test_a_name_of_another_form_is_refused_when_settings_are_read(name):
    with pytest.raises(Misconfigured, match=r"IMOU_MEDIA_FETCHER.*package\.module:function"):
        the_vendors(name)
