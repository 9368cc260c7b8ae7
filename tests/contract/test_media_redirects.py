"""Redirects: a few are followed, each judged as the first address was, and whoever may not be reached hears nothing."""

import time

import pytest

from shared.adapters.http import GuardedSession
from shared.adapters.media_redirects import led_on
from shared.adapters.media_rewrite import MediaRewrite
from shared.adapters.media_target import Target
from shared.errors import Transient, Whose
from tests.contract.media_server import BYTES, SECRET, Names, Server, fetched, source, trouble

OK = ["HTTP/1.1 200 OK", "Content-Length: 2"]


@pytest.fixture
def first():
    with Server("127.0.0.2") as running:
        yield running


@pytest.fixture
def second():
    with Server("127.0.0.3") as running:
        yield running


@pytest.fixture
def stranger():
    """Allowed by no setting of these tests."""
    with Server("127.0.0.9") as running:
        yield running


def of(server, path="/film.mp4"):
    return f"http://{server.host}:{server.port}{path}?sign={SECRET}"


def leads(server, *locations, status=302, **more):
    """The server's next answer."""
    named = [f"Location: {location}" for location in locations]
    server.says([f"HTTP/1.1 {status} There", "Content-Length: 0", *named], **more)


def guarded(**more):
    return source(**{"allow": "127.0.0.2/32,127.0.0.3/32", **more})


# -- followed


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_that_is_allowed_is_followed(first, second, status):
    leads(first, of(second, "/b"), status=status)
    assert fetched(guarded(), of(first))[3] == BYTES
    assert second.heard[0].line == f"GET /b?sign={SECRET} HTTP/1.1"
    assert second.heard[0].headers["host"] == f"127.0.0.3:{second.port}"


@pytest.mark.parametrize(
    ("location", "asked"),
    [
        ("/b.mp4", "/b.mp4"),
        ("b.mp4?x=1", "/a/b.mp4?x=1"),
        ("../b.mp4#part", "/b.mp4"),
        ("?x=1", "/a/film.mp4?x=1"),
        ("//127.0.0.2:{port}/c", "/c"),
        ("HTTP://127.0.0.2.:{port}", "/"),
        ("/a/b%20c%2Fd", "/a/b%20c%2Fd"),
    ],
)
def test_a_location_may_be_relative(first, location, asked):
    leads(first, location.format(port=first.port))
    assert fetched(guarded(), of(first, "/a/film.mp4"))[3] == BYTES
    assert first.heard[1].line == f"GET {asked} HTTP/1.1"


def test_the_rest_of_a_file_is_asked_for_at_every_hop_and_nothing_else_is_told(first, second):
    first.says(["HTTP/1.1 302 There", f"Location: {of(second)}", "Set-Cookie: a=b", "Content-Length: 0"])
    assert fetched(guarded(), of(first), 1_000, '"v1"') == (1_000, len(BYTES), '"v1"', BYTES[1_000:])
    for server in (first, second):
        assert (server.heard[0].headers["range"], server.heard[0].headers["if-range"]) == (
            "bytes=1000-",
            '"v1"',
        )
    told = {"host", "user-agent", "accept-encoding", "connection", "range", "if-range"}
    assert second.heard[0].headers.keys() == told


def test_a_file_that_has_changed_at_the_end_of_a_redirect_is_asked_for_anew_from_its_beginning(first, second):
    second.says(["HTTP/1.1 416 No", "Content-Length: 0"])
    for _ in range(2):
        leads(first, of(second))
    assert fetched(guarded(), of(first), 9, '"v1"')[0] == 0
    assert ["range" in heard.headers for heard in (*first.heard, *second.heard)] == [True, False] * 2


def test_three_hops_are_followed_and_a_fourth_is_not(first):
    for hop in range(3):
        leads(first, f"/{hop}")
    assert fetched(guarded(), of(first))[3] == BYTES
    first.heard.clear()
    for hop in range(4):
        leads(first, f"/{hop}")
    error = trouble(guarded(), of(first))
    assert (error.code, error.whose, error.asked) == ("media-redirected", Whose.JOB, True)
    assert error.detail == f"http://127.0.0.2:{first.port} leads on after 3 others"
    assert len(first.heard) == 4


def test_a_redirect_to_any_public_host_is_for_those_who_may_name_any(first, second):
    names = Names(second_example=[("127.0.0.3",)])
    rules = {"allow": "127.0.0.2", "resolve": names, "is_public": lambda address: address == "127.0.0.3"}
    address = f"http://second.example:{second.port}/"
    leads(first, address)
    assert trouble(guarded(**rules), of(first)).code == "media-host-not-allowed"
    leads(first, address)
    assert fetched(guarded(**rules), of(first), public=True)[3] == BYTES
    assert (names.asked, len(second.heard)) == (["second.example"], 1)


def test_a_hop_to_an_inside_host_is_reached_as_an_address_to_it_would_be(first, second):
    leads(first, "http://10.0.0.1/b")
    rewrite = MediaRewrite.parse(f"10.0.0.1:80=127.0.0.3:{second.port}")
    assert fetched(guarded(rewrite=rewrite), of(first))[3] == BYTES
    assert second.heard[0].line == "GET /b HTTP/1.1"


# -- not followed


def test_a_redirect_to_a_host_that_is_not_allowed_waits_with_the_line_for_that_host(first, stranger):
    leads(first, of(stranger))
    error = trouble(guarded(), of(first))
    assert (error.code, error.whose, error.asked) == ("media-host-not-allowed", Whose.VENDOR, False)
    assert error.detail.startswith(f"127.0.0.9:{stranger.port} ")
    assert error.detail.endswith(f"MEDIA_ALLOW=127.0.0.2/32,127.0.0.3/32,127.0.0.9:{stranger.port}")
    assert stranger.heard == []


def test_a_redirect_to_a_port_of_our_own_is_not_followed(first, second):
    leads(first, of(second))
    error = trouble(guarded(own=frozenset({("127.0.0.1", second.port)})), of(first))
    assert (error.code, error.detail) == (
        "media-host-not-allowed",
        f"127.0.0.3:{second.port} is a port of our own, which no setting opens",
    )
    assert second.heard == []


def test_a_name_that_leads_elsewhere_when_it_comes_back_in_a_redirect_is_judged_anew(first, stranger):
    names = Names(media_example=[("127.0.0.2",), ("127.0.0.9",)])
    leads(first, f"http://media.example:{stranger.port}/")
    error = trouble(guarded(resolve=names), f"http://media.example:{first.port}/")
    assert (error.code, stranger.heard) == ("media-host-not-allowed", [])


@pytest.mark.parametrize(
    "locations",
    [["/film.mp4?sign=" + SECRET], [""], ["/b", "/film.mp4?sign=" + SECRET], ["/b", "/b"], ["#x"]],
)
def test_a_circle_ends_where_it_closes(first, locations):
    for location in locations:
        leads(first, location)
    error = trouble(guarded(), of(first))
    assert (error.code, error.detail) == (
        "media-redirected",
        f"http://127.0.0.2:{first.port} leads in a circle",
    )
    assert len(first.heard) == len(locations)


@pytest.mark.parametrize(
    "locations",
    [
        [],
        ["{stranger}", "{stranger}"],
        ["/a", "/b"],
        ["/a" + "b" * 2_047],
        ["http://127.0.0.9:{port}/\x01"],
        ["http://127.0.0.9:{port}/\r\n X: y"],
        ["http://127.0.0.9:{port}/a b"],
        ["http://127.0.0.9:{port}/\xe4"],
        ["http:\\\\127.0.0.9:{port}\\"],
        ["/\\127.0.0.9:{port}/"],
        ["http://127.0.0.2@127.0.0.9:{port}/"],
        ["http://[::1/"],
        ["http://[127.0.0.9]:{port}/"],
        ["http://127.9:{port}/"],
        ["http://0x7f000009:{port}/"],
        ["http://127.0.0.9:{port}0000/"],
        ["ftp://127.0.0.9:{port}/"],
        ["file:///etc/passwd"],
        ["gopher://127.0.0.9:{port}/_x"],
        ["javascript:alert(1)"],
        ["//"],
    ],
)  # fmt: skip
def test_a_location_that_is_not_one_plain_address_is_not_followed(first, stranger, locations):
    leads(first, *(each.format(port=stranger.port, stranger=of(stranger)) for each in locations))
    error = trouble(guarded(allow="127.0.0.0/8"), of(first))
    assert (error.code, error.whose) == ("media-redirected", Whose.JOB)
    assert (len(first.heard), stranger.heard) == (1, [])


@pytest.mark.parametrize(
    ("address", "location", "found"),
    [
        ("https://a.example/x", "http://a.example/x", None),
        ("https://a.example/x", "HTTP://a.example/x", None),
        ("https://a.example/x", "/y", "https://a.example:443/y"),
        ("https://a.example/x", "//b.example/y", "https://b.example/y"),
        ("https://a.example/x", "HTTPS://b.example/y", "https://b.example/y"),
        ("http://a.example/x", "https://b.example/y", "https://b.example/y"),
    ],
)
def test_nobody_is_led_out_of_https(first, address, location, found):
    leads(first, location)
    with GuardedSession().get(of(first), {}, 5) as answer:
        if found:
            assert led_on(Target.of(address), answer) == found
            return
        with pytest.raises(Transient) as caught:
            led_on(Target.of(address), answer)
    assert (caught.value.code, caught.value.detail) == (
        "media-redirected",
        "https://a.example:443 leads out of https",
    )


def test_the_body_of_a_redirect_is_not_waited_for(first, second):
    first.says(["HTTP/1.1 302 There", f"Location: {of(second)}"], b"x" * 1_000, stays=True)
    began = time.monotonic()
    assert fetched(guarded(), of(first))[3] == BYTES
    assert time.monotonic() - began < 3


def test_all_hops_together_have_the_time_of_one(first):
    """Each comes well within its own wait; together they are cut off within two."""
    for hop in range(3):
        first.says([], f"HTTP/1.1 302 There\r\nLocation: /{hop}\r\n\r\n".encode(), pause=0.4)
    assert trouble(guarded(stall=0.55), of(first)).code in ("media-slow", "media-host-away")
