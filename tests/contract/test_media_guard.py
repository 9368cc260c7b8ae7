"""Where an address that a vendor named may lead, over real HTTP: to what is named, or is public, and never to ourselves."""

import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.adapters.http import GuardedSession
from shared.adapters.media_allow import MediaAllow
from shared.adapters.media_guard import MediaGuard, Waiting
from shared.adapters.media_target import Target
from shared.errors import Transient, Whose
from tests.contract.media_server import (
    BYTES,
    SECRET,
    STALL,
    Names,
    Server,
    a_port_that_never_answers,
    fetched,
    source,
    trouble,
)


@pytest.fixture
def server():
    with Server() as running:
        yield running


# -- hosts that are named, and hosts that are not


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.2/", "http://localhost/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://169.254.169.254/",
        "http://evil.example/", "http://media.example.evil.example/", "http://evil-media.example/", "http://a.media.example/",
        "http://example/", "http://media.example:81/", "https://media.example/", "http://①②⑦.0.0.1/", "http://media。example.evil/",
        "http://127.0.0.1:81/", "http://[::7f00:1]/", "http://0.0.0.0/", "http://127.0.0.1.nip.example/",
    ],
)  # fmt: skip
def test_a_host_that_is_not_named_waits_with_the_line_to_add_and_its_name_is_not_looked_up(address):
    names = Names()
    error = trouble(source(allow="media.example:80", resolve=names), address + f"film.mp4?sign={SECRET}")
    assert (error.code, error.whose, error.asked) == ("media-host-not-allowed", Whose.VENDOR, False)
    assert names.asked == []
    line = error.detail.partition("MEDIA_ALLOW=")[2]
    assert line.startswith("media.example:80,")
    target = Target.of(address)
    assert MediaAllow.parse(line).names(target.server)
    assert Waiting.of(error.detail) == Waiting(target.server, f"MEDIA_ALLOW={line}")


def test_a_detail_of_anything_else_is_no_waiting():
    assert Waiting.of("") is None
    assert Waiting.of("the store did not answer") is None


def test_with_nothing_named_nothing_is_allowed():
    error = trouble(source(allow=" "), "https://media.example/x")
    assert error.detail == "media.example:443 is not named; to name it: MEDIA_ALLOW=media.example:443"


def test_a_named_host_is_connected_to_at_the_address_to_which_it_led_when_it_was_judged(server):
    names = Names(media_example=[("127.0.0.1",), ("127.0.0.9",)])
    assert fetched(source(allow="media.example", resolve=names), picture(server, "media.example"))[3] == BYTES
    assert names.asked == ["media.example"]
    assert server.heard[0].headers["host"] == f"media.example:{server.port}"


@pytest.mark.parametrize(
    ("allow", "led", "why"),
    [
        (".example", ("127.0.0.1",), "127.0.0.1, an address for a special use"),
        (".example", ("10.0.0.1", "169.254.1.1"), "169.254.1.1, an address for a special use"),
        (".example", ("169.254.169.254",), "169.254.169.254, an address that only an entry of its own opens"),
        (".example", ("64:ff9b::7f00:1",), "64:ff9b::7f00:1, an address for a special use"),
        ("10.0.0.0/8", ("10.0.0.1", "8.8.8.8"), "8.8.8.8, which is not named"),
        ("10.0.0.0/8", ("192.168.0.1",), "192.168.0.1, an address of a private network"),
    ],
)
def test_a_host_that_leads_to_a_place_that_is_not_open_waits_with_the_line_to_add(server, allow, led, why):
    error = trouble(source(allow=allow, resolve=Names(a_example=[led])), picture(server, "a.example"))
    assert (error.code, error.whose, error.asked) == ("media-host-not-allowed", Whose.VENDOR, False)
    assert error.detail == (
        f"a.example:{server.port} leads to {why}; to name it: MEDIA_ALLOW={allow},a.example:{server.port}"
    )


@pytest.mark.parametrize("allow", ["127.0.0.0/8", "127.0.0.1/32:{port}", "a.example", ".other, 127.0.0.1/32"])
def test_what_is_named_is_fetched_from_on_loopback_too(server, allow):
    names = Names(a_example=[("127.0.0.1",)])
    guarded = source(allow=allow.format(port=server.port), resolve=names)
    assert fetched(guarded, picture(server, "a.example"))[3] == BYTES


def test_a_suffix_host_whose_name_leads_nowhere_is_away():
    error = trouble(source(allow=".example", resolve=Names()), "http://a.example/")
    assert (error.code, error.whose, error.asked) == ("media-host-away", Whose.VENDOR, False)


def test_a_name_that_flips_with_each_look_up_never_leads_to_what_is_not_open():
    """The one look-up is the one that is judged, and the judged address the one that is connected to."""
    tried = []

    def refuse(place, *_):
        tried.append(place[0])
        raise ConnectionRefusedError(111, "Connection refused")

    class Flip:
        count = 0

        def __call__(self, host):
            self.count += 1
            return ("127.0.0.2",) if self.count % 2 else ("127.0.0.1",)

    flip = Flip()
    media = source(allow=".example,127.0.0.2/32", resolve=flip, session=GuardedSession(connect=refuse))
    codes = Counter()
    for _ in range(1_000):
        with pytest.raises(Transient) as caught:
            fetched(media, "http://a.example/")
        codes[caught.value.code] += 1
    assert codes == {"media-host-away": 500, "media-host-not-allowed": 500}
    assert tried == ["127.0.0.2"] * 500
    assert flip.count == 1_000


def test_the_environment_is_not_heeded(server, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text(f"default login me password {SECRET}")
    (tmp_path / ".netrc").chmod(0o600)
    with Server() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        for name, value in {
            "HOME": tmp_path,
            "NETRC": tmp_path / ".netrc",
            "no_proxy": "",
            "NO_PROXY": "",
        }.items():
            monkeypatch.setenv(name, str(value))
        fetched(
            source(allow="media.example", resolve=lambda _: ("127.0.0.1",)), picture(server, "media.example")
        )
        assert proxy.heard == []
    assert "authorization" not in server.heard[0].headers


# -- what is ours


def ours(server):
    return frozenset({("127.0.0.1", server.port), ("127.0.0.1", 1)})


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.9.9.9",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
        "[::ffff:0:0]",
        "[64:ff9b::7f00:1]",
    ],
)
@pytest.mark.parametrize("more", ["", ",127.0.0.0/8,0.0.0.0/0,[::]/0"])
def test_our_own_ports_are_never_fetched_from_whoever_names_them(server, host, more):
    guarded = source(allow=host + more, own=ours(server))
    error = trouble(guarded, f"http://{host}:{server.port}/?sign={SECRET}")
    assert (error.code, error.whose, error.asked) == ("media-host-not-allowed", Whose.VENDOR, False)
    assert error.detail.endswith("is a port of our own, which no setting opens")
    assert Waiting.of(error.detail) == Waiting(Target.of(f"http://{host}:{server.port}/").server, "")
    assert server.heard == []


def test_other_ports_of_this_machine_are_fetched_from_when_named(server):
    assert fetched(source(own=frozenset({("127.0.0.1", 1)})), server.address())[3] == BYTES


def test_a_port_of_our_number_on_another_machine_is_not_ours():
    guard = MediaGuard(MediaAllow.parse("192.0.2.1"), frozenset({("127.0.0.1", 8000)}))
    assert guard.passed("http://192.0.2.1:8000/x").at == ("192.0.2.1",)


@pytest.mark.parametrize(
    "host", ["redis.example", "192.0.2.7", "[::ffff:192.0.2.7]", "other.example", "[64:ff9b::192.0.2.7]"]
)
def test_a_server_of_ours_elsewhere_is_never_fetched_from_by_any_name(host):
    names = Names(redis_example=[("192.0.2.7",)], other_example=[("192.0.2.6", "192.0.2.7")])
    named = frozenset({("redis.example", 6379)})
    media = source(allow=f"{host},192.0.2.0/24", own=named, resolve=names)
    assert trouble(media, f"http://{host}:6379/").detail.endswith("which no setting opens")
    guard = MediaGuard(MediaAllow.parse("192.0.2.0/24"), named, resolve=names)
    assert guard.passed("http://192.0.2.7:80/").at == ("192.0.2.7",)
    assert guard.passed("http://192.0.2.8:6379/").at == ("192.0.2.8",)


def test_a_server_of_ours_that_listens_here_is_ours_on_every_address_of_this_machine(server):
    names = Names(redis_local=[("127.0.0.5",)])
    media = source(allow="127.0.0.0/8", own=frozenset({("redis.local", server.port)}), resolve=names)
    assert trouble(media, server.address()).detail.endswith("which no setting opens")
    assert server.heard == []


def test_a_server_of_ours_whose_name_leads_nowhere_keeps_nobody_from_anything(server):
    media = source(own=frozenset({("redis.local", server.port)}), resolve=Names())
    assert fetched(media, server.address())[3] == BYTES


# -- HTTP: where a vendor's address may lead when it may lead to any public host

PUBLIC = "127.0.0.2"  # in these tests


@pytest.fixture
def public_server():
    with Server(PUBLIC) as running:
        yield running


def open_to_public(resolve, *, allow="media.example", connect_timeout=5.0, **more):
    more = {"resolve": resolve, "is_public": lambda address: address == PUBLIC, **more}
    return source(allow=allow, session=GuardedSession(connect_timeout), **more)


def picture(server, host="pictures.example"):
    return f"http://{host}:{server.port}/1.jpg?sign={SECRET}"


def test_any_public_host_is_fetched_from_under_its_own_name_at_the_address_that_was_judged(public_server):
    names = Names(pictures_example=[(PUBLIC,), ("127.0.0.1",)])
    found = fetched(open_to_public(names), picture(public_server), public=True)
    assert (found[3], names.asked) == (BYTES, ["pictures.example"])
    assert public_server.heard[0].headers["host"] == f"pictures.example:{public_server.port}"
    assert public_server.heard[0].line == f"GET /1.jpg?sign={SECRET} HTTP/1.1"


def test_a_name_is_judged_once_even_when_the_host_has_to_be_asked_anew(public_server):
    names = Names(pictures_example=[(PUBLIC,), ("127.0.0.1",)])
    public_server.says(["HTTP/1.1 416 No", "Content-Length: 0"])
    assert fetched(open_to_public(names), picture(public_server), 9, '"v1"', public=True)[0] == 0
    assert (len(public_server.heard), len(names.asked)) == (2, 1)


def test_a_public_host_is_only_for_those_who_may_name_any(public_server):
    names = Names(pictures_example=[(PUBLIC,)])
    error = trouble(open_to_public(names), picture(public_server))
    assert (error.code, names.asked, public_server.heard) == ("media-host-not-allowed", [], [])


@pytest.mark.parametrize("led", [("127.0.0.1",), (PUBLIC, "127.0.0.1"), ("127.0.0.1", PUBLIC)])
def test_a_host_of_which_one_address_is_not_public_waits_with_the_line_to_add(public_server, led):
    error = trouble(open_to_public(Names(pictures_example=[led])), picture(public_server), public=True)
    assert (error.code, error.whose, error.asked) == ("media-host-not-allowed", Whose.VENDOR, False)
    assert error.detail.endswith(f"MEDIA_ALLOW=media.example,pictures.example:{public_server.port}")
    assert public_server.heard == []


@pytest.mark.parametrize("names", [Names(), Names(localhost=[()])])
def test_a_public_host_whose_name_leads_nowhere_is_away_and_nobody_else_is_asked_where_it_leads(
    server, names
):
    error = trouble(open_to_public(names), picture(server, host="localhost"), public=True)
    assert (error.code, error.whose, error.asked) == ("media-host-away", Whose.VENDOR, False)
    assert server.heard == []


def test_when_one_address_of_a_public_host_is_away_the_next_one_is_tried(public_server):
    names = Names(pictures_example=[("127.0.0.3", PUBLIC)])
    guarded = open_to_public(names, is_public=lambda _: True)
    assert fetched(guarded, picture(public_server), public=True)[3] == BYTES


def test_a_public_host_that_is_away_is_nobodys_fault_who_asks(server):
    error = trouble(open_to_public(Names(pictures_example=[(PUBLIC, PUBLIC)])), picture(server), public=True)
    assert (error.code, error.whose, error.asked) == ("media-host-away", Whose.VENDOR, False)
    assert PUBLIC not in error.detail


def test_a_public_host_of_many_addresses_that_never_answer_holds_nobody_for_long():
    with a_port_that_never_answers() as port:
        names = Names(pictures_example=[("127.0.0.1",) * 50])
        guarded = open_to_public(names, is_public=lambda _: True, connect_timeout=STALL, stall=STALL)
        began = time.monotonic()
        error = trouble(guarded, f"http://pictures.example:{port}/", public=True)
        assert (error.code, time.monotonic() - began < 2) == ("media-host-away", True)


def test_a_judged_address_is_asked_for_the_certificate_of_the_name():
    with socket.create_server((PUBLIC, 0)) as listening, ThreadPoolExecutor(1) as asking:
        listening.settimeout(3)
        address = f"https://pictures.example:{listening.getsockname()[1]}/1.jpg"
        names = Names(pictures_example=[(PUBLIC,)])
        error = asking.submit(trouble, open_to_public(names), address, public=True)
        connection, _ = listening.accept()
        with connection:
            hello = connection.recv(65_536)
        assert b"pictures.example" in hello
        assert error.result().code in ("media-host-away", "media-broken-off")


def test_our_own_ports_are_not_public_whatever_leads_there(public_server):
    guarded = open_to_public(
        Names(pictures_example=[(PUBLIC,)]),
        own=ours(public_server),
        is_public=lambda _: True,
    )
    error = trouble(guarded, picture(public_server), public=True)
    assert (error.code, "our own" in error.detail, public_server.heard) == (
        "media-host-not-allowed",
        True,
        [],
    )


def test_a_named_host_is_fetched_from_just_the_same_by_those_who_may_name_any(server):
    def nobody(host):
        raise AssertionError(host)

    guarded = open_to_public(nobody, allow="127.0.0.1", is_public=nobody)
    assert fetched(guarded, server.address(), public=True)[3] == BYTES
