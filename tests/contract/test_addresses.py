"""What kind of place an address is, in whatever it is wrapped, and whether it is this machine's own."""

from ipaddress import ip_address

import pytest

from shared.adapters.addresses import METADATA, Area, area, is_ours, is_public, judged


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.32.0.1", "223.255.255.255", "2001:4860:4860::8888", "2400:3200::1",
        "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1",
    ],
)  # fmt: skip
def test_global_unicast_is_public_in_whatever_it_is_wrapped(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.0.1", "100.100.100.200", "100.127.255.255", "127.0.0.1", "127.255.255.254",
        "168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.0.192", "192.0.2.1",
        "192.168.0.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
        "255.255.255.255", "::", "::1", "::7f00:1", "::808:808", "100::1", "2001::1", "2001:db8::1", "3fff::1", "4000::1",
        "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%1", "fec0::1", "ff02::1", "ff0e::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:100.64.0.1", "::ffff:224.0.0.1", "::ffff:168.63.129.16",
        "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808", "2002:7f00:1::1", "2002:a00:1::", "2002:e000:1::",
    ],
)  # fmt: skip
def test_what_is_not_global_unicast_is_not_public_in_whatever_it_is_wrapped(address):
    assert not is_public(address)


def test_every_address_of_this_machine_is_ours_and_no_other():
    assert is_ours("127.0.0.1")
    assert is_ours("0.0.0.0")
    assert not is_ours("192.0.2.1")
    assert not is_ours("2001:db8::1")
    assert is_ours("::ffff:127.0.0.1")
    assert is_ours("64:ff9b::7f00:1")
    assert not is_ours("64:ff9b::192.0.2.1")


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("192.0.2.1", ["192.0.2.1"]),
        ("fe80::1%eth0", ["fe80::1"]),
        ("::1", ["::1"]),
        ("::", ["::"]),
        ("::ffff:127.0.0.1", ["127.0.0.1"]),
        ("::127.0.0.1", ["::7f00:1", "127.0.0.1"]),
        ("64:ff9b::127.0.0.1", ["64:ff9b::7f00:1", "127.0.0.1"]),
        ("64:ff9b:1::127.0.0.1", ["64:ff9b:1::7f00:1", "127.0.0.1"]),
        ("2002:7f00:1::5", ["2002:7f00:1::5", "127.0.0.1"]),
        # RFC 4380, 4: the server as it is, the client with all its bits turned
        ("2001:0:7f00:1::5601:5601", ["2001:0:7f00:1::5601:5601", "127.0.0.1", "169.254.169.254"]),
    ],
)
def test_what_is_wrapped_is_judged_beside_what_wraps_it(address, parts):
    assert judged(address) == tuple(map(ip_address, parts))


@pytest.mark.parametrize(
    ("kind", "addresses"),
    [
        (Area.PUBLIC, ["8.8.8.8", "2001:4860:4860::8888", "64:ff9b::1", "2002::1"]),
        (Area.PRIVATE, ["10.0.0.1", "172.31.0.1", "192.168.1.1", "100.64.0.1", "fc00::1", "fd12::1"]),
        (Area.SPECIAL, ["127.0.0.1", "0.0.0.0", "169.254.1.1", "240.0.0.1", "192.0.2.1", "::", "::1", "fe80::1", "fec0::1"]),
        (Area.SPECIAL, ["2001::1", "64:ff9b:1::1", "255.255.255.255", "2001:db8::1", "::7f00:1", "4000::1", "198.18.0.1"]),
        (Area.ALONE, ["224.0.0.1", "239.1.1.1", "ff02::1", "ff0e::1", *map(str, METADATA)]),
    ],
)  # fmt: skip
def test_an_address_is_one_kind_of_place(kind, addresses):
    assert {address: area(ip_address(address)) for address in addresses} == dict.fromkeys(addresses, kind)
