"""Assembling the real world: job state and doorbells never share a database, and what cannot be served says so."""

from pathlib import Path
from urllib.parse import quote

import pytest
from kombu import Connection

from shared.adapters.media_allow import MediaAllow
from shared.adapters.redis_address import broker_place, servers, state_place
from shared.errors import Misconfigured, Transient
from shared.settings import Settings, Source, read
from shared.vendors import load
from shared.wiring import archive, broker_url, build, media_allow, media_guard, state_client
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


@pytest.mark.parametrize(
    ("state", "broker", "found"),
    [
        ("unix:///run/r.sock", "redis+socket:///run/r.sock?virtual_host=1", set()),
        ("redis://h", "redis://h/1", {("h", 6379)}),
        ("redis://:p@H:7/2", "amqp://me:p@localhost//", {("h", 7), ("127.0.0.1", 5672)}),
        ("rediss://localhost", "amqps://b:9;amqp://c", {("127.0.0.1", 6379), ("b", 9), ("c", 5672)}),
        ("redis://[::1]:7", "memory://", {("::1", 7)}),
    ],
)
def test_the_servers_that_remember_for_us_are_known_by_host_and_port(state, broker, found):
    assert servers(state, broker) == found


def test_no_vendors_address_may_lead_to_our_page_or_to_redis(tmp_path: Path) -> None:
    settings = some_settings(
        REDIS_URL="redis://localhost:6390",
        CELERY_BROKER_URL="amqp://127.0.0.1",
        PORT="8765",
        CALLBACK_BIND="0.0.0.0:8764",
    )
    guard = media_guard(settings, MediaAllow.parse("127.0.0.1"))
    for port in (8765, 8764, 6390, 5672):
        with pytest.raises(Transient) as trouble:
            guard.passed(f"http://127.0.0.1:{port}/")
        assert "our own" in trouble.value.detail
    assert guard.passed("http://127.0.0.1:8766/").at == ("127.0.0.1",)


def test_where_nothing_is_named_the_vendors_own_hosts_are_on_any_port() -> None:
    where = Source({"SMS_BASE_URL": "http://[fd00::5]:9000/api"}, {}, Path())
    own = {name: read(vendor.settings, where) for name, vendor in load(("sms", "imou")).items()}
    assert media_allow(some_settings(), own).text == "[fd00::5],openapi.lechange.cn"
    assert (
        media_allow(some_settings(MEDIA_ALLOW="a.example , b.example:80"), own).text
        == "a.example,b.example:80"
    )


@pytest.mark.parametrize("name", ["MEDIA_ALLOW", "MEDIA_REWRITE"])
def test_what_cannot_be_read_of_the_media_settings_ends_the_start_with_one_clear_line(
    tmp_path: Path, name: str
) -> None:
    environ = {"REDIS_URL": "redis://127.0.0.1:1/0", name: "what is this"}
    with pytest.raises(Misconfigured) as trouble:
        build(where=Source(environ, {}, tmp_path))
    assert trouble.value.detail.startswith(f"{name}: 'what is this' is no")


def test_hosts_are_rewritten_as_the_setting_says() -> None:
    settings = some_settings(REDIS_URL="unix:///run/r.sock", MEDIA_REWRITE="10.0.0.1=127.0.0.1:81")
    assert (
        media_guard(settings, MediaAllow.parse("127.0.0.1")).passed("http://10.0.0.1/x").url
        == "http://127.0.0.1:81/x"
    )
