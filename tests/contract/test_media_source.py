"""What every way to media promises, over real HTTP and in memory; then what only HTTP can do wrong, and what the guard stops."""

import json
import re
import socket
import threading
import time
import traceback
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from shared.adapters.addresses import is_ours, is_public
from shared.adapters.http import GuardedSession
from shared.adapters.http_media import HttpMediaSource
from shared.adapters.media_guard import MediaAllow, MediaGuard, Target
from shared.adapters.memory_archive import MemoryMedia
from shared.errors import AnswerUnknown, Gone, Misconfigured, Refused, Transient, Whose

BYTES = bytes(range(256)) * 4_000
SECRET = "signature-3f9a"
STALL = 0.15


@dataclass(frozen=True)
class Heard:
    line: str
    headers: dict
    body: bytes


class Server:
    """A web server on loopback that says, byte for byte, what it was told to; otherwise it serves one file, with ranges."""

    def __init__(self, host="127.0.0.1"):
        self.host = host
        self.heard, self.replies, self.content, self.etag = [], deque(), BYTES, '"v1"'
        self._closing = threading.Event()

    def __enter__(self):
        self._socket = socket.create_server((self.host, 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._closing.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def address(self, path="/film.mp4"):
        return f"http://127.0.0.1:{self.port}{path}?sign={SECRET}"

    def says(self, head, *pieces, pause=0.0, stays=False):
        """The next answer: its head, its body in pieces, a pause before each; then the connection ends, or stays."""
        self.replies.append((head, pieces, pause, stays))

    def _serve(self):
        while not self._closing.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as incoming:
                try:
                    self._answer(connection, self._hear(incoming))
                except OSError:
                    continue

    def _hear(self, incoming):
        lines = []
        if incoming.peek(1)[:1] == b"\x16":  # the greeting of TLS
            return None
        while (line := incoming.readline().decode("latin-1")) not in ("", "\r\n"):
            lines.append(line.rstrip())
        line, *headers = lines or ["nothing"]
        named = {name.lower(): value for name, _, value in (header.partition(": ") for header in headers)}
        heard = Heard(line, named, incoming.read(int(named.get("content-length", 0))))
        self.heard.append(heard)
        return heard

    def _answer(self, connection, heard):
        head, pieces, pause, stays = self.replies.popleft() if self.replies else self._file(heard)
        connection.sendall("\r\n".join([*head, "", ""]).encode() if head else b"")
        for piece in pieces:
            self._closing.wait(pause)
            connection.sendall(piece)
        if stays:
            self._closing.wait(5)

    def _file(self, heard):
        size, start = len(self.content), 0
        if "range" in heard.headers and heard.headers["if-range"] == self.etag:
            start = int(re.fullmatch(r"bytes=(\d+)-", heard.headers["range"])[1])
        if start >= size and start:
            return ["HTTP/1.1 416 No", f"Content-Range: bytes */{size}", "Content-Length: 0"], (), 0, False
        head = [f"HTTP/1.1 {'206 Part' if start else '200 OK'}", f"Content-Length: {size - start}"]
        head += [f"Content-Range: bytes {start}-{size - 1}/{size}"] * bool(start) + [
            f"ETag: {self.etag}"
        ] * bool(self.etag)
        return head, (self.content[start:],), 0, False


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


def source(server, *, allow="127.0.0.1", **more):
    return HttpMediaSource(GuardedSession(), MediaAllow.parse(allow), **more)


@pytest.fixture
def server():
    with Server() as running:
        yield running


@pytest.fixture(params=["http", "memory"])
def way(request):
    with ExitStack() as stack:
        yield OverHttp(stack.enter_context(Server())) if request.param == "http" else InMemory()


def fetched(media, address, start=0, validator=None, **more):
    with media.open(address, start, validator, **more) as download:
        return download.start, download.total, download.validator, b"".join(download.chunks)


def drain(download, came):
    for chunk in download.chunks:
        came.extend(chunk)


def trouble(media, address, start=0, validator=None, **more):
    with pytest.raises(Transient) as caught:
        fetched(media, address, start, validator, **more)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    return caught.value


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
        (302, "media-redirected", Whose.JOB),
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


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_nor_its_body_waited_for(server, status):
    server.says(
        [f"HTTP/1.1 {status} There", f"Location: {server.address('/there')}"], b"x" * 1_000, stays=True
    )
    began = time.monotonic()
    assert trouble(source(server), server.address()).code == "media-redirected"
    assert time.monotonic() - began < 3
    assert len(server.heard) == 1


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
    server.says(["HTTP/1.1 206 Part", "Content-Length: 0", *([f"Content-Range: {stated}"] if stated else [])])
    assert trouble(source(server), server.address(), 10, '"v1"').code == "media-range-odd"


def test_a_part_of_unknown_total_is_taken(server):
    server.says(["HTTP/1.1 206 Part", "Content-Length: 5", "Content-Range: bytes 10-14/*"], b"01234")
    assert fetched(source(server), server.address(), 10, '"v1"') == (10, None, '"v1"', b"01234")


def test_a_part_that_is_longer_or_shorter_than_it_says_is_never_taken_for_whole(server):
    chunked = ["HTTP/1.1 206 Part", "Transfer-Encoding: chunked", "Content-Range: bytes 10-14/15"]
    server.says(chunked, b"6\r\n012345\r\n0\r\n\r\n")
    assert trouble(source(server), server.address(), 10, '"v1"').code == "media-range-odd"
    server.says(chunked, b"4\r\n0123\r\n0\r\n\r\n")
    assert trouble(source(server), server.address(), 10, '"v1"').code == "media-broken-off"


@pytest.mark.parametrize(
    "head",
    [
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


@contextmanager
def a_port_that_never_answers():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf, ExitStack() as queue:
        for _ in range(4):
            knock = queue.enter_context(socket.socket())
            knock.setblocking(False)
            knock.connect_ex(deaf.getsockname())
        yield deaf.getsockname()[1]


def test_a_host_that_does_not_take_the_connection_is_away():
    with a_port_that_never_answers() as port:
        media = HttpMediaSource(GuardedSession(connect_timeout=STALL), MediaAllow.parse("127.0.0.1"), stall=5)
        assert trouble(media, f"http://127.0.0.1:{port}/").code == "media-host-away"


def test_a_host_that_speaks_no_tls_is_away(server):
    server.says(["HTTP/1.1 400 Bad"])
    assert trouble(source(server), server.address().replace("http", "https", 1)).code == "media-host-away"


# -- HTTP: where an address may lead


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
    assert MediaAllow.parse(allow).allows(Target.of(address))


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.2/", "http://127.1/", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://0/",
        "http://localhost/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://169.254.169.254/", "http://evil.example/",
        "http://media.example.evil.example/", "http://evil-media.example/", "http://a.media.example/", "http://example/",
        "http://media.example:81/", "https://media.example/", "http://①②⑦.0.0.1/", "http://media。example.evil/",
        "http://127.0.0.1:81/", "http://[::7f00:1]/", "http://0.0.0.0/", "http://127.0.0.1.nip.example/",
    ],
)  # fmt: skip
def test_a_host_that_is_not_named_exactly_waits_with_the_line_to_add(address):
    guarded = HttpMediaSource(GuardedSession(), MediaAllow.parse("media.example:80"))
    error = trouble(guarded, address + f"film.mp4?sign={SECRET}")
    assert (error.code, error.whose, error.asked) == ("media-host-not-allowed", Whose.VENDOR, False)
    line = re.search(r"MEDIA_ALLOW=(\S+)", error.detail)[1]
    assert line.startswith("media.example:80,")
    assert MediaAllow.parse(line).allows(Target.of(address))


@pytest.mark.parametrize(
    "address",
    [
        "", "film.mp4", "//media.example/", "ftp://media.example/", "file:///etc/passwd", "gopher://media.example/", "http:",
        "http://", "http:///x", "http://@media.example/", "http://me@media.example/", "http://evil.example@media.example/",
        "http://media.example@evil.example/", "http://evil.example\\@media.example/", "http://media.example\\.evil.example/",
        "http://media.example:port/", "http://media.example:99999/", "http://[::1/", "http://[media.example]/", "http://::1/",
        "http://media.example\r\nHost: evil/", "http://media.example/\r\nX: y", "http://media.example/\0", "http://media..example/",
        "http://.media.example/", "http://*.example/", "http://media.example%2eevil/", "http://%6dedia.example/",
        "http://media.example /", "http://[fe80::1%25eth0]/", "http://media.example..", "http://" + "a" * 64 + ".example/",
        "http://" + "a." * 200 + "example/", "http://\udcff.example/", "http://media.example/\udcff", "http://xn--a\u00fc.example/",
        "http://media.example\u2028/", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_an_address_that_is_not_plain_http_is_refused_for_good(address):
    guarded = HttpMediaSource(GuardedSession(), MediaAllow.parse("media.example, evil.example"))
    with pytest.raises(Refused) as caught:
        fetched(guarded, address)
    assert caught.value.code == "media-address-odd"


@pytest.mark.parametrize(
    "text",
    [
        ".example", "10.0.0.0/8", "10.0.0.0/8:80", "*.example", "*", "::1", "http://media.example", "media.example/x",
        "me@media.example", "media.example:port", "media.example:99999", "[::1", "[fe80::1%eth0]", "a b", "a,,b,.c", ":80",
        "fe80::/10", "media.example?x", "media.example#x",
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_read_is_said_to_be_so_at_the_start(text):
    with pytest.raises(Misconfigured) as caught:
        MediaAllow.parse(text)
    assert "full guard" in caught.value.detail


def test_with_nothing_named_nothing_is_allowed():
    error = trouble(HttpMediaSource(GuardedSession(), MediaAllow.parse(" ")), "https://media.example/x")
    assert error.detail.endswith("MEDIA_ALLOW=media.example:443")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.9.9.9", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "127.1"]
)
def test_our_own_ports_are_never_fetched_from_whoever_names_them(server, host):
    if ":" in host and not speaks_ipv6():
        pytest.skip("no IPv6 here")
    guarded = source(server, allow=host, own_ports=frozenset({server.port, 1}))
    error = trouble(guarded, f"http://{host}:{server.port}/?sign={SECRET}")
    assert (error.code, error.whose, error.asked) == ("media-host-not-allowed", Whose.VENDOR, False)
    assert "our own" in error.detail
    assert server.heard == []


def test_a_port_of_our_number_on_another_machine_is_not_ours():
    guard = MediaGuard(MediaAllow.parse("192.0.2.1"), frozenset({8000}))
    assert guard.passed("http://192.0.2.1:8000/x").url == "http://192.0.2.1:8000/x"


def speaks_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def test_other_ports_of_this_machine_are_fetched_from_when_named(server):
    assert fetched(source(server, own_ports=frozenset({1})), server.address())[3] == BYTES


# -- HTTP: where a vendor's address may lead when it may lead to any public host

PUBLIC = "127.0.0.2"  # in these tests


class Names:
    """Where names lead, by a script: each is asked about as often as it has answers; the last one stays."""

    def __init__(self, **names):
        self.names = {name.replace("_", "."): deque(answers) for name, answers in names.items()}
        self.asked = []

    def __call__(self, host):
        self.asked.append(host)
        answers = self.names.get(host)
        if not answers:
            raise OSError("no such name")
        return answers.popleft() if len(answers) > 1 else answers[0]


@pytest.fixture
def public_server():
    with Server(PUBLIC) as running:
        yield running


def open_to_public(resolve, *, allow="media.example", connect_timeout=5.0, **more):
    more = {"resolve": resolve, "is_public": lambda address: address == PUBLIC, **more}
    return HttpMediaSource(GuardedSession(connect_timeout), MediaAllow.parse(allow), **more)


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
        own_ports=frozenset({public_server.port}),
        is_public=lambda _: True,
    )
    error = trouble(guarded, picture(public_server), public=True)
    assert (error.code, "our own" in error.detail, public_server.heard) == (
        "media-host-not-allowed",
        True,
        [],
    )


def test_a_named_host_is_fetched_from_as_before_by_those_who_may_name_any(server):
    def nobody(host):
        raise AssertionError(host)

    guarded = open_to_public(nobody, allow="127.0.0.1", is_public=nobody)
    assert fetched(guarded, server.address(), public=True)[3] == BYTES


def test_a_named_host_on_a_port_of_our_number_is_connected_to_where_it_was_found_not_to_be_us():
    guard = MediaGuard(
        MediaAllow.parse("media.example"), frozenset({8000}), Names(media_example=[("192.0.2.1",)])
    )
    assert guard.passed("http://media.example:8000/x").at == ("192.0.2.1",)
    assert guard.passed("http://media.example:8001/x").at is None


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "2130706433", "0x7f.1", "0", "0.0.0.0", "localhost", "[::1]", "[::]", "[::ffff:127.0.0.1]",
        "[::7f00:1]", "10.0.0.1", "169.254.169.254", "[fe80::1]", "[64:ff9b::7f00:1]",
    ],
)  # fmt: skip
def test_no_spelling_of_an_inner_place_is_public(server, host):
    guarded = HttpMediaSource(GuardedSession(), MediaAllow.parse("media.example"))
    error = trouble(guarded, f"http://{host}:{server.port}/?sign={SECRET}", public=True)
    assert error.code in ("media-host-not-allowed", "media-host-away")
    assert (
        error.code == "media-host-not-allowed" or ":" in host
    )  # where there is no IPv6, such names lead nowhere
    assert server.heard == []


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


# -- HTTP: calls to a vendor's API


def call(server, path="/api", **more):
    return GuardedSession(connect_timeout=5).post_json(
        f"http://127.0.0.1:{server.port}{path}?sign={SECRET}", {"a": "人"}, **more
    )


def call_trouble(server, kind, **more):
    with pytest.raises(Transient) as caught:
        call(server, **more)
    assert type(caught.value) is kind
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    return caught.value


@pytest.mark.parametrize("status", [200, 302, 404, 500])
def test_a_call_hands_back_status_and_body_of_whatever_was_answered(server, status):
    server.says([f"HTTP/1.1 {status} So", "Location: /there", "Content-Length: 5"], b"hello")
    assert call(server, headers={"Token": "t", "Content-Type": "application/json; charset=utf-8"}) == (
        status,
        b"hello",
    )
    assert len(server.heard) == 1
    assert server.heard[0].line.startswith("POST /api")
    assert json.loads(server.heard[0].body) == {"a": "人"}
    sent = server.heard[0].headers
    assert (sent["token"], sent["content-type"]) == ("t", "application/json; charset=utf-8")
    assert (sent["accept-encoding"], sent["connection"]) == ("identity", "close")
    assert "cookie" not in sent


def test_a_call_that_reached_nobody_is_not_counted_as_asked():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}/{SECRET}", f"http://{'a' * 64}.example/{SECRET}"):
        with pytest.raises(Transient) as caught:
            GuardedSession(connect_timeout=5).post_json(url, {})
        assert SECRET not in "".join(traceback.format_exception(caught.value))
        assert type(caught.value) is Transient
        assert (caught.value.code, caught.value.whose, caught.value.asked) == (
            "vendor-away",
            Whose.VENDOR,
            False,
        )


def test_a_call_that_was_not_let_in_is_not_counted_as_asked():
    with a_port_that_never_answers() as port, pytest.raises(Transient) as caught:
        GuardedSession(connect_timeout=STALL).post_json(f"http://127.0.0.1:{port}/", {})
    assert (type(caught.value), caught.value.code, caught.value.asked) == (Transient, "vendor-away", False)


def test_a_call_over_tls_to_who_speaks_none_is_not_counted_as_asked(server):
    server.says(["HTTP/1.1 400 Bad"])
    with pytest.raises(Transient) as caught:
        GuardedSession().post_json(f"https://127.0.0.1:{server.port}/", {})
    assert (type(caught.value), caught.value.code) == (Transient, "vendor-away")


def test_every_call_has_a_connection_of_its_own_even_where_the_server_would_keep_it():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        ThreadPoolExecutor(1) as caller,
        ExitStack() as kept,
    ):
        server.settimeout(3)
        session, url = GuardedSession(), f"http://127.0.0.1:{server.getsockname()[1]}/"
        for _ in range(2):
            answer = caller.submit(session.post_json, url, {}, timeout=2)
            connection = kept.enter_context(server.accept()[0])
            assert connection.recv(65_536).startswith(b"POST")
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            assert answer.result() == (200, b"{}")


@pytest.mark.parametrize(
    ("head", "body", "stays"),
    [
        ([], b"", False),
        ([], b"", True),
        (["garbage"], b"", False),
        (["HTTP/1.1 200 OK", "Content-Length: 10"], b"half", False),
        (["HTTP/1.1 200 OK", "Content-Length: 10"], b"half", True),
        (["HTTP/1.1 200 OK", "Transfer-Encoding: chunked"], b"5\r\nhello\r\n", False),
        (["HTTP/1.1 200 OK", "Content-Length: 2", "Content-Length: 3"], b"{}", False),
        (["HTTP/1.1 200 OK", "Content-Encoding: gzip", "Content-Length: 2"], b"\x1f\x8b", False),
    ],
)
def test_a_call_whose_answer_was_lost_may_have_been_heard(server, head, body, stays):
    server.says(head, body, stays=stays)
    error = call_trouble(server, AnswerUnknown, timeout=STALL)
    assert (error.code, error.asked, len(server.heard)) == ("answer-lost", True, 1)


def test_an_answer_that_drips_for_longer_than_allowed_is_lost(server):
    server.says(["HTTP/1.1 200 OK", "Content-Length: 1000"], *[b"."] * 50, pause=0.05)
    began = time.monotonic()
    assert call_trouble(server, AnswerUnknown, timeout=STALL).code == "answer-lost"
    assert time.monotonic() - began < 0.9


@pytest.mark.parametrize(
    ("head", "pieces"),
    [
        ([], [b"HTTP/1.1 200 OK\r\n", *[b"X-More: yes\r\n"] * 20, b"Content-Length: 0\r\n\r\n"]),
        ([], [bytes([byte]) for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]),
        (["HTTP/1.1 200 OK"], [b"."] * 20),
        (["HTTP/1.1 200 OK", "Transfer-Encoding: chunked"], [b"1\r\n.\r\n"] * 20),
    ],
)
def test_the_time_of_a_call_is_for_its_head_and_its_body_together(server, head, pieces):
    server.says(head, *pieces, pause=0.06)
    began = time.monotonic()
    assert call_trouble(server, AnswerUnknown, timeout=STALL).code == "answer-lost"
    assert time.monotonic() - began < STALL + 0.3


def test_a_head_that_comes_late_leaves_less_time_for_the_body(server):
    server.says([], b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"{", b"}", pause=0.1)
    began = time.monotonic()
    assert call_trouble(server, AnswerUnknown, timeout=0.25).code == "answer-lost"
    assert time.monotonic() - began < 0.5


def test_a_handshake_that_never_ends_is_cut_off_and_nothing_was_asked():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url, began = f"https://127.0.0.1:{silent.getsockname()[1]}/", time.monotonic()
        with pytest.raises(Transient) as caught:
            GuardedSession(connect_timeout=5).post_json(url, {}, timeout=STALL)
    assert (type(caught.value), caught.value.code, caught.value.asked) == (Transient, "vendor-away", False)
    assert time.monotonic() - began < 1


def test_an_answer_that_is_too_large_is_not_read_to_its_end(server):
    server.says(["HTTP/1.1 200 OK"], *[b"x" * 1_000] * 50)
    assert call_trouble(server, AnswerUnknown, max_bytes=10_000).code == "answer-too-large"
    server.says(["HTTP/1.1 200 OK"], b"x" * 10_000)
    assert call(server, max_bytes=10_000) == (200, b"x" * 10_000)


@pytest.mark.parametrize(
    ("url", "token"),
    [
        ("", "t"),
        ("media.example", "t"),
        ("ftp://x/", "t"),
        ("http://", "t"),
        ("http://[/", "t"),
        ("http://x/", "a\nb"),
        ("http://x/", "人"),
    ],
)
def test_a_call_that_cannot_be_sent_at_all_is_a_matter_of_settings(url, token):
    with pytest.raises(Misconfigured) as caught:
        GuardedSession().post_json(url, {}, {"Token": token})
    assert caught.value.code == "request-unfit"
