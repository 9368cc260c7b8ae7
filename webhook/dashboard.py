"""The pages: what is happening, a form to ask for more, and one job with its whole story.

A page is made here once; what moves in it is fetched again as a fragment, from the same templates. Without a session `/`
is the log-in page, and everything else is refused.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from marshmallow import ValidationError

from shared.domain.camera import Camera
from shared.domain.job import Asset, Job, Kind, State
from shared.errors import Conflict, Invalid
from shared.ports import Query
from shared.schemas.admin import read_query, read_wish
from shared.schemas.fields import in_zone
from webhook import auth, csrf, outlook, records
from webhook.errors import by_field
from webhook.guard import guard
from webhook.operate import VERBS, operate
from webhook.parts import find_job, home_of, services, zone_of

ON_A_PAGE = "12"
CARDS = 8
HALF_HOUR = timedelta(minutes=30)
CLIPS, ANY = Kind.PLAYBACK, "all"  # what the list of jobs is of: the few that somebody wished for, or all
NEWEST = Query(states=frozenset({State.ARCHIVED}), kind=CLIPS, limit=CARDS)
FILTERS = ("state", "camera", "kind")

dashboard = Blueprint("dashboard", __name__)


@dashboard.before_request
def _guard() -> Response | None:
    return None if request.endpoint == "dashboard.index" else guard()


@dashboard.get("/")
def index() -> str:
    """What is happening, or the log-in page."""
    return _index() if auth.logged_in() else render_template("login.html")


@dashboard.get("/fragments/news")
def news_fragment() -> str:
    """What is wrong, and the newest pictures."""
    return render_template("_news.html", **_news(), **records.newest())


@dashboard.get("/fragments/newest-records")
def newest_records_fragment() -> str:
    """The newest records as a list."""
    return render_template("_records.html", **records.newest())


@dashboard.get("/fragments/jobs")
def jobs_fragment() -> str:
    """The list of jobs."""
    return render_template("_jobs.html", **_jobs())


@dashboard.get("/fragments/footage")
def footage_fragment() -> str:
    """The newest footage as cards."""
    return render_template("_footage.html", assets=_newest())


@dashboard.get("/jobs/<job_id>")
def show_job(job_id: str) -> str:
    """One job with its whole story."""
    return render_template("job.html", **_job(job_id))


@dashboard.get("/fragments/jobs/<job_id>")
def job_fragment(job_id: str) -> str:
    """The part of a job's page that moves."""
    return render_template("_job.html", **_job(job_id))


@dashboard.get("/fragments/jobs/<job_id>/footage")
def job_footage_fragment(job_id: str) -> str:
    """A job's footage as cards."""
    return render_template("_footage.html", assets=_job(job_id)["job"].assets)


@dashboard.post("/jobs")
def wish_for_window() -> Response:
    """Ask for the window in the form."""
    form = {name: value for name, value in request.form.items() if name != csrf.FIELD}
    wish = read_wish(form, zone_of)
    jobs = services().wishes.playback(wish.camera, wish.window)
    flash(f"{len(jobs)} jobs stand for this window." if len(jobs) > 1 else "One job stands for this window.")
    return make_response(redirect(url_for("dashboard.index"), 303))


@dashboard.post(f"/jobs/<job_id>/<any({', '.join(VERBS)}):verb>")
def operate_job(job_id: str, verb: str) -> Response:
    """Retry, cancel, hold or release, and look at the job."""
    operate(job_id, verb)
    flash(f"The job was {VERBS[verb].done}.")
    return _back_to(job_id)


@dashboard.errorhandler(ValidationError)
@dashboard.errorhandler(Invalid)
def _unfit(error: Exception) -> Response:
    """The first page again, with what was typed and what is wrong with it."""
    return make_response(_index(by_field(error)), 422)


@dashboard.errorhandler(Conflict)
def _unfitting(error: Conflict) -> Response:
    """The job has moved on meanwhile: show it."""
    flash(error.detail, "error")
    job_id = (request.view_args or {}).get("job_id")
    return _back_to(job_id) if job_id else make_response(redirect(url_for("dashboard.index"), 303))


def _back_to(job_id: str) -> Response:
    return make_response(redirect(url_for("dashboard.show_job", job_id=job_id), 303))


def _index(errors: dict[str, list[str]] | None = None) -> str:
    parts = _news() | records.newest() | _jobs(first=errors is not None) | _form(errors)
    return render_template("index.html", **parts, assets=_newest())


def _news() -> dict[str, Any]:
    """What is wrong, by vendor; nothing when all is well."""
    found, vendors = outlook.harvests(), outlook.vendors()
    wrong = [(vendor, list(outlook.troubles(vendor, found))) for vendor in vendors]
    return {
        "wrong": [(vendor, troubles) for vendor, troubles in wrong if vendor.stop or troubles],
        "slow": [vendor for vendor in vendors if vendor.rhythm and vendor.rhythm.stretched > 1],
        "unread": [each for each in found if each.unread],
        "has_records": bool(found),
    }


def _jobs(first: bool = False) -> dict[str, Any]:
    """A page of jobs, as asked for in the query string, or the first one whatever was asked for.

    Pictures come by the hundred: unless a kind or a state was asked for, the list is of clips.
    """
    asked = {} if first else request.args.to_dict(flat=False)
    kind = asked.get("kind", [ANY if "state" in asked else CLIPS])[-1]
    shown = {name: given for name, given in asked.items() if name != "kind"}
    query = read_query({"limit": [ON_A_PAGE], **shown, **({} if kind == ANY else {"kind": [kind]})}, zone_of)
    page = services().jobs.list(query)
    return {
        "counts": services().jobs.counts(),
        "jobs": [at_home(job) for job in page.jobs],
        "next": page.next,
        "query": query,
        "kind": kind,
        "filters": {name: values[-1] for name, values in asked.items() if name in FILTERS},
    }


def _job(job_id: str) -> dict[str, Any]:
    job = find_job(job_id).job
    history = in_zone(tuple(services().jobs.history(job_id)), home_of(job))
    return {"job": at_home(job), "history": history[::-1], "zone": home_of(job)}


def _newest() -> list[Asset]:
    return _assets(services().jobs.list(NEWEST).jobs)[:CARDS]


def _assets(jobs: Iterable[Job]) -> list[Asset]:
    return [asset for job in jobs for asset in at_home(job).assets]


def at_home(job: Job) -> Job:
    """The job with its times told in its camera's zone."""
    return in_zone(job, home_of(job))


def _form(errors: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """The form as it was filled in, or with the last whole half hour of the first camera."""
    cameras = [camera for camera in services().cameras.all() if _has_playback(camera)]
    now = services().jobs.now().astimezone(cameras[0].zone) if cameras else services().jobs.now()
    end = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    values = request.form or {"start": _typed(end - HALF_HOUR), "end": _typed(end)}
    return {"cameras": cameras, "values": values, "errors": errors or {}}


def _has_playback(camera: Camera) -> bool:
    return any(vendor in camera.sections for vendor in services().sources)


def _typed(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M}"
