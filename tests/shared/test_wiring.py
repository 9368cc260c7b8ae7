"""Assembling the real world: job state and doorbells never share a database, and what cannot be served says so."""

from pathlib import Path
from urllib.parse import quote

import pytest
from kombu import Connection

from shared.adapters.redis_address import broker_place, state_place
from shared.errors import Misconfigured
from shared.settings import Settings, Source, read
from shared.wiring import archive, broker_url, build, state_client
from tests.builders import some_settings


@pytest.mark.parametrize(
    ("state", "broker"),
    [
        ("redis://h", "redis://h/1"),
        ("redis://h/3", "redis://h/4"),
        ("redis://h?db=1", "redis://h/2"),
        ("redis://h:7/5?db=1&socket_timeout=3", "redis://h:7/2"),
        ("redis://user:p%40ss@[::1]:7/0", "redis://user:p%40ss@[::1]:7/1"),
        ("redis://h?password=p%2Fs", "redis://:p%2Fs@h/1"),
        ("rediss://h/0", "rediss://h/1?ssl_cert_reqs=required"),
        ("rediss://h/0?ssl_cert_reqs=none", "rediss://h/1?ssl_cert_reqs=none"),
        ("unix:///run/r.sock", "redis+socket:///run/r.sock?virtual_host=1"),
        ("unix:///run/r.sock?password=x&db=1", "redis+socket://:x@/run/r.sock?virtual_host=2"),
        ("unix://me:x%3A@/run/a%20b?db=0", "redis+socket://me:x%3A@/run/a%20b?virtual_host=1"),
    ],
)
def test_the_broker_is_the_next_database_of_the_same_server(state, broker):
    settings = some_settings(REDIS_URL=state)
    assert broker_url(settings) == broker
    here, there = state_place(state), broker_place(broker)
    assert there == here._replace(database=here.database + 1)
    assert Connection(broker).hostname


@pytest.mark.parametrize(
    ("state", "broker"),
    [
        ("redis://h", "redis://h"),
        ("redis://localhost/2", "rediss://:secret@127.0.0.1:6379/2"),
        ("redis://h?db=1", "redis://H/1"),
        ("unix:///run/r.sock?db=1", "redis+socket:///run/r.sock?virtual_host=1"),
        ("unix:///run/r.sock", "redis+socket:///run/r.sock"),
    ],
)
def test_a_broker_in_the_database_of_the_state_is_refused(state, broker):
    with pytest.raises(Misconfigured) as trouble:
        broker_url(some_settings(REDIS_URL=state, CELERY_BROKER_URL=broker))
    assert trouble.value.code == "same-database"
    assert "secret" not in trouble.value.detail


@pytest.mark.parametrize(
    "broker", ["redis://h/1", "redis://other/0", "amqp://h//", "redis+socket:///run/r.sock"]
)
def test_any_other_broker_is_taken_as_it_is(broker):
    assert broker_url(some_settings(REDIS_URL="redis://h/0", CELERY_BROKER_URL=broker)) == broker


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("redis+sentinel://a:1,b:2/main/0", "arrives later"),
        ("http://hunter2", "must be redis://"),
        ("redis://user:hunter2", "must be redis://"),
        ("redis://h?db=hunter2", "must be redis://"),
        ("unix://?db=1", "must be redis://"),
    ],
)
def test_an_address_of_the_state_that_cannot_be_served_is_one_clear_line(url, words):
    settings = some_settings(REDIS_URL=url)
    for assemble in (broker_url, state_client):
        with pytest.raises(Misconfigured) as trouble:
            assemble(settings)
        assert trouble.value.detail.startswith("REDIS_URL: ")
        assert words in trouble.value.detail
        assert "hunter2" not in str(trouble.value)


def test_an_archive_lies_where_its_address_says_even_with_blanks(tmp_path):
    for name, url in (("a b%", ""), ("c d", f"file://{quote(str(tmp_path / 'c d'))}")):
        archive(some_settings(GLEANER_HOME=str(tmp_path / name), ARCHIVE_URL=url))
    assert (tmp_path / "a b%/archive/.gleaner-archive").exists()
    assert (tmp_path / "c d/.gleaner-archive").exists()


def test_services_are_built_of_one_source_alone(tmp_path: Path) -> None:
    environ = {"REDIS_URL": "redis://127.0.0.1:1/0", "GLEANER_SIMULATED": "1"}
    where = Source(environ, {}, tmp_path)
    assert build(where=where).simulated
    assert not build(
        read(Settings, Source({"REDIS_URL": "redis://127.0.0.1:1/0"}, {}, tmp_path)), where
    ).simulated


def test_an_archives_id_that_a_kill_left_unwritten_is_written_again(tmp_path: Path) -> None:
    settings = read(Settings, Source({"REDIS_URL": "redis://127.0.0.1:1/0"}, {}, tmp_path))
    opened = archive(settings)
    known = settings.home / "archive-id"
    known.write_text("")
    assert archive(settings).id == opened.id
    assert known.read_text().strip() == opened.id
