"""`gleaner doctor`: everything that a running system needs, looked at on this machine, one line each, with the remedy.

No service need run, and nothing is started or made. It ends within ten seconds whatever hangs, and with exit code 1 when a
line says `fail`. What the checks are stands in `gleaner/checks`.
"""

import json
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial

import click

from gleaner.checks.archive import archive
from gleaner.checks.broker import broker
from gleaner.checks.cameras import cameras
from gleaner.checks.configuration import Case, case_of, configuration
from gleaner.checks.finding import Check, Finding, Status, skipped
from gleaner.checks.home import home
from gleaner.checks.machine import machine
from gleaner.checks.media import media
from gleaner.checks.reach import callbacks, clock
from gleaner.checks.service import service
from gleaner.checks.stores import Store, meet
from gleaner.checks.together import side_by_side
from gleaner.checks.vendors import vendor
from shared.settings import Source, source

SECONDS = 9.0  # with what Python needs to start it stays below ten
COLOURS = {Status.OK: "green", Status.WARN: "yellow", Status.FAIL: "red", Status.SKIPPED: "bright_black"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Check everything that a running system needs; exit code 1 if anything fails."""
    with _quiet():
        found = examine(source())
    click.echo(_as_json(found) if as_json else "\n".join(lines(found)))
    ctx.exit(0 if healthy(found) else 1)


def examine(where: Source, seconds: float = SECONDS) -> list[Finding]:
    """All findings, in the order in which one would mend them; within so many seconds, or little more."""
    over = time.monotonic() + seconds
    first = side_by_side({"settings": partial(configuration, where), "machine": machine}, seconds)
    case = case_of(where)
    if case is None:
        return [*first, skipped("the rest", "it depends on the settings, which cannot be read")]
    store = meet(case.settings)
    try:
        return [*first, *store.findings, *side_by_side(_checks(case, store), over - time.monotonic())]
    finally:
        if store.client:
            store.client.close()


def _checks(case: Case, store: Store) -> dict[str, Check]:
    checks: dict[str, Check] = {
        "broker": partial(broker, store),
        "home": partial(home, case),
        "archive": partial(archive, case.settings, store),
        "cameras": partial(cameras, case),
        **{name: partial(vendor, case, store, name) for name in case.vendors},
        **{f"clock of {name}": partial(clock, case, store, name) for name in case.ready},
        "callbacks": partial(callbacks, case),
        "media": partial(media, case, store),
        "service": partial(service, case, store),
    }
    return checks


def healthy(found: Sequence[Finding]) -> bool:
    """Whether nothing fails."""
    return all(each.status is not Status.FAIL for each in found)


def lines(found: Sequence[Finding]) -> Iterator[str]:
    """What people read; colours are taken out by click where no terminal is."""
    width = max(len(each.name) for each in found)
    for each in found:
        status = click.style(f"{each.status:<7}", fg=COLOURS[each.status])
        yield f"{status}  {each.name:<{width}}  {each.sentence}"
        if each.remedy:
            yield f"{'':<{width + 11}}→ {each.remedy}"
    yield ""
    yield _conclusion(found)


def _conclusion(found: Sequence[Finding]) -> str:
    fails, warns = (sum(each.status is status for each in found) for status in (Status.FAIL, Status.WARN))
    worth = f"{warns} {'line is' if warns == 1 else 'lines are'} worth a look"
    if fails:
        wrong = f"{fails} {'thing keeps' if fails == 1 else 'things keep'} this from working"
        return f"{wrong}, and {worth}." if warns else f"{wrong}."
    return f"Nothing keeps this from working; {worth}." if warns else "Everything that is needed is there."


def _as_json(found: Sequence[Finding]) -> str:
    told = {"healthy": healthy(found), "checks": [asdict(each) for each in found]}
    return json.dumps(told, ensure_ascii=False, indent=2)


@contextmanager
def _quiet() -> Iterator[None]:
    """What the parts would log while they are looked at is among the findings."""
    handler = logging.NullHandler()
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
