"""How the address of a file is told, and what it then leads to."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest


def told(vendor: Any, **switches: Any) -> str:
    vendor.throw(**switches)
    return str(vendor.address(vendor.start()))


def is_file(answer: Any) -> bool:
    return answer.status_code == 200 and answer.content[4:8] == b"ftyp"


def test_an_inside_address_stands_in_place_of_ours_and_the_file_is_under_ours(vendor: Any) -> None:
    url = urlsplit(told(vendor, inside_address="10.0.0.7:8080"))
    assert (url.scheme, url.netloc) == ("http", "10.0.0.7:8080")
    assert is_file(vendor.fetch(vendor.base_url + url.path))


def test_an_address_may_name_the_file_in_its_query(vendor: Any) -> None:
    url = told(vendor, address_query=True)
    parts = urlsplit(url)
    assert parts.path == "/index/api/downloadFile"
    (place,) = parse_qs(parts.query)["file_path"]
    assert place.startswith("/opt/media/")
    assert place.endswith(".mp4")
    assert is_file(vendor.fetch(url))
    for wrong in ("", "?file_path=/etc/passwd", "?file_path=/opt/media/record/../../../etc/passwd"):
        assert vendor.fetch(url.partition("?")[0] + wrong).status_code == 404


def test_a_signed_address_is_another_each_time_and_nothing_without_a_token(
    vendor: Any, receiver: Any
) -> None:
    vendor.throw(sign_address=True)
    stream_id = vendor.start(callback=receiver.url)
    vendor.eventually(lambda: len(receiver.bodies) == 6)
    urls = [*receiver.addresses[4:], vendor.address(stream_id), vendor.address(stream_id)]
    assert len(set(urls)) == 4
    assert len({url.partition("?")[0] for url in urls}) == 1
    for url in urls:
        query = parse_qs(urlsplit(url).query)
        assert int(query["expires"][0]) > time.time()
        assert query["token"][0].startswith("FTSECRET-")
        assert is_file(vendor.fetch(url))
    bare = urls[0].partition("?")[0]
    assert vendor.fetch(bare).status_code == 401
    assert is_file(vendor.fetch(bare + "?token=whichever"))


def test_an_address_may_be_signed_and_name_the_file_in_its_query(vendor: Any) -> None:
    url = told(vendor, sign_address=True, address_query=True)
    assert is_file(vendor.fetch(url))
    assert vendor.fetch(url.partition("&")[0]).status_code == 401


def test_a_file_is_gone_after_its_life(vendor: Any) -> None:
    url = told(vendor, file_life=0.4)
    assert is_file(vendor.fetch(url))
    vendor.eventually(lambda: vendor.fetch(url).status_code == 404)
    vendor.throw(file_life=0.0)
    assert is_file(vendor.fetch(url))


@pytest.mark.parametrize(
    ("odd", "address"),
    [("file", "file:///etc/passwd"), ("metadata", "http://169.254.169.254/latest/meta-data/")],
)
def test_an_address_may_lead_where_nobody_may_go(vendor: Any, odd: str, address: str) -> None:
    assert told(vendor, odd_address=odd) == address


def test_an_address_may_carry_a_password(vendor: Any) -> None:
    url = urlsplit(told(vendor, odd_address="userinfo"))
    assert (url.username, url.password) == ("user", "password")
    assert is_file(vendor.fetch(vendor.base_url + url.path))


@pytest.mark.parametrize("more", [{}, {"address_query": True, "sign_address": True}])
def test_an_address_may_redirect_to_the_file(vendor: Any, more: dict[str, Any]) -> None:
    url = told(vendor, odd_address="redirect", **more)
    assert vendor.http.get(url, allow_redirects=False, timeout=5).status_code == 302
    assert is_file(vendor.fetch(url))


def test_an_address_may_redirect_away(vendor: Any) -> None:
    answer = vendor.http.get(told(vendor, odd_address="redirect-away"), allow_redirects=False, timeout=5)
    assert (answer.status_code, answer.headers["Location"]) == (302, "http://127.0.0.1:1/")


def test_addresses_of_one_camera_may_be_odd_and_those_of_another_not(vendor: Any, yard: Any) -> None:
    vendor.throw(yard, odd_address="file")
    assert vendor.address(vendor.start(yard)) == "file:///etc/passwd"
    assert is_file(vendor.fetch(vendor.address(vendor.start())))


@pytest.mark.parametrize(("at_once", "apart"), [(True, False), (False, True)])
def test_several_files_are_told_at_once_or_each_a_while_after_the_other(
    play: Any, receiver: Any, at_once: bool, apart: bool
) -> None:
    vendor = play(longest=0.1, cadence=0.1)
    vendor.throw(files=3, files_at_once=at_once)
    vendor.start(callback=receiver.url)
    vendor.eventually(lambda: len(receiver.bodies) == 7)
    assert len(set(receiver.addresses)) == 4
    assert (receiver.times[-1] - receiver.times[1] > 0.15) == apart
