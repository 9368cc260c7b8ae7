"""A vendor's name, codes and fields stand in its folder, its payloads and its simulator, and nowhere else in the code.

Words are looked for in names of every style: `SmsSettings` and `SMS_TOKEN` hold the word `sms`, `mechanisms` does not.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
WORDS = (
    "imou",
    "lechange",
    "sms",
    "smsload",
    "om agent",
    "gb28181",
    "device unicode",
    "platfrom",
    "linker sign",
    "file url",
    "download progress",
    "condensed record",
    "app secret",
)
PATTERN = re.compile(rf"(?<![a-z])({'|'.join(WORDS)})s?(?![a-z])")
ALLOWED = {("shared/settings.py", "sms"), ("shared/settings.py", "imou")}  # the default of VENDORS
FILES = sorted(
    path
    for pattern in (
        "shared/*.py",
        "shared/domain/**/*.py",
        "shared/adapters/**/*.py",
        "shared/adapters/**/*.lua",
        "shared/schemas/**/*.py",
        "worker/**/*.py",
        "webhook/**/*.py",
        "webhook/**/*.html",
        "webhook/**/*.js",
    )
    for path in ROOT.glob(pattern)
)


def vendor_words(text: str) -> set[str]:
    """The vendors' words in a text, whatever the style of its names."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    return {match[1] for match in PATTERN.finditer(re.sub(r"[\s_-]+", " ", parted).lower())}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_vendor_is_named_outside_its_folder(path):
    name = str(path.relative_to(ROOT))
    found = {word for word in vendor_words(path.read_text("utf-8")) if (name, word) not in ALLOWED}
    assert found == set()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("class SmsSettings:", "sms"),
        ("SMS_TOKEN", "sms"),
        ("the sms platform", "sms"),
        ('body["fileUrl"]', "file url"),
        ("device_unicode", "device unicode"),
        ("https://openapi.lechange.cn", "lechange"),
        ("getCondensedRecords", "condensed record"),
        ("linker-sign", "linker sign"),
    ],
)
def test_a_word_is_found_in_every_style(text, word):
    assert word in vendor_words(text)


@pytest.mark.parametrize("text", ["mechanisms", "the profile's URL", "transmission", "smsx", "limousine"])
def test_a_word_inside_another_is_none(text):
    assert vendor_words(text) == set()
