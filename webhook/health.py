"""Whether the service lives, and whether it is ready: for whoever starts it, watches it, or sends it traffic."""

from collections.abc import Callable

from flask import Blueprint, Response

from shared.errors import GleanerError
from shared.sweep import MISSED
from webhook.errors import problem
from webhook.parts import services

health = Blueprint("health", __name__)


@health.get("/healthz")
def alive() -> dict[str, str]:
    """This process answers."""
    return {"status": "ok"}


@health.get("/readyz")
def ready() -> dict[str, str] | Response:
    """Everything that the service needs is there, or the list of what is not."""
    reasons = [reason for reason in map(_reason, CHECKS) if reason]
    if reasons:
        return problem(503, "not-ready", "; ".join(each["detail"] for each in reasons), reasons=reasons)
    return {"status": "ready"}


def _store() -> str:
    services().jobs.counts()
    return ""


def _archive() -> str:
    free = services().archive.free_bytes()
    return (
        "" if free > services().settings.space_reserve else "the archive's free space is down to the reserve"
    )


def _sweep() -> str:
    last, longest = services().last_sweep(), services().settings.sweep_every * MISSED
    late = last is None or services().jobs.now() - last > longest
    return f"no sweep has ended within {longest.total_seconds():g} s" if late else ""


Check = Callable[[], str]  # what is wrong in words, or nothing
CHECKS: dict[str, Check] = {"store": _store, "archive": _archive, "sweep": _sweep}


def _reason(name: str) -> dict[str, str] | None:
    try:
        detail = CHECKS[name]()
    except GleanerError as error:
        detail = f"the {name} cannot be used: {error.code}"
    return {"check": name, "detail": detail} if detail else None
