"""Calls to a vendor's API over the one guarded session."""

import json
import socket
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from shared.adapters.http import GuardedSession
from shared.errors import AnswerUnknown, Misconfigured, Transient, Whose
from tests.contract.media_server import SECRET, STALL, Server, a_port_that_never_answers


@pytest.fixture
def server():
    with Server() as running:
        yield running


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
