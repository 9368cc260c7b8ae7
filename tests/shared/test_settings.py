"""Settings are read once, from the environment, then `.env`, then the default, and errors name the variable."""

from datetime import timedelta
from pathlib import Path

import pytest

from shared.errors import Misconfigured
from shared.settings import SIMULATED, Settings, Source, read


def _read(environ: dict[str, str] | None = None, dotenv: dict[str, str] | None = None) -> Settings:
    return read(Settings, Source(environ or {}, dotenv or {}, Path("/base")))


def test_the_environment_comes_before_the_file_and_the_file_before_the_default():
    assert _read({"PORT": "1"}, {"PORT": "2"}).port == 1
    assert _read({}, {"PORT": "2"}).port == 2
    assert _read().port == 8000
    assert _read({"PORT": ""}, {"PORT": "2"}).port == 2


def test_relative_paths_are_meant_from_where_the_file_lies():
    assert _read({"GLEANER_HOME": "there"}).home == Path("/base/there")
    assert _read({"GLEANER_HOME": "/there"}).home == Path("/there")
    assert _read({"SPOOL_DIR": "there"}).spool_dir == Path("/base/there")
    assert _read({"SPOOL_DIR": ""}).spool_dir is None


def test_what_one_process_tells_another_is_a_setting_like_any():
    assert not _read().simulated
    assert _read({SIMULATED: "1"}).simulated


@pytest.mark.parametrize(
    "address",
    [
        "http://",
        "http://exa mple",
        "http://example/a b",
        "http://:80",
        "http://x:eighty",
        "http://x:0",
        "http://[x",
    ],
)
def test_an_address_without_a_host_or_with_blanks_is_refused_at_the_start(address):
    for name in ("PUBLIC_URL", "GLEANER_URL"):
        with pytest.raises(Misconfigured, match=name):
            _read({name: address})


@pytest.mark.parametrize(
    ("text", "length"),
    [("90", 90), ("0.5", 0.5), ("7 days", 604800), ("2h", 7200), ("3m", 180), ("1d", 86400), ("4s", 4)],
)
def test_lengths_of_time_are_seconds_unless_they_say_otherwise(text, length):
    assert _read({"CALLBACK_SILENCE": text}).silence == timedelta(seconds=length)


@pytest.mark.parametrize(("text", "size"), [("5GB", 5 * 10**9), ("64 mb", 64 * 10**6), ("12", 12)])
def test_sizes_may_name_their_unit(text, size):
    assert _read({"SPACE_RESERVE": text}).space_reserve == size


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"), ("PORT", "0"), ("PORT", "70000"), ("SWEEP_EVERY", "often"), ("SWEEP_EVERY", "-1"),
        ("SWEEP_EVERY", "nan"), ("SWEEP_EVERY", "0"), ("SWEEP_EVERY", "0.09"), ("SWEEP_EVERY", "inf"), ("LEASE_SECONDS", "0"), ("SUBMIT_TIMEOUT", "0"), ("CALLBACK_SILENCE", "0"), ("RETRIES", "0"), ("SPACE_RESERVE", "much"),
        ("PUBLIC_URL", "ftp://x"), ("LOG_FORMAT", "xml"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_read_names_its_variable(name, value):
    with pytest.raises(Misconfigured) as trouble:
        _read({name: value})
    assert trouble.value.detail.startswith(f"{name}: ")


def test_secrets_do_not_show_in_a_repr():
    settings = _read(
        {
            "ADMIN_TOKEN": "hunter2-opens-doors",
            "SECRET_KEY": "hunter2-from-which-all-keys-are-made",
            "REDIS_URL": "redis://:hunter2@h",
        }
    )
    assert "hunter2" not in repr(settings)
