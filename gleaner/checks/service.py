"""Whether a service runs here, and is ready; where none does, whether one could listen.

What a running one needs beside its web process, a sweep and a worker for every queue, is looked at only then.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests

from gleaner.checks.broker import unusable
from gleaner.checks.configuration import Case
from gleaner.checks.finding import Finding, fail, ok, skipped
from gleaner.checks.home import held
from gleaner.checks.stores import Store
from gleaner.checks.work import listened, sweep, workers
from gleaner.household import LOGS, check_ports
from shared.errors import Misconfigured
from shared.settings import Settings
from shared.wiring import broker_url

CONNECT_SECONDS, READY_SECONDS = 1.0, 3.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came from where the service listens. `trouble`: why nothing came. `ours`: a Gleaner says so."""

    trouble: str = ""
    ours: bool = False
    reasons: str = ""


def service(case: Case, store: Store) -> Iterator[Finding]:
    """The web process, then those who work with it."""
    answer = asked(case.settings.local_url)
    yield _web(case.settings, answer)
    yield sweep(store, answer.ours)
    if not answer.ours:
        yield skipped("workers", "no service runs here")
    elif unusable(broker_url(store.settings), store.settings.redis_prefix):
        yield skipped("workers", "the broker cannot be used, so nobody can be asked")
    else:
        yield from workers(case, listened(store.settings))


def asked(url: str, patience: float = READY_SECONDS) -> Answer:
    """Ask whoever listens there whether it is ready. No proxy is heeded, and no redirect followed."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            waits = (CONNECT_SECONDS, patience)
            answer = session.get(f"{url}/readyz", timeout=waits, allow_redirects=False)
            body = answer.json()
    except requests.ConnectionError:
        return Answer(trouble="refused")
    except requests.Timeout:
        return Answer(trouble="silent")
    except requests.RequestException:
        return Answer()
    return _read(body)


def _read(body: Any) -> Answer:
    said = body if isinstance(body, dict) else {}
    if said.get("code") == "not-ready":
        return Answer(ours=True, reasons=str(said.get("detail")))
    return Answer(ours=said.get("status") == "ready")


def _web(settings: Settings, answer: Answer) -> Finding:
    url, logs = settings.local_url, settings.home / LOGS
    if answer.ours and answer.reasons:
        return fail(
            "service", f"{url} is not ready: {answer.reasons}", f"see the other lines here, and {logs}"
        )
    if answer.ours and (door := settings.callback_bind) and asked(door.url).trouble:
        said = f"runs at {url}, and nobody answers at {door}, where callbacks are to be taken"
        return fail("service", said, f"start it anew with CALLBACK_BIND as it is now; else see {logs}")
    if answer.ours:
        return ok("service", f"runs at {url}, and is ready")
    if answer.trouble == "refused":
        return _none(settings)
    what = "takes connections and says nothing" if answer.trouble else "is not Gleaner"
    return fail("service", f"what listens at {url} {what}", "stop it, or set PORT")


def _none(settings: Settings) -> Finding:
    if held(settings.home / "up.lock"):
        said = f"`gleaner up` runs, and nobody answers at {settings.local_url}"
        return fail("service", said, f"give it a moment; else see {settings.home / LOGS / 'web.log'}")
    try:
        check_ports(settings, 0.0)
    except Misconfigured as error:
        return fail("service", error.detail, "stop what listens there, or set GLEANER_HOST and PORT")
    free = " and ".join(str(each.port) for each in settings.binds)
    return ok("service", f"none runs here; port {free} is free for one")
