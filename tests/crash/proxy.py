"""A TCP proxy that can be told to misbehave: to delay, to trickle, to cut, to swallow, to half close. One for each way."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

Fault = Literal["none", "delay", "slow", "cut", "black-hole", "half-open", "refuse"]
PIECE = 64 * 1024
SIP, SIP_PAUSE = 512, 0.02  # bytes, seconds: about 25 kB a second
_LOOK = 0.05


@dataclass
class Proxy:
    """Where it listens, where it leads, and what it does at the moment; `fault` may be changed at any time.

    delay: every piece comes 0.3 s late. slow: it trickles. cut: whatever is open is reset, and what comes after a piece.
    black-hole: connections are taken, and nothing gets through, nor is an end told. half-open: what is sent arrives, and
    no answer ever comes back. refuse: nobody is let in, and whatever is open is reset.
    """

    port: int
    target: tuple[str, int]
    fault: Fault = "none"
    open: set[socket.socket] = field(default_factory=set)
    over: threading.Event = field(default_factory=threading.Event)
    met: int = 0  # pieces that have met a fault

    def suffer(self, fault: Fault) -> None:
        """Begin with a fault, or with "none" end it; what hung by it until now is reset then, as by an impatient router."""
        before, self.fault = self.fault, fault
        if fault in ("cut", "refuse") or before in ("black-hole", "half-open"):
            self.reset()

    def reset(self) -> None:
        """Reset all connections."""
        for each in tuple(self.open):
            _reset(each)

    def serve(self, listener: socket.socket) -> None:
        """Take connections until it is over."""
        while not self.over.is_set():
            with suppress(TimeoutError):
                client, _ = listener.accept()
                threading.Thread(target=self._join, args=(client,), daemon=True).start()

    def _join(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            if self.fault == "refuse":
                self.met += 1
                return
            with socket.create_connection(self.target, 5) as server:
                self.open |= {client, server}
                back = threading.Thread(target=self._carry, args=(server, client, True), daemon=True)
                back.start()
                self._carry(client, server, False)
                back.join()
                self.open -= {client, server}

    def _carry(self, source: socket.socket, sink: socket.socket, back: bool) -> None:
        try:
            source.settimeout(None)
            while piece := source.recv(PIECE):
                if self.fault != "none":
                    self.met += 1
                    piece = self._spoilt(piece, sink, back)
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            _reset(source)
            _reset(sink)

    def _spoilt(self, piece: bytes, sink: socket.socket, back: bool) -> bytes:
        """What is left to send of a piece once the fault has had it; OSError ends the connection."""
        if self.fault == "delay":
            self.over.wait(0.3)
        elif self.fault == "slow":
            while piece and self.fault == "slow":
                sink.sendall(piece[:SIP])
                piece = piece[SIP:]
                self.over.wait(SIP_PAUSE)
        elif self.fault in ("cut", "refuse"):
            raise ConnectionResetError
        elif self.fault == "black-hole" or (self.fault == "half-open" and back):
            return b""
        return piece


def _reset(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy(target: tuple[str, int]) -> Iterator[Proxy]:
    """A proxy before a target, until the end of the block."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        listener.settimeout(_LOOK)
        serving = Proxy(listener.getsockname()[1], target)
        thread = threading.Thread(target=serving.serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield serving
        finally:
            serving.over.set()
            serving.reset()
            thread.join(5)
            time.sleep(_LOOK)
