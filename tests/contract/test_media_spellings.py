"""Whatever way an address is written: while nothing of loopback is named, nobody on loopback is reached."""

import socket
from collections import Counter
from contextlib import suppress
from ipaddress import ip_address

import pytest
from urllib3.util.connection import create_connection

from shared.adapters.http import GuardedSession
from shared.errors import GleanerError
from tests.contract.media_server import Server, fetched, source
from tests.contract.spellings import SPELLINGS

LEAST = 200


class Listener:
    """Counts connections on one port of loopback, by IPv4 and, where there is any, IPv6."""

    def __init__(self):
        self._sockets = [socket.create_server(("127.0.0.1", 0), backlog=1_000)]
        self.port = self._sockets[0].getsockname()[1]
        with suppress(OSError):
            self._sockets.append(
                socket.create_server(("::1", self.port), family=socket.AF_INET6, backlog=1_000)
            )

    def connections(self):
        """How many there have been since last asked."""
        count = 0
        for listening in self._sockets:
            listening.setblocking(False)
            with suppress(BlockingIOError):
                while True:
                    listening.accept()[0].close()
                    count += 1
        return count

    def close(self):
        for listening in self._sockets:
            listening.close()


@pytest.fixture
def listener():
    listening = Listener()
    yield listening
    listening.close()


class Line:
    """Opens connections, to loopback alone, and keeps a list."""

    def __init__(self):
        self.opened = []

    def __call__(self, place, *more):
        self.opened.append(place)
        if not ip_address(place[0]).is_loopback:
            raise ConnectionRefusedError(111, "Connection refused")
        return create_connection(place, *more)


def hostile(host):
    """Numbers lead where the system says that they do, and all names of the world to loopback."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except OSError:
        return ("127.0.0.1", "::1")
    return tuple(str(sockaddr[0]) for *_, sockaddr in found)


def said(media, address, **more):
    """The code with which an address is turned away; whatever else happens is told as it is."""
    try:
        fetched(media, address, **more)
    except GleanerError as error:
        return f"{type(error).__name__} {error.code}"
    return "fetched"


def test_there_are_enough_spellings_and_the_hostile_resolver_reads_numbers():
    assert len(SPELLINGS) >= LEAST
    assert [hostile(host) for host in ("2130706433", "0x7f.1", "0177.0.0.1")] == [("127.0.0.1",)] * 3


@pytest.mark.parametrize("public", [False, True])
@pytest.mark.parametrize(
    "allow", ["", "media.example", ".example", "10.0.0.0/8,[2001:db8::]/32,192.0.2.0/24:80"]
)
def test_no_spelling_leads_to_loopback_and_none_is_met_with_surprise(listener, allow, public):
    line = Line()
    media = source(allow=allow, resolve=hostile, session=GuardedSession(connect=line))
    judged = {
        spelling: said(media, spelling.format(p=listener.port), public=public) for spelling in SPELLINGS
    }
    fine = ("Refused media-address-odd", "Transient media-host-not-allowed")
    assert {spelling: code for spelling, code in judged.items() if code not in fine} == {}
    assert min(Counter(judged.values())[code] for code in fine) > LEAST / 4
    assert (line.opened, listener.connections()) == ([], 0)


def test_the_listener_and_the_line_would_tell(listener):
    line = Line()
    media = source(
        allow="127.0.0.0/8,::1/128", resolve=hostile, stall=0.2, session=GuardedSession(connect=line)
    )
    assert said(media, f"http://any.other:{listener.port}/") != "Transient media-host-not-allowed"
    assert (len(line.opened), listener.connections()) == (1, 1)


def test_no_spelling_in_a_redirect_leads_to_loopback():
    """Those that name no host of their own lead back to the server that redirects, and nowhere else."""
    line = Line()
    with Server("127.0.0.7") as server:
        media = source(allow="127.0.0.7/32", resolve=hostile, session=GuardedSession(connect=line))
        for spelling in SPELLINGS:
            place = spelling.format(p=server.port).encode("latin-1", "replace").decode("latin-1")
            server.says(["HTTP/1.1 302 There", f"Location: {place}", "Content-Length: 0"])
            said(media, f"http://127.0.0.7:{server.port}/")
            server.replies.clear()
    assert set(line.opened) == {("127.0.0.7", server.port)}
    assert len(line.opened) >= len(SPELLINGS)
