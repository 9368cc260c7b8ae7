"""A door of their own for those who call: what is behind it, what is not, and what it is told by."""

from pathlib import Path

import pytest

from shared.errors import Misconfigured
from shared.networks import Bind, bind
from shared.settings import Settings, Source, read

HALF = {"streamId": "stream-1", "downloadProgress": 0.5}
PAGES, VENDORS = "8000", "8001"


def settings(**environ):
    return read(Settings, Source(environ, {}, Path("/nowhere")))


@pytest.fixture
def at(make_world):
    """Asks a world with CALLBACK_BIND for something at one of its ports."""
    world = make_world(settings=settings(CALLBACK_BIND="127.0.0.1:8001"))
    client, job = world.client(), world.preparing()
    known = {
        "CALLBACK": world.callback_path(job),
        "PUSH": world.services.push_url("imou").partition(":8000")[2],
    }

    def ask(port, method, path, **more):
        environ = {"SERVER_PORT": port}
        return client.open(known.get(path, path), method=method, environ_overrides=environ, **more)

    return ask


@pytest.mark.parametrize("path", ["CALLBACK", "PUSH"])
def test_vendors_are_heard_at_their_door_and_at_no_other(at, path):
    assert at(VENDORS, "POST", path, json=HALF).status_code == 200
    refused = at(PAGES, "POST", path, json=HALF)
    assert (refused.status_code, refused.json["code"]) == (404, "unknown-route")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/login",
        "/admin/jobs",
        "/admin/status",
        "/readyz",
        "/static/gleaner.css",
        "/assets/x",
        "/nothing",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_nothing_else_is_behind_the_vendors_door(at, path, method):
    refused = at(VENDORS, method, path)
    assert (refused.status_code, refused.json["code"]) == (404, "unknown-route")


def test_whether_it_lives_is_told_at_both(at):
    assert [at(port, "GET", "/healthz").status_code for port in (PAGES, VENDORS)] == [200, 200]


def test_pages_stay_where_they_were(at):
    assert at(PAGES, "GET", "/").status_code == 200


@pytest.mark.parametrize("host", ["localhost:8001", "localhost:8000", "evil.example"])
def test_the_name_by_which_it_was_called_opens_no_door(at, host):
    assert at(PAGES, "POST", "CALLBACK", json=HALF, headers={"Host": host}).status_code == 404
    assert at(VENDORS, "GET", "/", headers={"Host": host}).status_code == 404


def test_a_guess_at_the_vendors_door_looks_like_any_other(at):
    answers = [at(VENDORS, "POST", f"/callbacks{path}") for path in ("", "/", "/sms", "/sms/guess", "//x")]
    assert {(answer.status_code, answer.json["code"]) for answer in answers} == {(404, "unknown-callback")}


def test_without_the_setting_one_port_serves_all_of_it(world, stranger):
    for port in (PAGES, VENDORS):
        environ = {"SERVER_PORT": port}
        path = world.callback_path(world.preparing())
        assert stranger.post(path, json=HALF, environ_overrides=environ).status_code == 200
        assert stranger.get("/", environ_overrides=environ).status_code == 200


# -- the settings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "base"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"CALLBACK_BIND": "192.0.2.1:8001"}, "http://192.0.2.1:8001"),
        ({"CALLBACK_BIND": "0.0.0.0:8001"}, "http://127.0.0.1:8001"),
        ({"CALLBACK_BIND": "[2001:db8::1]:8001"}, "http://[2001:db8::1]:8001"),
        ({"CALLBACK_BIND": "192.0.2.1:8001", "PUBLIC_URL": "https://g.example"}, "https://g.example"),
    ],
)
def test_callback_addresses_are_made_of_the_door_unless_the_owner_says_better(environ, base):
    assert settings(**environ).called_at == base
    assert settings(**environ).local_url == "http://127.0.0.1:8000"


def test_the_server_listens_at_both():
    both = settings(GLEANER_HOST="::1", CALLBACK_BIND="0.0.0.0:8001").binds
    assert [str(each) for each in both] == ["[::1]:8000", "0.0.0.0:8001"]
    assert bind(str(both[0])) == Bind("::1", 8000)


@pytest.mark.parametrize(
    "wrong",
    ["8001", ":8001", "host", "host:", "host:0", "host:99999", "host:80/x", "::1:80", "u@host:80", "a b:80"],
)
def test_what_is_no_host_and_port_is_refused_by_the_name_of_its_setting(wrong):
    with pytest.raises(Misconfigured, match="CALLBACK_BIND"):
        settings(CALLBACK_BIND=wrong)


def test_the_door_needs_a_port_of_its_own():
    with pytest.raises(Misconfigured, match="CALLBACK_BIND: needs another port than PORT, which is 8000"):
        settings(CALLBACK_BIND="192.0.2.1:8000")
