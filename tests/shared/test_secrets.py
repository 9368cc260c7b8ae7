"""A secret that others know, or would find out, is refused before anything starts, and no error repeats it."""

import secrets as chance

import pytest

from shared import secrets
from shared.errors import Misconfigured
from tests.builders import some_settings

KEY = "f3f0c1f6a0b84d5e9a77c2d1e8b64c0f"
TOKEN = "Vq8mZt4Lr1Xw9Kdy"
LEAST = {"SECRET_KEY": 32, "ADMIN_TOKEN": 16}


def words_of(setting: str, value: str) -> str:
    """What is said against the value of a setting; nothing when it is taken."""
    try:
        some_settings(**{setting: value})
    except Misconfigured as error:
        name, _, words = error.detail.partition(": ")
        return words if name == setting else f"of {name}, not of {setting}"
    return ""


@pytest.mark.parametrize("setting", LEAST)
def test_a_short_secret_is_refused_and_one_of_the_least_length_is_not(setting):
    whole = chance.token_urlsafe(64)[: LEAST[setting]]
    assert words_of(setting, whole) == ""
    assert f"needs at least {LEAST[setting]}" in words_of(setting, whole[1:])


@pytest.mark.parametrize(
    "value",
    [
        "changeme-changeme-now-0123456789", "please-CHANGE_ME-to-something-long", "changethis1234567890abcdefghijkl",
        "your-secret-key-goes-right-here-ok", "replace-with-a-long-random-string", "an insecure key of 32 characters",
        "django-insecure-a8d7f6g5h4j3k2l1", "the example of the documentation", "password-password-1234-password!",
        "super-secret-super-long-and-known", "placeholder.placeholder.0123456789",
    ],
)  # fmt: skip
@pytest.mark.parametrize("setting", LEAST)
def test_a_placeholder_is_refused_however_long(setting, value):
    assert "is a placeholder" in words_of(setting, value)


@pytest.mark.parametrize(
    "value", ["a" * 64, "0" * 32, "ab" * 20, "secretsecretsecretsecretsecretse", "0123456789" * 4]
)
@pytest.mark.parametrize("setting", LEAST)
def test_what_repeats_itself_is_refused(setting, value):
    assert "repeats itself" in words_of(setting, value)


@pytest.mark.parametrize("setting", LEAST)
def test_each_of_several_is_judged_and_the_culprit_is_named_by_its_number(setting):
    good = KEY
    assert words_of(setting, f"{good}, {good[::-1]}") == ""
    assert "number 2 of 3 has 5 characters" in words_of(setting, f"{good}, short, {good[::-1]}")
    assert "number 1 of 2 is a placeholder" in words_of(setting, f"changeme-{good},{good}")


@pytest.mark.parametrize("value", ["hunter2", "changeme-hunter2-hunter2-hunter2-x", "hunter2" * 8])
def test_a_refusal_does_not_repeat_the_secret(value):
    assert "hunter2" not in words_of("SECRET_KEY", value)


def test_what_chance_makes_is_always_taken():
    for _ in range(2000):
        for made in (chance.token_hex(16), chance.token_urlsafe(32), chance.token_hex(32)):
            assert not secrets.unfit(made, 32), made


@pytest.mark.parametrize("setting", LEAST)
def test_commas_alone_are_none(setting):
    settings = some_settings(**{setting: " , ,"})
    assert (settings.secret_key, settings.admin_token) == ("", "")


def test_what_stands_in_the_example_is_no_secret():
    assert [words_of(setting, "") for setting in LEAST] == ["", ""]


@pytest.mark.parametrize("name", [secrets.ADMIN_TOKEN, secrets.SECRET_KEY])
def test_a_secret_in_a_file_is_judged_alike_and_its_file_and_setting_are_named(tmp_path, name):
    (tmp_path / name).write_text("changeme\n")
    with pytest.raises(Misconfigured) as trouble:
        secrets.load_or_create(tmp_path, name)
    assert str(tmp_path / name) in trouble.value.detail
    assert LEAST.keys() & set(trouble.value.detail.replace("(", " ").replace(")", " ").split())
    assert "changeme" not in trouble.value.detail


def test_a_file_may_hold_several(tmp_path):
    (tmp_path / secrets.SECRET_KEY).write_text(f"{KEY},{KEY[::-1]}\n")
    assert secrets.load(tmp_path, secrets.SECRET_KEY) == f"{KEY},{KEY[::-1]}"
