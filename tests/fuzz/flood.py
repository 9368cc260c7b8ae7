"""`python -m tests.fuzz.flood PORT SECONDS ADDRESSES`: guesses at callback addresses, as fast as one process goes.

Several requests are on their way at once over a few connections. The caller claims to be so many addresses in turn, for
a receiver that takes this machine for its proxy. Prints how many answers of each status came.
"""

import json
import selectors
import socket
import sys
import time
from collections import Counter

CONNECTIONS = 32


def _request(number: int, addresses: int) -> bytes:
    at = number % addresses
    caller = f"198.{18 + at // 65536}.{at // 256 % 256}.{at % 256}"
    return (
        f"POST /callbacks/sms/{number:026}-1-{number:032} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {caller}\r\n"
        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    ).encode()


def flood(port: int, seconds: float, addresses: int) -> Counter[str]:
    """How often each status was the answer."""
    found: Counter[str] = Counter()
    number, over = 0, time.monotonic() + seconds
    with selectors.DefaultSelector() as waiting:
        for _ in range(CONNECTIONS):
            connection = socket.create_connection(("127.0.0.1", port), 30)
            waiting.register(connection, selectors.EVENT_READ)
            connection.sendall(_request(number := number + 1, addresses))
        while time.monotonic() < over:
            for key, _ in waiting.select(1):
                connection = key.fileobj
                said = connection.recv(65536)
                if not said:  # it was kept long enough
                    waiting.unregister(connection)
                    connection.close()
                    connection = socket.create_connection(("127.0.0.1", port), 30)
                    waiting.register(connection, selectors.EVENT_READ)
                elif said.startswith(b"HTTP/1.1 "):
                    found[said[9:12].decode()] += 1
                connection.sendall(_request(number := number + 1, addresses))
    return found


if __name__ == "__main__":
    print(json.dumps(flood(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))))
