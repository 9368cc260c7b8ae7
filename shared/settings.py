"""The one reader of settings: environment first, then the nearest `.env` upward, then the default.

A settings dataclass declares its fields with `setting(...)`; the core's is `Settings`, and each vendor's folder has one
of its own, read by the same `read`. A value that cannot be read is `Misconfigured`, with the name of the variable and
what it should have been. Lengths of time are seconds. Secrets never appear in a repr.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from dotenv import dotenv_values, find_dotenv

from shared import secrets
from shared.errors import Misconfigured
from shared.networks import Bind, Network, bind, networks

SIMULATED = "GLEANER_SIMULATED"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Source:
    """Where values come from. `base` is the folder to which relative paths refer."""

    environ: Mapping[str, str]
    dotenv: Mapping[str, str]
    base: Path

    def find(self, name: str) -> tuple[str | None, str]:
        """The raw value and where it was found; an empty value counts as not set."""
        for origin, values in (("environment", self.environ), (".env", self.dotenv)):
            if values.get(name):
                return values[name], origin
        return None, "default"


def source(environ: Mapping[str, str] | None = None) -> Source:
    """The process's own source: its environment and the nearest `.env` upward from the working directory."""
    path = find_dotenv(usecwd=True)
    values = {name: value for name, value in dotenv_values(path).items() if value} if path else {}
    return Source(
        os.environ if environ is None else environ, values, Path(path).parent if path else Path.cwd()
    )


def setting(
    env: str,
    default: Any,
    meaning: str,
    parse: Callable[[str], Any] = str,
    secret: bool = False,
    internal: bool = False,
) -> Any:  # dataclasses.field is typed as its default, too
    """Declare a field of a settings dataclass. A default that is a `str` goes through `parse` like any value.

    `internal`: one process of ours tells it to another; it is not for owners to set.
    """
    declared = {"env": env, "default": default, "meaning": meaning, "parse": parse, "internal": internal}
    return field(metadata=declared, repr=not secret)


def read(cls: type[T], where: Source) -> T:
    """Build a settings dataclass, or raise Misconfigured naming the variable."""
    return cls(**{each.name: _value(each.metadata, where) for each in fields(cls)})  # type: ignore[arg-type]


def _value(declared: Mapping[str, Any], where: Source) -> Any:
    raw, _ = where.find(declared["env"])
    raw = declared["default"] if raw is None else raw
    if not isinstance(raw, str):
        return raw
    try:
        value = declared["parse"](raw)
    except (ValueError, KeyError) as error:
        raise Misconfigured("bad-setting", f"{declared['env']}: {error}") from error
    return where.base / value if isinstance(value, Path) else value


# -- parsers -----------------------------------------------------------------------------------------------------------


def seconds(text: str) -> timedelta:
    """A length of time: seconds, or a number with `m`, `h`, `d` or `days`."""
    units = {"days": 86400, "day": 86400, "d": 86400, "h": 3600, "m": 60, "s": 1}
    number, unit = text.strip(), "s"
    for name in units:
        if number.endswith(name):
            number, unit = number.removesuffix(name).strip(), name
            break
    return timedelta(seconds=_number(number) * units[unit])


def pause(text: str) -> timedelta:
    """A length of time that is long enough to be waited between two rounds of work."""
    if (length := seconds(text)) < timedelta(seconds=0.1):
        raise ValueError("must be at least 0.1 seconds")
    return length


def size(text: str) -> int:
    """Bytes, with an optional kB, MB, GB or TB."""
    units = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "B": 1}
    number, unit = text.strip().upper(), "B"
    for name in units:
        if number.endswith(name):
            number, unit = number.removesuffix(name).strip(), name
            break
    return int(_number(number) * units[unit])


def whole(text: str) -> int:
    """A whole number, not negative."""
    if not text.strip().isdigit():
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


def positive(text: str) -> int:
    """A whole number, at least 1."""
    if (number := whole(text)) < 1:
        raise ValueError("must be at least 1")
    return number


def port(text: str) -> int:
    """A TCP port."""
    if not 0 < (number := whole(text)) < 65536:
        raise ValueError(f"{text!r} is not a port")
    return number


def optional_path(text: str) -> Path | None:
    """A path; empty is none."""
    return Path(text) if text else None


def words(text: str) -> tuple[str, ...]:
    """Comma-separated words."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def zone(text: str) -> str:
    """The name of a time zone that exists."""
    try:
        return ZoneInfo(text).key
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{text!r} is not a time zone") from error


def one_of(*allowed: str) -> Callable[[str], str]:
    """One of a few words."""

    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"{text!r} is none of {', '.join(allowed)}")
        return text

    return parse


def http_url(text: str) -> str:
    """An http or https address, without a slash at its end; empty stays empty."""
    if text and not text.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    if text and not _names_a_host(text):
        raise ValueError("must name a host, perhaps with :port, and hold no blanks")
    return text.rstrip("/")


def _names_a_host(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and parts.port != 0 and not any(map(str.isspace, address))
    except ValueError:  # its text repeats the address, which may hold a secret
        return False


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
    if not 0 <= number < float("inf"):
        raise ValueError("must not be negative or endless")
    return number


# -- the core's settings -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Settings:
    """The core's settings; `.env.example` explains each of them. Empty text means "derived when the parts are built"."""

    home: Path = setting("GLEANER_HOME", "var", "Redis data, archive, spool, generated secrets", Path)
    host: str = setting("GLEANER_HOST", "127.0.0.1", "where the web process listens")
    port: int = setting("PORT", "8000", "where the web process listens", port)
    callback_bind: Bind | None = setting(
        "CALLBACK_BIND", "", "host:port of its own for what vendors call; empty: the same", bind
    )
    public_url: str = setting("PUBLIC_URL", "", "base of the callback addresses handed to vendors", http_url)
    redis_url: str = setting("REDIS_URL", "", "job state; empty: an embedded server", secret=True)
    broker_url: str = setting(
        "CELERY_BROKER_URL", "", "doorbells; empty: the same server, next database", secret=True
    )
    redis_prefix: str = setting("REDIS_PREFIX", "{gleaner}:", "before every key of ours")
    archive_url: str = setting("ARCHIVE_URL", "", "where assets live; empty: $GLEANER_HOME/archive")
    spool_dir: Path | None = setting(
        "SPOOL_DIR", "", "unfinished bytes; empty: .partial/ in the archive", optional_path
    )
    admin_token: str = setting(
        "ADMIN_TOKEN", "", "root bearer token; empty: generated", secrets.admin_token, secret=True
    )
    secret_key: str = setting(
        "SECRET_KEY", "", "keys are derived from it; empty: generated", secrets.secret_key, secret=True
    )
    callback_allow: tuple[Network, ...] = setting(
        "CALLBACK_ALLOW", "", "networks from which callbacks are taken; empty: any", networks
    )
    trusted_proxies: tuple[Network, ...] = setting(
        "TRUSTED_PROXIES", "", "networks of proxies whose X-Forwarded-For is believed; empty: none", networks
    )
    cameras_file: Path = setting("CAMERAS_FILE", "cameras.toml", "the cameras", Path)
    media_allow: str = setting(
        "MEDIA_ALLOW", "", "where a vendor's address may lead; empty: the vendors' own hosts"
    )
    media_rewrite: str = setting(
        "MEDIA_REWRITE", "", "hosts of a vendor's inside network, each with the one that is reached from here"
    )
    vendors: tuple[str, ...] = setting("VENDORS", "sms,imou", "the vendor folders in use", words)
    harvest_every: timedelta = setting(
        "HARVEST_EVERY", "3600", "between two listings of a camera's records; 0: only by hand", seconds
    )
    sweep_every: timedelta = setting("SWEEP_EVERY", "15", "between two sweeps", pause)
    silence: timedelta = setting(
        "CALLBACK_SILENCE", "90", "without news for so long, a download is asked about", pause
    )
    submit_timeout: timedelta = setting("SUBMIT_TIMEOUT", "60", "how long a submit may take to answer", pause)
    lease: timedelta = setting("LEASE_SECONDS", "120", "a worker's claim without a heartbeat", pause)
    retries: int = setting("RETRIES", "5", "charged submissions of one job at most", positive)
    retry_wait: timedelta = setting("RETRY_WAIT", "10", "before the next submission, then growing", seconds)
    busy_wait: timedelta = setting(
        "BUSY_WAIT", "30", "before a busy or offline device is asked again", seconds
    )
    unanswered: int = setting(
        "UNANSWERED", "5", "asks without an answer before an attempt is given up", positive
    )
    finalising: timedelta = setting("FINALISING", "300", "wait for the file once the stream is gone", seconds)
    grace: timedelta = setting("GRACE", "60", "wait for further files once one has landed", seconds)
    give_up: timedelta = setting("GIVE_UP", "7 days", "age at which a live job ends failed", seconds)
    window_minutes: int = setting("WINDOW_MINUTES", "30", "longest window; longer ones are cut", positive)
    fetch_concurrency: int = setting("FETCH_CONCURRENCY", "4", "fetches at once", positive)
    space_reserve: int = setting("SPACE_RESERVE", "5GB", "free space left alone", size)
    retention_days: int = setting("JOB_RETENTION_DAYS", "30", "how long ended jobs stay listed", positive)
    log_format: str = setting(
        "LOG_FORMAT", "", "text or json; empty: text on a terminal", one_of("", "text", "json")
    )
    simulated: bool = setting(
        SIMULATED, "", "the vendors are the sandbox's: set by `gleaner up`", bool, internal=True
    )
    tickets: Path | None = setting(
        "GLEANER_TICKETS", "", "where processes die: set by the crash harness", optional_path, internal=True
    )
    url: str = setting(
        "GLEANER_URL", "", "the service that the commands speak to; empty: the local one", http_url
    )

    def __post_init__(self) -> None:
        if self.callback_bind and self.callback_bind.port == self.port:
            raise Misconfigured(
                "bad-setting", f"CALLBACK_BIND: needs another port than PORT, which is {self.port}"
            )

    @property
    def local_url(self) -> str:
        """The service on this machine."""
        return self.binds[0].url

    @property
    def binds(self) -> tuple[Bind, ...]:
        """Where the web process listens: for people and programs first, for vendors last, which may be the same."""
        own = Bind(self.host, self.port)
        return (own, self.callback_bind) if self.callback_bind else (own,)

    @property
    def called_at(self) -> str:
        """The base of the callback addresses: PUBLIC_URL, or where this machine takes callbacks."""
        return self.public_url or self.binds[-1].url
