"""Addresses of Redis, as its own client reads them and as kombu does, which differ in how a database is spelled.

A place is a server and one of its databases. Errors are Misconfigured, and repeat no part of an address: it may hold a
password.
"""

from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from redis import connection

from shared.errors import Misconfigured

PORTS = {"redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671}  # where they listen if nothing is said


class Place(NamedTuple):
    """Host or path of a socket, port (none for a socket), and number of the database."""

    server: str
    port: int | None
    database: int


def state_place(url: str) -> Place:
    """Where REDIS_URL leads. Misconfigured when it is not an address that is served."""
    options = _options(url)
    database = options.get("db", 0)
    if "path" in options:
        return Place(options["path"], None, database)
    return Place(_host(options.get("host")), options.get("port", 6379), database)


def broker_place(url: str) -> Place | None:
    """Where CELERY_BROKER_URL leads, or None when that is no Redis. Misconfigured when it cannot be read."""
    try:
        parts = urlsplit(url)
        if parts.scheme == "redis+socket":
            number = dict(parse_qsl(parts.query)).get("virtual_host", "0")
            return Place(unquote(parts.path), None, int(number))
        if parts.scheme in ("redis", "rediss"):
            return Place(_host(parts.hostname), parts.port or 6379, int(parts.path.strip("/") or 0))
    except ValueError:
        raise Misconfigured("bad-setting", "CELERY_BROKER_URL: is no address of a broker") from None
    return None


def next_database(url: str) -> str:
    """The next database of the same server with the same login, in the spelling that kombu knows."""
    options, parts = _options(url), urlsplit(url)
    database = options.get("db", 0) + 1
    name, password = (quote(options.get(key, ""), safe="") for key in ("username", "password"))
    login = f"{name}:{password}@" if name or password else ""
    if parts.scheme == "unix":
        return f"redis+socket://{login}{quote(options['path'])}?virtual_host={database}"
    tls = {key: value for key, value in parse_qsl(parts.query) if key.startswith("ssl_")}
    if parts.scheme == "rediss":  # kombu alone would believe any certificate
        tls = {"ssl_cert_reqs": "required"} | tls
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{login}{host}/{database}{'?' if tls else ''}{urlencode(tls)}"


def servers(state: str, broker: str) -> frozenset[tuple[str, int]]:
    """Host and port of the TCP servers that REDIS_URL and CELERY_BROKER_URL name; without those on a socket."""
    place = state_place(state)
    found = {(place.server, place.port)} | {_server(url) for url in broker.split(";")}
    return frozenset((host, port) for host, port in found if host and port)


def _server(url: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(url)
        return (
            (_host(parts.hostname), parts.port or PORTS[parts.scheme])
            if parts.scheme in PORTS
            else ("", None)
        )
    except ValueError:
        raise Misconfigured("bad-setting", "CELERY_BROKER_URL: is no address of a broker") from None


def _options(url: str) -> dict[str, Any]:
    if url.startswith("redis+sentinel://"):
        raise Misconfigured("bad-setting", "REDIS_URL: redis+sentinel:// is not served yet; it arrives later")
    try:
        options: dict[str, Any] = connection.parse_url(url)  # type: ignore[no-untyped-call]
        if not url.startswith("unix:") or "path" in options:
            return options
    except ValueError:
        pass
    raise Misconfigured("bad-setting", "REDIS_URL: must be redis://…, rediss://… or unix:///path?db=N")


def _host(name: str | None) -> str:
    return "127.0.0.1" if not name or name.lower() == "localhost" else name.lower()
