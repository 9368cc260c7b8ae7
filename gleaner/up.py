"""`gleaner up`: everything on this machine, under one supervisor, from the first secret to the last signal.

One home has one `up`, which a lock keeps. Redis comes first, unless REDIS_URL names one; then all that the Procfile
names, and the sandbox where a vendor has no address, start at once. SIGTERM and SIGINT end all of it: workers and beat
first, then web, which takes callbacks until then and answers what it is at, sandbox and Redis; within half a minute, or at
once at the second signal. SIGHUP has the secrets read anew
(`rotation.py`). What the processes say is in $GLEANER_HOME/log; their complaints, and what was archived, are on standard
output.
"""

import logging
import os
import sysconfig
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from signal import SIGHUP, SIGUSR1

from gleaner.banner import archive_prefix, banner
from gleaner.client import client_for
from gleaner.embedded_redis import EmbeddedRedis
from gleaner.household import LOGS, RedisChild, SweepChild, check_ports, drop_beat_files, only_one
from gleaner.output import Complain, LogFile, Once, Output
from gleaner.procfile import commands, project_file
from gleaner.reporter import Reporter
from gleaner.rotation import Rotation
from gleaner.simulation import Simulation, lacking, simulation
from gleaner.stopping import Stop, keep_running, stop_signals
from gleaner.supervisor import Child, Command, Process, Supervisor
from gleaner.terminal import Terminal
from shared.logs import set_up
from shared.services import Services
from shared.settings import Settings, Source, read, source
from shared.signing import login_link
from shared.vendors import load
from shared.wiring import build

LEFTOVERS_SECONDS = 10.0  # for the children of a killed supervisor to follow it
LINK_LIFE = timedelta(minutes=10)
WORKER_PATIENCE = 21.0  # seconds; a worker of itself waits for its tasks without end
WEB_PATIENCE, SANDBOX_PATIENCE, REDIS_PATIENCE = 4.0, 1.0, 2.0  # and what the workers have left of theirs


def run() -> None:
    """Run until a signal. Misconfigured, before anything is started, for whatever cannot work as it is set."""
    where = source()
    settings = read(Settings, where)
    with only_one(settings.home) as followed, stop_signals() as stop:
        check_ports(settings, LEFTOVERS_SECONDS if followed else 0.0)
        played = simulation(settings, where)
        server = None if settings.redis_url else EmbeddedRedis(settings.home, REDIS_PATIENCE)
        told = replace(where, environ=_environ(settings, played, server))
        _run(read(Settings, told), told, played, server, stop)


def _run(
    settings: Settings, told: Source, played: Simulation | None, server: EmbeddedRedis | None, stop: Stop
) -> None:
    terminal = Terminal()

    def complain(name: str, wrong: str) -> None:
        if not stop.asked.is_set():  # what ends has much to say about it, and none of it is news
            terminal.complain(name, wrong)

    _log(settings.home / LOGS, Once(complain))
    drop_beat_files(settings.home)
    services = build(settings, told)
    tiers = _tiers(services, told, played, server, Once(complain))
    supervisor = Supervisor(tiers, complain)
    for line in banner(settings, told, played):
        terminal.say(line)
    with ExitStack() as ending:
        client = ending.enter_context(closing(client_for(replace(settings, url=""))))
        wish = bool(played and played.example)
        reporter = Reporter(client, terminal, archive_prefix(settings), wish, lambda: _link(services))
        reporter.start()
        ending.callback(reporter.stop)
        commands = [child for tier in tiers for child in tier if isinstance(child, Command)]
        rotation = Rotation(
            services.ring, told, commands, terminal.tell, lambda: client.bear(services.admin_tokens[0])
        )
        keep_running(supervisor, stop, terminal.tell, rotation)
    terminal.tell("stopped")


def _environ(settings: Settings, played: Simulation | None, server: EmbeddedRedis | None) -> dict[str, str]:
    """What all processes are told: the settings that they have to agree on, as they were read here."""
    own = {
        "GLEANER_HOME": str(settings.home.absolute()),
        "GLEANER_HOST": settings.host,
        "PORT": str(settings.port),
        "FETCH_CONCURRENCY": str(settings.fetch_concurrency),
        "PATH": os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath))),
        "PYTHONUNBUFFERED": "1",
    }
    if server:
        own |= {"REDIS_URL": server.state_url, "CELERY_BROKER_URL": settings.broker_url or server.broker_url}
    return {**os.environ, **own, **(played.environ if played else {})}


def _tiers(
    services: Services,
    told: Source,
    played: Simulation | None,
    server: EmbeddedRedis | None,
    complain: Complain,
) -> list[list[Child]]:
    """Who needs whom: Redis, then what serves, then what works."""
    settings = services.settings
    text = project_file("Procfile").read_text(encoding="utf-8")
    found = commands(text, told.environ, _at_work(settings, told))

    def child(name: str, argv: list[str], patience: float) -> Child:
        news = SIGUSR1 if name == "web" else SIGHUP if name.startswith("worker-") else None
        process = Process(name, argv, told.environ, patience, settings.log_format != "text", news)
        return Command(process, settings.home / LOGS, complain)

    web = child("web", found.pop("web"), WEB_PATIENCE)
    sandbox = [child("sandbox", played.argv, SANDBOX_PATIENCE)] if played else []
    workers = [child(name, argv, WORKER_PATIENCE) for name, argv in found.items()]
    redis: list[Child] = [RedisChild(server)] if server else []
    sweep: list[Child] = [SweepChild(services.sweeper)]
    return [tier for tier in (redis, sweep, sandbox, [web], workers) if tier]


def _at_work(settings: Settings, told: Source) -> tuple[str, ...]:
    """The vendors that need workers. Jobs of one that is not set up say so; one without jobs has nothing to say."""
    lacks = lacking(settings, told)
    vendors = load(settings.vendors)
    return tuple(name for name, vendor in vendors.items() if vendor.playback or name not in lacks)


def _log(folder: Path, complain: Complain) -> None:
    """What this process itself logs goes where that of the others goes."""
    output = Output("up", LogFile(folder, "up"), complain)
    set_up("json")
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(output)


def _link(services: Services) -> str:
    token = login_link(services.keys, services.jobs.now(), LINK_LIFE)
    return f"{services.settings.local_url}/login/{token}"
