"""Whom the listening thread answers itself: nobody for whom it might have to wait."""

import socket
from contextlib import suppress

import pytest

from webhook.manners import Answer, is_whole

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


def test_who_reads_no_answers_is_not_waited_for() -> None:
    ours, callers = socket.socketpair()
    with ours, callers:
        ours.setblocking(False)
        assert _takes(ours)
        with suppress(BlockingIOError):
            while True:
                ours.send(bytes(4096))
        assert not _takes(ours)
        callers.setblocking(False)
        with suppress(BlockingIOError):
            while callers.recv(1 << 20):
                pass
        assert _takes(ours)
        callers.close()
        assert not _takes(ours)


def test_an_answer_is_sent_at_once_and_only_when_it_is_told_to() -> None:
    ours, callers = socket.socketpair()
    with ours, callers:
        callers.setblocking(False)
        answer = Answer(ours)
        answer.sendall(b"head ")
        answer.sendall(b"body")
        with pytest.raises(BlockingIOError):
            callers.recv(64)
        assert answer.send()
        assert callers.recv(64) == b"head body"


def _takes(caller: socket.socket) -> bool:
    answer = Answer(caller)
    answer.setblocking(True)  # as who reads the request would have it
    answer.sendall(bytes(250))
    return answer.send()
