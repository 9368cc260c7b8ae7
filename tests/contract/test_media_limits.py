"""However large, slow or strange an answer is, it is left in time, and what came of it before is kept."""

import time
from contextlib import suppress

import pytest

from shared.adapters.media_body import Limits
from shared.errors import Refused, Transient, Whose
from tests.contract.media_server import BYTES, SECRET, STALL, Server, drain, fetched, source, trouble

SLOW = Limits(rate=10_000, span=0.2)
LINE = b"X-More: yes\r\n"


@pytest.fixture
def server():
    with Server() as running:
        yield running


def too_large(media, address, *more):
    with pytest.raises(Refused) as caught:
        fetched(media, address, *more)
    assert caught.value.code == "too-large"
    assert SECRET not in str(caught.value)


# -- size


def test_a_clip_of_64_gib_is_the_largest():
    assert Limits().largest == 64 * 1024**3


@pytest.mark.parametrize("claimed", [1_001, 10**10, 10**17])
def test_a_size_that_no_file_has_is_refused_before_a_byte_of_it_is_read(server, claimed):
    server.says(["HTTP/1.1 200 OK", f"Content-Length: {claimed}"])
    too_large(source(limits=Limits(largest=1_000)), server.address())
    server.says(
        ["HTTP/1.1 206 Part", 'ETag: "v1"', "Content-Length: 1", f"Content-Range: bytes 9-9/{claimed}"]
    )
    too_large(source(limits=Limits(largest=1_000)), server.address(), 9, '"v1"')


@pytest.mark.parametrize(
    "head", [["HTTP/1.0 200 OK"], ["HTTP/1.1 206 Part", 'ETag: "v1"', "Content-Range: bytes 500-999999/*"]]
)
def test_a_body_without_end_is_left_one_piece_after_the_limit_at_most(server, head):
    server.says(head, *[b"x" * 300] * 100)
    media, came, start = source(limits=Limits(largest=1_000)), bytearray(), 500 if "206" in head[0] else 0
    with pytest.raises(Refused), media.open(server.address(), start, '"v1"') as download:
        drain(download, came)
    assert start + len(came) <= 1_000


def test_a_file_of_just_the_largest_size_is_taken(server):
    assert fetched(source(limits=Limits(largest=len(BYTES))), server.address())[3] == BYTES


# -- speed


def test_a_host_that_drips_is_left_after_a_span_with_what_came(server):
    server.says(["HTTP/1.1 200 OK", "Content-Length: 1000"], *[b"."] * 100, pause=0.02)
    came, began = bytearray(), time.monotonic()
    with pytest.raises(Transient) as caught, source(limits=SLOW).open(server.address(), 0, None) as download:
        drain(download, came)
    assert (caught.value.code, caught.value.whose) == ("media-slow", Whose.JOB)
    assert len(came) > 1
    assert SLOW.span <= time.monotonic() - began < 1.5


@pytest.mark.parametrize(
    ("head", "pieces"),
    [
        (
            ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked"],
            [b"0"] * 100,
        ),  # the length of a chunk, without end
        (["HTTP/1.1 200 OK", "Transfer-Encoding: chunked"], [b"0\r\n", *[LINE] * 100]),  # trailers
        (["HTTP/1.1 200 OK", "Transfer-Encoding: chunked"], [b"1;", *[b"x"] * 100]),  # what follows a length
    ],
)
def test_a_host_whose_framing_drips_is_left_as_soon(server, head, pieces):
    server.says(head, *pieces, pause=0.03)
    began = time.monotonic()
    assert trouble(source(limits=SLOW), server.address()).code == "media-slow"
    assert time.monotonic() - began < 2


def test_what_was_cut_off_is_never_taken_for_whole(server):
    """A body of unknown length ends with its connection, which here is ours to end."""
    server.says(["HTTP/1.0 200 OK"], b"some", stays=True)
    media = source(limits=Limits(span=0.2))
    assert trouble(media, server.address()).code == "media-slow"


def test_a_slow_host_that_vouches_for_its_bytes_gets_its_file_through(server):
    """Each try keeps what came: here about a tenth of the file."""
    whole, kept, tries = bytes(range(256)) * 4, bytearray(), 0
    while len(kept) < len(whole):
        rest = [whole[at : at + 8] for at in range(len(kept), len(whole), 8)]
        part = f"bytes {len(kept)}-{len(whole) - 1}/{len(whole)}"
        head = ["HTTP/1.1 206 Part", f"Content-Range: {part}"] if kept else ["HTTP/1.1 200 OK"]
        server.says([*head, f"Content-Length: {len(whole) - len(kept)}", 'ETag: "v1"'], *rest, pause=0.01)
        tries += 1
        with suppress(Transient), source(limits=SLOW).open(server.address(), len(kept), '"v1"') as download:
            assert download.start == len(kept)
            drain(download, kept)
    assert bytes(kept) == whole
    assert 2 < tries < 60


def test_what_the_reader_does_in_between_is_not_the_hosts_slowness(server):
    server.says(["HTTP/1.1 200 OK", "Content-Length: 40"], *[b"0123456789"] * 4, pause=0.01)
    came = bytearray()
    with source(limits=Limits(rate=300, span=0.5)).open(server.address(), 0, None) as download:
        for piece in download.chunks:
            came += piece
            time.sleep(0.2)
    assert len(came) == 40


def test_a_small_file_may_be_slow_in_its_last_piece(server):
    server.says(["HTTP/1.1 200 OK", "Content-Length: 2"], b"1", b"2", pause=0.35)
    assert fetched(source(limits=Limits(span=0.5)), server.address())[3] == b"12"


# -- the head


@pytest.mark.parametrize(
    "lines",
    [
        [f"X-{n}: yes" for n in range(101)],
        ["X: " + "y" * 70_000],
        [f"X-{n}: {'y' * 1_000}" for n in range(40)],
    ],
)
def test_a_head_that_is_too_large_is_broken_off(server, lines):
    server.says(["HTTP/1.1 200 OK", *lines, "Content-Length: 0"])
    error = trouble(source(), server.address())
    assert (error.code, error.whose) == ("media-broken-off", Whose.JOB)


def test_a_head_that_drips_is_left_in_time(server):
    server.says([], b"HTTP/1.1 200 OK\r\n", *[LINE] * 50, pause=STALL / 2)
    began = time.monotonic()
    assert trouble(source(stall=STALL), server.address()).code == "media-slow"
    assert time.monotonic() - began < 2


def test_interim_answers_without_end_are_left_in_time(server):
    server.says([], *[b"HTTP/1.1 100 Continue\r\n\r\n"] * 50, pause=STALL / 2)
    began = time.monotonic()
    assert trouble(source(stall=STALL), server.address()).code == "media-slow"
    assert time.monotonic() - began < 2
