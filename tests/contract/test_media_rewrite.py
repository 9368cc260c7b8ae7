"""MEDIA_REWRITE: hosts of a vendor's inside network are reached where the operator says, if that is allowed."""

import pytest

from shared.adapters.media_rewrite import MediaRewrite
from shared.adapters.media_target import Target
from shared.errors import Misconfigured
from tests.contract.media_server import BYTES, SECRET, Names, Server, fetched, source, trouble


@pytest.mark.parametrize(
    ("text", "address", "reached"),
    [
        ("10.0.0.1:80=a.example:8080", "http://10.0.0.1/x?y=1", "http://a.example:8080/x?y=1"),
        ("10.0.0.1:80=a.example:8080", "http://10.0.0.1:81/x", "http://10.0.0.1:81/x"),
        ("10.0.0.1:443=a.example:8443", "https://10.0.0.1/x", "https://a.example:8443/x"),
        ("10.0.0.1=a.example", "http://10.0.0.1:9000/x", "http://a.example:9000/x"),
        ("10.0.0.1=a.example:80", "http://10.0.0.1:9000/x", "http://a.example:80/x"),
        ("10.0.0.1:9000=a.example", "http://10.0.0.1:9000/x", "http://a.example:9000/x"),
        ("10.0.0.1=a.example, 10.0.0.1:81=b.example:82", "http://10.0.0.1:81/x", "http://b.example:82/x"),
        ("10.0.0.1=a.example, 10.0.0.1:81=b.example:82", "http://10.0.0.1/x", "http://a.example:80/x"),
        ("Inner.Media.=A.Example", "http://INNER.media/x", "http://a.example:80/x"),
        ("[fd00::1]:80=[2001:db8::1]:81", "http://[fd00:0::1]/x", "http://[2001:db8::1]:81/x"),
        (" a=b , b=c ,", "http://a/x", "http://b:80/x"),
        ("", "http://a/x", "http://a:80/x"),
        ("a.example=b.example", "http://c.a.example/x", "http://c.a.example:80/x"),
    ],
)
def test_a_pair_changes_the_host_and_perhaps_the_port_and_nothing_else(text, address, reached):
    assert MediaRewrite.parse(text).applied(Target.of(address)).url == reached


@pytest.mark.parametrize(
    "text",
    [
        "a", "a=", "=b", "=", "a=b=c", "a:0=b", "a:x=b", "a=b:65536", "a=b:", "http://a=b", "a=http://b", "a/x=b", "a=b/x", "a=.b",
        ".a=b", "a=10.0.0.0/8", "10.0.0.0/8=b", "me@a=b", "a=0x7f.1", "fd00::1=b", "a=[::1", "a b=c", "*=b",
    ],
)  # fmt: skip
def test_an_entry_that_is_none_is_named_with_the_form(text):
    with pytest.raises(Misconfigured) as caught:
        MediaRewrite.parse(f"ok=fine,{text}")
    assert caught.value.code == "media-rewrite-unreadable"
    assert caught.value.detail.startswith(
        f"MEDIA_REWRITE: {text!r} is not inside-host:port=outside-host:port"
    )


def test_two_entries_cannot_lead_one_host_to_two_places():
    with pytest.raises(Misconfigured) as caught:
        MediaRewrite.parse("a:80=b, A:80=c")
    assert caught.value.detail == "MEDIA_REWRITE: 'A:80=c' leads a host of another entry elsewhere"
    assert MediaRewrite.parse("a:80=b, a:80=b, a=c").pairs.keys() == {("a", 80), ("a", None)}


def test_a_file_is_fetched_from_the_outside_host_under_its_own_name():
    with Server() as server:
        rewrite = MediaRewrite.parse(f"10.0.0.1:80=outer.example:{server.port}")
        names = Names(outer_example=[("127.0.0.1",)])
        media = source(allow="outer.example", resolve=names, rewrite=rewrite)
        assert fetched(media, f"http://10.0.0.1/film.mp4?sign={SECRET}")[3] == BYTES
        assert server.heard[0].headers["host"] == f"outer.example:{server.port}"
        assert server.heard[0].line == f"GET /film.mp4?sign={SECRET} HTTP/1.1"


@pytest.mark.parametrize("allow", ["10.0.0.1", "inside.example"])
def test_the_outside_host_has_to_be_allowed_and_is_the_one_to_add(allow):
    media = source(allow=allow, rewrite=MediaRewrite.parse("10.0.0.1=outer.example:8080"), resolve=Names())
    error = trouble(media, f"http://10.0.0.1/film.mp4?sign={SECRET}")
    assert error.code == "media-host-not-allowed"
    assert error.detail == (
        f"outer.example:8080 is not named; to name it: MEDIA_ALLOW={allow},outer.example:8080"
    )


def test_a_rewritten_address_may_not_lead_to_ourselves():
    media = source(
        allow="127.0.0.1",
        rewrite=MediaRewrite.parse("10.0.0.1=127.0.0.1:8000"),
        own=frozenset({("127.0.0.1", 8000)}),
    )
    assert (
        trouble(media, "http://10.0.0.1/").detail
        == "127.0.0.1:8000 is a port of our own, which no setting opens"
    )
