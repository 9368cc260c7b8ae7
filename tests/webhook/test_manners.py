"""Whom the listening thread answers itself: nobody for whom it might have to wait."""

import socket
from contextlib import suppress

import pytest

from webhook.manners import is_whole, takes_an_answer

HEAD = b"POST /callbacks/sms/token HTTP/1.1\r\nHost: gleaner\r\n"


@pytest.mark.parametrize(
    ("heard", "whole"),
    [
        (HEAD + b"Content-Length: 2\r\n\r\n{}", True),
        (HEAD + b"content-length:2\t\r\nX-Other: 7\r\n\r\n{}", True),
        (HEAD + b"Content-Length: 0\r\n\r\n", True),
        (b"", False),
        (HEAD, False),
        (HEAD + b"Content-Length: 2\r\n\r\n{", False),
        (HEAD + b"Content-Length: 2\r\n\r\n{}POST /", False),
        (HEAD + b"\r\n{}", False),
        (HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", False),
        (HEAD + b"Content-Length: 2\r\nContent-Length: 200\r\n\r\n{}", False),
        (HEAD + b"Content-Length: +2\r\n\r\n{}", False),
        (HEAD + b"Content-Length: 2, 2\r\n\r\n{}", False),
        (HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}", False),
        (HEAD + b"Content-Length: 2\r\nTRANSFER-ENCODING : chunked\r\n\r\n{}", False),
        (HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}", False),
        (b"POST /admin/jobs HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", False),
        (b"GET /callbacks/sms/token HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", False),
    ],
)
def test_only_one_callback_from_its_first_byte_to_its_last_is_whole(heard: bytes, whole: bool) -> None:
    assert is_whole(heard) is whole


def test_who_reads_no_answers_is_not_answered_where_others_would_have_to_wait() -> None:
    ours, callers = socket.socketpair()
    with ours, callers:
        assert takes_an_answer(ours)
        ours.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                ours.send(bytes(4096))
        assert not takes_an_answer(ours)
        callers.setblocking(False)
        with suppress(BlockingIOError):
            while callers.recv(1 << 20):
                pass
        assert takes_an_answer(ours)
        callers.close()
        assert not takes_an_answer(ours)
