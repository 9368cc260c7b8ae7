"""The one place where the real world is assembled: settings in, `Services` out.

Building does no I/O but the generated secrets, the cameras file and the archive's marker: a store that is away is met
when it is used.
"""

import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import redis
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.retry import Retry

from shared.adapters.cameras_file import CamerasFile
from shared.adapters.celery_queue import CeleryQueue
from shared.adapters.disk_archive import DiskArchive
from shared.adapters.http import GuardedSession
from shared.adapters.http_media import HttpMediaSource
from shared.adapters.media_allow import MediaAllow
from shared.adapters.media_apart import CheckApart
from shared.adapters.media_guard import MediaGuard
from shared.adapters.media_rewrite import MediaRewrite
from shared.adapters.record_store import RedisRecordStore
from shared.adapters.redis_address import broker_place, next_database, servers, state_place
from shared.adapters.redis_client import ThreadsClient
from shared.adapters.redis_shared import RedisShared
from shared.adapters.redis_store import RedisJobStore
from shared.adapters.video_apart import VideoApart
from shared.domain.retries import Policy
from shared.errors import Misconfigured
from shared.ledger import Ledger
from shared.points import Reach, by_tickets, pass_by
from shared.ports import PlaybackSource, RecordSource, VideoSource
from shared.ring import Ring, ring_of
from shared.sealing import Seal
from shared.services import Services
from shared.settings import Settings, Source, read, source, words
from shared.vendors import load
from shared.vendors.base import Toolbox, Vendor

FETCHER = (sys.executable, "-P", "-m", "shared.vendors.fetcher_child")


def build(
    settings: Settings | None = None,
    where: Source | None = None,
    patient: bool = True,
    ring: Ring | None = None,
) -> Services:
    """Services of the real world. `patient`: wait for a slow store and try again, which a web request must not.

    `ring`: the secrets that are in force in this process already.
    """
    where = where or source()
    settings = settings or read(Settings, where)
    vendors = load(settings.vendors)
    client = state_client(settings, patient)
    memory = RedisShared(client, settings.redis_prefix)
    session = GuardedSession()
    own = {vendor.name: read(vendor.settings, where) for vendor in vendors.values()}
    ring = ring or ring_of(settings, where.environ)
    seal = Seal(ring.keys(), ring.keys)
    jobs = RedisJobStore(client, settings.redis_prefix, patience=settings.busy_wait, seal=seal)
    reach = by_tickets(settings.tickets) if settings.tickets else pass_by
    check = CheckApart()
    kept = archive(settings, reach)
    toolbox = Toolbox(session, memory, seal, jobs.now)
    return Services(
        settings=settings,
        jobs=jobs,
        records=RedisRecordStore(client, settings.redis_prefix, seal),
        memory=memory,
        ledger=Ledger(jobs, CeleryQueue(broker_url(settings), settings.redis_prefix), policy_of(settings)),
        cameras=CamerasFile(
            settings.cameras_file, {name: vendor.section for name, vendor in vendors.items()}
        ),
        archive=kept,
        media=HttpMediaSource(session, media_guard(settings, media_allow(settings, own))),
        check=check,
        expect=check.expect,
        sources=_sources(vendors, own, toolbox),
        record_sources=_record_sources(vendors, own, toolbox),
        videos=_videos(vendors, own, kept.spool_dir),
        public_media=frozenset(name for name, vendor in vendors.items() if vendor.public_media),
        ring=ring,
        public_url=settings.called_at,
        simulated=settings.simulated,
        reach=reach,
    )


def _sources(
    vendors: dict[str, Vendor[Any]], own: dict[str, Any], toolbox: Toolbox
) -> dict[str, PlaybackSource]:
    """All, set up or not: jobs wait for one that lacks something."""
    return {name: vendor.playback(own[name], toolbox) for name, vendor in vendors.items() if vendor.playback}


def _record_sources(
    vendors: dict[str, Vendor[Any]], own: dict[str, Any], toolbox: Toolbox
) -> dict[str, RecordSource]:
    """Those that are set up: without an account there is nothing to wait for, as there is with jobs."""
    return {
        name: vendor.records(own[name], toolbox)
        for name, vendor in vendors.items()
        if vendor.records and not vendor.lacks(own[name])
    }


def _videos(vendors: dict[str, Vendor[Any]], own: dict[str, Any], home: Path) -> dict[str, VideoSource]:
    """Those whose settings name an owner's code. It gets none of our settings, for they hold secrets."""
    ours: tuple[type[Any], ...] = (Settings, *(vendor.settings for vendor in vendors.values()))
    hidden = frozenset(each.metadata["env"] for declaring in ours for each in fields(declaring))
    named = {name: vendor.fetcher(own[name]) for name, vendor in vendors.items() if vendor.fetcher}
    return {
        name: VideoApart((*FETCHER, each.name, each.setting), home, hidden)
        for name, each in named.items()
        if each.name
    }


def policy_of(settings: Settings) -> Policy:
    """The lifecycle's numbers, as far as they are settings."""
    return Policy(
        silence=settings.silence,
        finalising=settings.finalising,
        grace=settings.grace,
        give_up=settings.give_up,
        retries=settings.retries,
        unanswered=settings.unanswered,
        retry_wait=settings.retry_wait,
    )


def state_client(settings: Settings, patient: bool = True) -> redis.Redis:
    """A client of the state database. Every time-out is given: the library's own hold a request for a minute.

    After a server's new start each connection in hand is dead: that is worth another try at once, even to the impatient.
    """
    if not settings.redis_url:
        raise Misconfigured("no-redis", "REDIS_URL is not set; `gleaner up` starts a server of its own")
    state_place(settings.redis_url)
    dead_connection = Retry(NoBackoff(), 1, (redis.ConnectionError,))
    retry = Retry(ExponentialBackoff(cap=1, base=0.05), 3) if patient else dead_connection
    pool = redis.ConnectionPool.from_url(
        settings.redis_url,
        decode_responses=True,
        encoding_errors="surrogateescape",  # or one text that is none would spoil all answers that come with it
        protocol=2,
        socket_timeout=5 if patient else 0.5,
        socket_connect_timeout=2 if patient else 0.5,
        health_check_interval=10,
        retry=retry,
    )
    return ThreadsClient(connection_pool=pool, rest=0 if patient else 0.5)


def broker_url(settings: Settings) -> str:
    """The broker: as set, else the next database of the state's server, in the spelling that kombu knows.

    Without REDIS_URL a broker that reaches nobody. Misconfigured `same-database` when it would be the state's own.
    """
    if not settings.redis_url:
        return settings.broker_url or "memory://"
    place = state_place(settings.redis_url)
    if not settings.broker_url:
        return next_database(settings.redis_url)
    if broker_place(settings.broker_url) == place:
        raise Misconfigured(
            "same-database", "CELERY_BROKER_URL and REDIS_URL name one database; the broker needs its own"
        )
    return settings.broker_url


def archive(settings: Settings, reach: Reach = pass_by) -> DiskArchive:
    """The archive that the settings name. Its id is remembered, so that no other is ever taken for it."""
    url = settings.archive_url or (settings.home / "archive").absolute().as_uri()
    if not url.startswith("file:///"):
        raise Misconfigured("bad-setting", "ARCHIVE_URL: only file:///path is served so far")
    known = settings.home / "archive-id"
    opened = DiskArchive(
        Path(unquote(urlsplit(url).path)),
        settings.spool_dir,
        (known.read_text(encoding="utf-8").strip() if known.exists() else "") or None,
        reach,
    )
    if not (known.exists() and known.stat().st_size):  # a kill may have left it empty
        known.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        known.write_text(f"{opened.id}\n", encoding="utf-8")
    return opened


def media_allow(settings: Settings, own: Mapping[str, Any]) -> MediaAllow:
    """MEDIA_ALLOW, or else the vendors' own hosts, whatever port their media come from. `own`: the vendors' settings."""
    named = words(settings.media_allow)
    hosts = [urlsplit(each.base_url).hostname for each in own.values()]
    return MediaAllow.parse(
        ",".join(named or [f"[{host}]" if ":" in host else host for host in hosts if host])
    )


def media_guard(settings: Settings, allow: MediaAllow) -> MediaGuard:
    """The guard, which knows what is ours: where we listen, on any address of this machine, and Redis and the broker."""
    listening = {("127.0.0.1", each.port) for each in settings.binds}
    ours = servers(settings.redis_url, broker_url(settings)) | listening
    return MediaGuard(allow, ours, MediaRewrite.parse(settings.media_rewrite))
