"""Callback tokens: good for one attempt of one job of one vendor, for as long as the secret is among those in force."""

import pytest

from shared.signing import CALLBACKS, SESSIONS, Keys, callback_token, read_callback_token, same_secret

KEYS = Keys(("secret",))
JOB = "01jtest0000000000000000042"
OTHER = "01jtest0000000000000000043"
TOKEN = callback_token(KEYS, "cloud", JOB, 3)


def test_a_token_names_its_job_and_attempt():
    assert read_callback_token(KEYS, "cloud", TOKEN) == (JOB, 3)


def test_a_token_is_safe_in_a_path_and_parts_cleanly():
    assert TOKEN.replace("-", "").replace("_", "").isalnum()
    assert TOKEN.split("-")[:2] == [JOB, "3"]
    assert len(TOKEN.split("-")) == 3


def test_a_token_is_of_no_use_at_another_vendor():
    assert read_callback_token(KEYS, "recorder", TOKEN) is None


@pytest.mark.parametrize(
    "forged",
    [
        TOKEN.replace("-3-", "-4-"),
        TOKEN.replace("-3-", "-33-"),
        TOKEN.replace("-3-", "-03-"),
        TOKEN.replace("-3-", "-0-"),
        TOKEN.replace("-3-", "--3-"),
        TOKEN.replace("-3-", "-٣-"),
        TOKEN.replace(JOB, OTHER),
        TOKEN.replace(JOB, JOB.upper()),
        TOKEN[:-1],
        TOKEN[1:],
        TOKEN + "a",
        TOKEN + "\n",
        " " + TOKEN,
        TOKEN[:-1] + ("a" if TOKEN[-1] != "a" else "b"),
        TOKEN.rsplit("-", 1)[0] + "-" + "_" * 32,
        f"{JOB}-3",
        f"{JOB}-3-",
        "",
        "-" * 60,
        "\x00",
        "a" * 10_000,
    ],
)
def test_a_token_that_was_tampered_with_is_for_nothing(forged):
    assert read_callback_token(KEYS, "cloud", forged) is None


def test_tokens_of_several_attempts_and_jobs_differ_in_more_than_their_names():
    tokens = [callback_token(KEYS, "cloud", job, attempt) for job in (JOB, OTHER) for attempt in (1, 2)]
    assert len({token.rsplit("-", 1)[1] for token in tokens}) == 4


def test_after_a_rotation_the_first_secret_signs_and_both_are_believed():
    rotated = Keys(("new", "secret"))
    fresh = callback_token(rotated, "cloud", JOB, 3)
    assert fresh != TOKEN
    assert fresh == callback_token(Keys(("new",)), "cloud", JOB, 3)
    assert (
        read_callback_token(rotated, "cloud", TOKEN)
        == read_callback_token(rotated, "cloud", fresh)
        == (JOB, 3)
    )
    assert read_callback_token(KEYS, "cloud", fresh) is None


def test_a_secret_that_was_retired_is_not_believed():
    assert read_callback_token(Keys(("new",)), "cloud", TOKEN) is None


def test_a_key_for_one_purpose_is_of_no_use_for_another():
    assert KEYS.derived(CALLBACKS) != KEYS.derived(SESSIONS)


def test_keys_do_not_show_their_secrets():
    assert "secret" not in repr(Keys(("hunter2",))).replace("secrets", "")
    assert "hunter2" not in repr(Keys(("hunter2",)))


@pytest.mark.parametrize(("left", "right"), [("a", "a"), ("", ""), ("ключ", "ключ")])
def test_the_same_secret_is_the_same(left, right):
    assert same_secret(left, right)


@pytest.mark.parametrize(("left", "right"), [("a", "b"), ("a", "aa"), ("", "a"), ("a", "A")])
def test_another_secret_is_not(left, right):
    assert not same_secret(left, right)
