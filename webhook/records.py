"""The pages of records: a list with filters, and one record with its picture, its chapters and its jobs."""

from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from marshmallow import ValidationError

from shared.domain.job import Job
from shared.ports import RecordEntry, RecordQuery
from shared.schemas.admin import read_record_query
from shared.schemas.fields import in_zone
from webhook.errors import by_field
from webhook.guard import guard
from webhook.parts import find_record, home_of, services, zone_of

ON_A_PAGE = "20"
NEWEST = RecordQuery(limit=50)
FILTERS = ("camera", "day", "tag", "q")
PICTURES, LISTED = 8, 5  # on the first page

records = Blueprint("records", __name__)
records.before_request(guard)


@records.get("/records")
def index() -> str:
    """Records, newest first, as asked for in the query string."""
    held = services().quarantine.all()
    return render_template("records.html", **_listed(), cameras=_cameras(), quarantine=held)


@records.get("/fragments/records")
def list_fragment() -> str:
    """The part of the list that moves."""
    return render_template("_records.html", **_listed())


@records.get("/records/<record_id>")
def show_record(record_id: str) -> str:
    """One record."""
    return render_template("record.html", **_record(record_id))


@records.get("/fragments/records/<record_id>")
def record_fragment(record_id: str) -> str:
    """The part of a record's page that moves."""
    return render_template("_record.html", **_record(record_id))


@records.errorhandler(ValidationError)
def _unfit(error: ValidationError) -> Response:
    """The list without any, with what was typed and what is wrong with it."""
    empty: dict[str, Any] = {"entries": [], "next": None, "query": RecordQuery()}
    filters = {name: value for name, value in request.args.items() if name in FILTERS}
    page = render_template(
        "records.html", **empty, filters=filters, cameras=_cameras(), errors=by_field(error)
    )
    return make_response(page, 422)


def newest() -> dict[str, Any]:
    """What the first page shows: the newest records, and those of them that have a picture."""
    found = [told(entry) for entry in services().records.list(NEWEST).entries]
    return {"entries": found[:LISTED], "pictures": [each for each in found if each.picture_key][:PICTURES]}


def told(entry: RecordEntry) -> RecordEntry:
    """The record with its times told in its camera's zone."""
    return in_zone(entry, home_of(entry.record))


def _listed() -> dict[str, Any]:
    asked = {name: given for name, given in request.args.to_dict(flat=False).items() if given[-1].strip()}
    query = read_record_query({"limit": [ON_A_PAGE], **asked}, zone_of)
    page = services().records.list(query)
    return {
        "entries": [told(entry) for entry in page.entries],
        "next": page.next,
        "query": query,
        "filters": {name: asked[name][-1] for name in FILTERS if name in asked},
    }


def _cameras() -> list[str]:
    """Those that have records, or may have some."""
    return list(dict.fromkeys(subject.camera.name for subject in services().harvests.subjects()))


def _record(record_id: str) -> dict[str, Any]:
    entry = told(find_record(record_id))
    return {"entry": entry, "jobs": _jobs(entry), "zone": home_of(entry.record)}


def _jobs(entry: RecordEntry) -> list[Job]:
    """Its jobs, as far as they are still listed."""
    found = [services().jobs.load(job_id) for job_id in entry.jobs]
    return [in_zone(each.job, home_of(each.job)) for each in found if each]
