"""What every way to media promises, over real HTTP and in memory; then what only HTTP can do wrong."""

import socket
from contextlib import ExitStack

import pytest

from shared.adapters.http import GuardedSession
from shared.adapters.memory_archive import MemoryMedia
from shared.errors import Gone, Transient, Whose
from tests.contract.media_server import (
    BYTES,
    SECRET,
    STALL,
    Server,
    a_port_that_never_answers,
    drain,
    fetched,
    source,
    trouble,
)


class OverHttp:
    def __init__(self, server):
        self.server = server
        self.source = source(server)

    def put(self, content, etag):
        self.server.content, self.server.etag = content, etag
        return self.server.address()

    def breaks_off(self, after):
        length = f"Content-Length: {len(BYTES)}"
        self.server.says(["HTTP/1.1 200 OK", length], BYTES[:after])

    def is_gone(self):
        self.server.says(["HTTP/1.1 404 Not Found", "Content-Length: 0"])


class InMemory:
    def __init__(self):
        self.source = MemoryMedia()

    def put(self, content, etag):
        self.source.put("http://media.example/film.mp4", content, etag)
        return "http://media.example/film.mp4"

    def breaks_off(self, after):
        self.source.stop_after("http://media.example/film.mp4", after)

    def is_gone(self):
        self.source.remove("http://media.example/film.mp4")


@pytest.fixture
def server():
    with Server() as running:
        yield running


@pytest.fixture(params=["http", "memory"])
def way(request):
    with ExitStack() as stack:
        yield OverHttp(stack.enter_context(Server())) if request.param == "http" else InMemory()


# -- every way to media


def test_a_download_from_the_start_is_the_whole_with_its_length_and_validator(way):
    assert fetched(way.source, way.put(BYTES, '"v1"')) == (0, len(BYTES), '"v1"', BYTES)


def test_a_download_goes_on_where_it_was_under_its_validator(way):
    assert fetched(way.source, way.put(BYTES, '"v1"'), 1_000, '"v1"') == (
        1_000,
        len(BYTES),
        '"v1"',
        BYTES[1_000:],
    )


def test_a_download_begins_anew_when_the_bytes_have_changed(way):
    assert fetched(way.source, way.put(BYTES, '"v2"'), 1_000, '"v1"') == (0, len(BYTES), '"v2"', BYTES)


def test_a_download_without_a_validator_begins_anew(way):
    assert fetched(way.source, way.put(BYTES, None), 1_000, None) == (0, len(BYTES), None, BYTES)


def test_a_download_that_was_all_there_brings_nothing_more(way):
    assert fetched(way.source, way.put(BYTES, '"v1"'), len(BYTES), '"v1"') == (
        len(BYTES),
        len(BYTES),
        '"v1"',
        b"",
    )


def test_a_download_that_had_more_than_there_is_begins_anew(way):
    assert fetched(way.source, way.put(b"less", '"v1"'), 1_000, '"v1"') == (0, 4, '"v1"', b"less")


def test_an_empty_file_is_a_download_of_nothing(way):
    assert fetched(way.source, way.put(b"", '"v1"')) == (0, 0, '"v1"', b"")


def test_a_body_that_breaks_off_is_told_after_what_came(way):
    address, came = way.put(BYTES, '"v1"'), bytearray()
    way.breaks_off(1_000)
    with way.source.open(address, 0, None) as download, pytest.raises(Transient) as caught:
        drain(download, came)
    assert (caught.value.code, caught.value.whose, bytes(came)) == (
        "media-broken-off",
        Whose.JOB,
        BYTES[:1_000],
    )


def test_what_is_not_there_is_gone(way):
    address = way.put(BYTES, '"v1"')
    way.is_gone()
    assert isinstance(trouble(way.source, address), Gone)


def test_a_download_can_be_left_in_the_middle(way):
    with way.source.open(way.put(BYTES, '"v1"'), 0, None) as download:
        assert BYTES.startswith(next(download.chunks))
    assert fetched(way.source, way.put(BYTES, '"v1"'))[3] == BYTES


def test_the_memory_way_fails_as_it_was_told_and_remembers_what_was_asked():
    media = MemoryMedia()
    media.put("a", b"content")
    media.trouble("a", Transient("media-stalled"), Gone("media-gone"))
    assert [trouble(media, "a").code for _ in range(2)] == ["media-stalled", "media-gone"]
    validator = fetched(media, "a")[2]
    assert fetched(media, "a", 3, validator)[3] == b"tent"
    assert (media.opened, media.public) == ([("a", 0), ("a", 0), ("a", 0), ("a", 3)], set())
    fetched(media, "a", public=True)
    assert media.public == {"a"}


# -- HTTP: what is asked


def test_a_request_asks_for_bytes_as_they_are_and_names_nobody(server, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text(f"machine 127.0.0.1 login me password {SECRET}")
    (tmp_path / ".netrc").chmod(0o600)
    for name, value in {
        "HOME": str(tmp_path),
        "http_proxy": "http://127.0.0.1:9",
        "ALL_PROXY": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    fetched(source(server), server.address())
    assert server.heard[0].line == f"GET /film.mp4?sign={SECRET} HTTP/1.1"
    assert server.heard[0].headers == {
        "host": f"127.0.0.1:{server.port}",
        "user-agent": "gleaner",
        "accept-encoding": "identity",
        "connection": "close",
    }


def test_only_a_strong_validator_asks_for_the_rest(server):
    for validator in (None, "", 'W/"v1"', "v1", '"v1', '""', '"v\r\nX: y"', "Thu, 20 Nov 2026 00:00:00 GMT"):
        assert fetched(source(server), server.address(), 1_000, validator)[0] == 0
    assert not [heard for heard in server.heard if "range" in heard.headers or "if-range" in heard.headers]
    fetched(source(server), server.address(), 0, '"v1"')
    assert "range" not in server.heard[-1].headers
    fetched(source(server), server.address(), 1_000, '"v1"')
    assert (server.heard[-1].headers["range"], server.heard[-1].headers["if-range"]) == (
        "bytes=1000-",
        '"v1"',
    )


@pytest.mark.parametrize("etag", ['W/"v1"', "v1", '"v1', '""'])
def test_a_weak_or_odd_validator_is_none(server, etag):
    server.etag = etag
    assert fetched(source(server), server.address())[2] is None


def test_cookies_are_not_kept(server):
    media = source(server)
    for _ in range(2):
        server.says(["HTTP/1.1 200 OK", "Set-Cookie: a=b; Path=/", "Content-Length: 0"])
        fetched(media, server.address())
    assert "cookie" not in server.heard[1].headers


def test_an_address_in_another_spelling_is_sent_in_the_one_that_was_judged(server):
    fetched(source(server), f"HTTP://127.0.0.1.:{server.port}?a=%2Fb c#part")
    assert server.heard[0].line == "GET /?a=%2Fb%20c HTTP/1.1"
    assert server.heard[0].headers["host"] == f"127.0.0.1:{server.port}"


# -- HTTP: what is answered


@pytest.mark.parametrize(
    ("status", "code", "whose"),
    [
        (404, "media-gone", Whose.JOB),
        (410, "media-gone", Whose.JOB),
        (401, "media-forbidden", Whose.JOB),
        (403, "media-forbidden", Whose.JOB),
        (400, "media-http-4xx", Whose.JOB),
        (416, "media-http-4xx", Whose.JOB),
        (429, "media-host-busy", Whose.VENDOR),
        (500, "media-http-5xx", Whose.JOB),
        (503, "media-http-5xx", Whose.JOB),
        (300, "media-redirected", Whose.JOB),
        (304, "media-redirected", Whose.JOB),
        (204, "media-http-2xx", Whose.JOB),
        (206, "media-http-2xx", Whose.JOB),
    ],
)
def test_an_answer_that_is_not_the_file_has_its_own_word(server, status, code, whose):
    server.says([f"HTTP/1.1 {status} Because", "Content-Length: 0"])
    error = trouble(source(server), server.address())
    assert (error.code, error.whose, isinstance(error, Gone)) == (code, whose, code == "media-gone")
    assert error.detail == f"{status} from http://127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    "stated",
    [
        None,
        "bytes 0-9/20",
        "bytes 11-19/20",
        "bytes 10-19/19",
        "bytes 10-9/20",
        "bytes 10-/20",
        "bytes */20",
        "items 10-19/20",
        "bytes 10-19/20, bytes 0-9/20",
        f"bytes 10-{10**30}/*",
    ],
)
def test_a_part_that_does_not_fit_to_ours_is_never_taken(server, stated):
    head = ["HTTP/1.1 206 Part", 'ETag: "v1"', "Content-Length: 0"]
    server.says(head + ([f"Content-Range: {stated}"] if stated else []))
    assert trouble(source(server), server.address(), 10, '"v1"').code == "media-range-odd"


def test_a_part_of_unknown_total_is_taken(server):
    head = ["HTTP/1.1 206 Part", 'ETag: "v1"', "Content-Length: 5", "Content-Range: bytes 10-14/*"]
    server.says(head, b"01234")
    assert fetched(source(server), server.address(), 10, '"v1"') == (10, None, '"v1"', b"01234")


def test_a_part_that_is_longer_or_shorter_than_it_says_is_never_taken_for_whole(server):
    chunked = [
        "HTTP/1.1 206 Part",
        'ETag: "v1"',
        "Transfer-Encoding: chunked",
        "Content-Range: bytes 10-14/15",
    ]
    server.says(chunked, b"6\r\n012345\r\n0\r\n\r\n")
    assert trouble(source(server), server.address(), 10, '"v1"').code == "media-range-odd"
    server.says(chunked, b"4\r\n0123\r\n0\r\n\r\n")
    assert trouble(source(server), server.address(), 10, '"v1"').code == "media-broken-off"


@pytest.mark.parametrize(
    "head",
    [
        ["HTTP/1.1 206 Part", "Content-Length: 9", "Content-Range: bytes 1-9/10"],
        ["HTTP/1.1 206 Part", "Content-Length: 9", "Content-Range: bytes 1-9/10", 'ETag: "v2"'],
        ["HTTP/1.1 206 Part", "Content-Length: 9", "Content-Range: bytes 1-9/10", 'ETag: W/"v1"'],
        ["HTTP/1.1 416 No", "Content-Length: 0", "Content-Range: bytes */1", 'ETag: "v2"'],
        ["HTTP/1.1 416 No", "Content-Length: 0", "Content-Range: bytes */7"],
        ["HTTP/1.1 416 No", "Content-Length: 0"],
    ],
)
def test_a_server_that_would_splice_two_files_is_asked_anew_from_the_start(server, head):
    server.says(head)
    assert fetched(source(server), server.address(), 1, '"v1"') == (0, len(BYTES), '"v1"', BYTES)
    assert ["range" in heard.headers for heard in server.heard] == [True, False]


def test_a_file_that_is_gone_when_resumed_is_not_asked_for_twice(server):
    server.says(["HTTP/1.1 404 No", "Content-Length: 0"])
    assert trouble(source(server), server.address(), 1, '"v1"').code == "media-gone"
    assert len(server.heard) == 1


def test_a_packed_body_is_not_unpacked(server):
    for status, start in (("200 OK", 0), ("206 Part", 10)):
        head = [
            f"HTTP/1.1 {status}",
            "Content-Encoding: gzip",
            'ETag: "v1"',
            "Content-Range: bytes 10-11/12",
            "Content-Length: 2",
        ]
        server.says(head, b"\x1f\x8b")
        assert trouble(source(server), server.address(), start, '"v1"').code == "media-encoded"


def test_a_body_in_chunks_is_whole_when_its_last_chunk_came_and_broken_off_otherwise(server):
    chunked = ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked"]
    server.says(chunked, b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")
    assert fetched(source(server), server.address()) == (0, None, None, b"onetwo")
    for cut in (b"3\r\none\r\n", b"3\r\non", b"3\r\none\r\n3", b"zz\r\n"):
        server.says(chunked, cut)
        assert trouble(source(server), server.address()).code == "media-broken-off"


def test_a_body_of_unknown_length_ends_with_the_connection(server):
    server.says(["HTTP/1.0 200 OK"], b"all of it")
    assert fetched(source(server), server.address()) == (0, None, None, b"all of it")


def test_every_body_that_is_shorter_than_it_said_is_broken_off(server):
    for size in (0, 1, 9):
        server.says(["HTTP/1.1 200 OK", "Content-Length: 10"], b"x" * size)
        assert trouble(source(server), server.address()).code == "media-broken-off"


def test_a_server_that_falls_silent_is_stalled(server):
    server.says(["HTTP/1.1 200 OK", "Content-Length: 10"], b"12345", stays=True)
    assert trouble(source(server, stall=STALL), server.address()).code == "media-stalled"


def test_a_server_that_never_begins_is_stalled(server):
    server.says([], stays=True)
    error = trouble(source(server, stall=STALL), server.address())
    assert (error.code, error.whose) == ("media-stalled", Whose.JOB)


@pytest.mark.parametrize(
    "head", [[], ["garbage"], ["HTTP/1.1 200 OK", "Content-Length: 3", "Content-Length: 4"]]
)
def test_an_answer_that_cannot_be_read_is_broken_off(server, head):
    server.says(head)
    assert trouble(source(server), server.address()).code == "media-broken-off"


def test_bytes_are_handed_on_as_they_come_so_that_a_slow_server_holds_nobody(server):
    server.says(["HTTP/1.1 200 OK", "Content-Length: 6"], *[b"%d" % n for n in range(6)], pause=0.02)
    with source(server).open(server.address(), 0, None) as download:
        assert len([*download.chunks]) > 1


def test_a_host_that_is_away_is_nobodys_fault_who_asks(server):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    error = trouble(source(server), f"http://127.0.0.1:{port}/x?sign={SECRET}")
    assert (error.code, error.whose, error.asked) == ("media-host-away", Whose.VENDOR, False)
    assert f"http://127.0.0.1:{port}" in error.detail


def test_a_host_that_does_not_take_the_connection_is_away():
    with a_port_that_never_answers() as port:
        media = source(session=GuardedSession(connect_timeout=STALL), stall=5)
        assert trouble(media, f"http://127.0.0.1:{port}/").code == "media-host-away"


def test_a_host_that_speaks_no_tls_is_away(server):
    server.says(["HTTP/1.1 400 Bad"])
    assert trouble(source(server), server.address().replace("http", "https", 1)).code == "media-host-away"
