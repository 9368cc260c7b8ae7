"""MEDIA_ALLOW: which entries there are, and what each of them opens."""

import pytest

from shared.adapters.media_allow import MediaAllow
from shared.adapters.media_target import Target
from shared.errors import Misconfigured

PUBLIC, PRIVATE, LOOPBACK, METADATA, MULTICAST = (
    "8.8.8.8",
    "10.1.2.3",
    "127.0.0.1",
    "169.254.169.254",
    "224.0.0.1",
)
PLACES = (
    PUBLIC,
    PRIVATE,
    LOOPBACK,
    "169.254.1.1",
    METADATA,
    MULTICAST,
    "fd00::5",
    "::1",
    "fd00:ec2::254",
    "ff02::1",
)
WRAPPED = ("::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "2002:a01:203::1", "64:ff9b::169.254.169.254")


def opened(allow, address, places=PLACES):
    target = Target.of(address)
    return [place for place in places if MediaAllow.parse(allow).opens(target, place)]


@pytest.mark.parametrize(
    ("allow", "address"),
    [
        ("media.example", "http://media.example/x"),
        ("media.example", "https://media.example:9000/x"),
        ("media.example:9000", "http://media.example:9000/x"),
        ("media.example:443", "https://media.example"),
        ("other.example, MEDIA.example.:80 ,", "http://Media.Example./x"),
        ("[::1]:8000", "http://[0:0:0:0:0:0:0:1]:8000/x"),
        ("[2001:db8::1]", "http://[2001:DB8::1]:1/x"),
        ("录像.example", "http://xn--o1qw76a.example/x"),
        ("xn--o1qw76a.example", "http://录像.example/x"),
        ("media_server", "http://media_server/x"),
    ],
)
def test_a_host_that_is_named_is_allowed_in_whatever_spelling(allow, address):
    assert opened(allow, address) == list(PLACES)


@pytest.mark.parametrize("allow", ["media.example", "media.example:80", "evil.example, media.example"])
def test_a_host_that_is_named_itself_may_lead_anywhere(allow):
    assert opened(allow, "http://media.example/x", PLACES + WRAPPED) == [*PLACES, *WRAPPED]


@pytest.mark.parametrize(
    ("allow", "address"),
    [
        ("media.example", "http://a.media.example/"),
        ("media.example", "http://evil-media.example/"),
        ("media.example", "http://media.example.evil.example/"),
        ("media.example:80", "http://media.example:81/"),
        ("media.example:80", "https://media.example/"),
        ("127.0.0.1", "http://localhost/"),
        ("127.0.0.1", "http://[::ffff:127.0.0.1]/"),
        (".media.example", "http://media.example/"),
        (".media.example", "http://evil-media.example/"),
        (".media.example:8080", "http://a.media.example/"),
        ("10.0.0.0/8:8080", "http://10.1.2.3/"),
        ("", "http://media.example/"),
    ],
)
def test_what_is_not_named_leads_nowhere(allow, address):
    assert opened(allow, address, PLACES + WRAPPED) == []


@pytest.mark.parametrize("address", ["http://a.media.example/", "https://a.b.media.example:9000/"])
def test_a_suffix_opens_public_and_private_places_below_it_and_no_inner_ones(address):
    found = opened(".media.example", address, PLACES + WRAPPED)
    assert found == [PUBLIC, PRIVATE, "fd00::5", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "2002:a01:203::1"]


@pytest.mark.parametrize(
    ("allow", "found"),
    [
        ("10.0.0.0/8", [PRIVATE, "::ffff:10.1.2.3"]),
        ("10.0.0.0/8:80", [PRIVATE, "::ffff:10.1.2.3"]),
        ("10.1.2.3/32", [PRIVATE, "::ffff:10.1.2.3"]),
        ("127.0.0.0/8", [LOOPBACK]),
        ("169.254.0.0/16", ["169.254.1.1"]),
        ("169.254.169.254/32", [METADATA]),
        ("169.254.169.254/31", []),
        ("224.0.0.0/4", []),
        ("224.0.0.1/32", [MULTICAST]),
        ("fd00::/8", ["fd00::5"]),
        ("[fd00::]/8", ["fd00::5"]),
        ("[fd00::]/8:80", ["fd00::5"]),
        ("fd00:ec2::254/128", ["fd00:ec2::254"]),
        ("::1/128", ["::1"]),
        ("ff02::/16", []),
        ("0.0.0.0/0", [PUBLIC, PRIVATE, LOOPBACK, "169.254.1.1", "::ffff:10.1.2.3"]),
        ("64:ff9b::/96", []),
        ("64:ff9b::/96, 10.0.0.0/8", [PRIVATE, "::ffff:10.1.2.3", "64:ff9b::10.1.2.3"]),
        ("64:ff9b::/96, 169.254.169.254/32", [METADATA, "64:ff9b::169.254.169.254"]),
    ],
)
def test_a_network_opens_what_it_spans_whatever_leads_there(allow, found):
    assert opened(allow, "http://whatever.example/", PLACES + WRAPPED) == found


@pytest.mark.parametrize(
    "text",
    [
        "*.example", "*", "::1", "http://media.example", "media.example/x", "me@media.example", "media.example:port",
        "media.example:99999", "media.example:0", "media.example:", "[::1", "[fe80::1%eth0]", "a b", "a,,b,.c d", ":80", "media.example?x",
        "media.example#x", "10.0.0.256", "127.1", "0x7f.1", "010.0.0.1", "2130706433", ".", "..example", ".*", ".1", ".example:x",
        ".[::1]", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "10.0.0.0/255.0.0.0", "10.0.0.0/8:0", "10.0.0.0/8:99999",
        "10.0.0.0/8:", "[10.0.0.0/8]", "fd00::/129", "[fd00::/8]", "[fd00::]/8x", "fd00::1/8", "[fd00::/8:80", "::ffff:10.0.0.0/104",
        "media.example/24", "/8", "10.0.0.0/8/8",
    ],
)  # fmt: skip
def test_an_entry_that_is_none_is_named_with_the_forms_that_there_are(text):
    with pytest.raises(Misconfigured) as caught:
        MediaAllow.parse(f"media.example,{text}")
    assert caught.value.code == "media-allow-unreadable"
    assert repr(text.split(",")[-1]) in caught.value.detail
    assert "CIDR:port" in caught.value.detail


def test_the_line_to_add_is_what_is_there_and_the_host():
    allow = MediaAllow.parse(" media.example , 10.0.0.0/8:80,")
    assert (
        allow.line_with("a.example:80", "[::1]:81")
        == "MEDIA_ALLOW=media.example,10.0.0.0/8:80,a.example:80,[::1]:81"
    )
    assert MediaAllow.parse("").line_with("a.example:80") == "MEDIA_ALLOW=a.example:80"


def test_a_host_is_named_by_its_own_name_alone():
    allow = MediaAllow.parse("media.example:80, .example, 10.0.0.0/8, [::1]")
    asked = ("media.example:80", "[::1]:5", "media.example:81", "a.example:80", "10.1.2.3:80")
    assert [server for server in asked if allow.names(server)] == ["media.example:80", "[::1]:5"]
