"""`python -m bench.pacer HOST PORT RATE SECONDS FILE`: POSTs at a steady rate, whatever the answers do; figures as JSON.

FILE has a path and a body, parted by a tab, on each line. A request's time runs from the moment at which it was due, so that
a server which holds up the next ones does not look faster for it.
"""

import json
import selectors
import socket
import sys
import time
from collections import Counter, deque
from pathlib import Path

CONNECTIONS = 32
PATIENCE = 5.0  # seconds after the last request was due


class Line:
    """One keep-alive connection, made anew when it breaks."""

    def __init__(self, host: str, port: int, selector: selectors.BaseSelector) -> None:
        self._where, self._selector = (host, port), selector
        self.due = 0.0
        self._open()

    def _open(self) -> None:
        self._socket = socket.create_connection(self._where, timeout=PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(self._socket, selectors.EVENT_READ, self)
        self._read = b""

    def send(self, request: bytes, due: float) -> None:
        """Ask; the answer is met by `answer`."""
        self.due = due
        self._socket.sendall(request)

    def answer(self) -> str | None:
        """The status, once the whole answer is there; "broken" when there will be none."""
        try:
            piece = self._socket.recv(65536)
        except OSError:
            piece = b""
        if not piece:
            self._selector.unregister(self._socket)
            self._socket.close()
            self._open()
            return "broken"
        self._read += piece
        head, end, body = self._read.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        if not end or len(body) < length:
            return None
        self._read = b""
        return head[9:12].decode()


def paced(host: str, port: int, rate: float, seconds: float, requests: list[bytes]) -> dict[str, object]:
    """Send them, from the first again when they are used up; statuses, and times in milliseconds."""
    selector = selectors.DefaultSelector()
    idle = deque(Line(host, port, selector) for _ in range(CONNECTIONS))
    times, statuses = list[float](), Counter[str]()
    began, sent, total = time.monotonic(), 0, int(rate * seconds)
    while len(times) < total and time.monotonic() < began + seconds + PATIENCE:
        while idle and sent < total and began + sent / rate <= time.monotonic():
            idle.popleft().send(requests[sent % len(requests)], began + sent / rate)
            sent += 1
        wait = began + sent / rate - time.monotonic() if idle and sent < total else 0.1
        for key, _ in selector.select(max(0.0, wait)):
            if status := key.data.answer():
                times.append((time.monotonic() - key.data.due) * 1e3)
                statuses[status] += 1
                idle.append(key.data)
    times.sort()
    statuses["none"] = total - len(times)
    return {
        "statuses": {status: number for status, number in statuses.items() if number},
        "p50": times[len(times) // 2],
        "p99": times[int(len(times) * 0.99)],
        "most": times[-1],
    }


def request(path: str, body: str, host: str) -> bytes:
    """A POST of JSON as bytes."""
    content = body.encode()
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


def main() -> None:
    """As the head of this file says."""
    host, port, rate, seconds, path = sys.argv[1:]
    lines = [line.partition("\t") for line in Path(path).read_text().splitlines()]
    requests = [request(where, body, host) for where, _, body in lines]
    print(json.dumps(paced(host, int(port), float(rate), float(seconds), requests)))


if __name__ == "__main__":
    main()
