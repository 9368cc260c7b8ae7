"""The admin API: JSON, behind a bearer token. Every view translates, calls one thing, and translates back."""

import json
from datetime import datetime, tzinfo
from typing import Any

from flask import Blueprint, request
from werkzeug.exceptions import BadRequest

from shared.domain.camera import Camera
from shared.domain.job import Job
from shared.errors import Transient
from shared.harvests import Subject
from shared.ports import LaneView, RecordEntry
from shared.quarantine import Held
from shared.rhythms import Rhythm
from shared.schemas.admin import read_harvest, read_query, read_record_query, read_wish
from shared.schemas.job import history_json, job_json
from shared.schemas.record import record_json
from webhook import auth, discovery, outlook
from webhook.idempotency import once
from webhook.operate import VERBS, operate
from webhook.outlook import Harvest, Vendor
from webhook.parts import find_job, find_record, home_of, services, zone_of
from webhook.videos import videos

Json = dict[str, Any]

admin = Blueprint("admin", __name__, url_prefix="/admin")
admin.before_request(auth.require_bearer)


@admin.post("/jobs")
def wish_for_window() -> tuple[Json, int]:
    """The jobs for a window, new or not."""
    body = _body()
    wish = read_wish(body, zone_of)
    jobs = once(body, lambda: services().wishes.playback(wish.camera, wish.window, force=wish.force))
    return {"jobs": [_told(job) for job in jobs]}, 202


@admin.get("/jobs")
def list_jobs() -> Json:
    """Jobs, newest first, a page at a time."""
    page = services().jobs.list(read_query(request.args.to_dict(flat=False), zone_of))
    return {"jobs": [_told(job) for job in page.jobs], "next": page.next}


@admin.get("/jobs/<job_id>")
def show_job(job_id: str) -> Json:
    """One job, with all that happened to it, oldest first."""
    job = find_job(job_id).job
    return {**_told(job), "history": history_json(services().jobs.history(job_id), home_of(job))}


@admin.post(f"/jobs/<job_id>/<any({', '.join(VERBS)}):verb>")
def operate_job(job_id: str, verb: str) -> Json:
    """Retry, cancel, hold or release; the job as it is then."""
    return _told(operate(job_id, verb))


@admin.post("/harvests")
def wish_for_harvest() -> tuple[Json, int]:
    """The harvests that are wanted now: of days, or of whatever the schedule would list."""
    wish = read_harvest(_body() if request.get_data() else {})
    now = services().jobs.now()
    wished = services().harvests.wish(wish.camera, wish.since, wish.until)
    told = [
        {"camera": subject.camera.name, "package": subject.package, "state": standing.course(now)}
        for subject, standing in wished
    ]
    return {"harvests": told}, 202


@admin.get("/records")
def list_records() -> Json:
    """Records, newest first, a page at a time."""
    page = services().records.list(read_record_query(request.args.to_dict(flat=False), zone_of))
    return {"records": [_record(entry) for entry in page.entries], "next": page.next}


@admin.get("/records/quarantine")
def list_quarantine() -> Json:
    """Rows of listings that could not be read, of all cameras or of one, the newest first, without their secrets."""
    return {"quarantine": [_held(*each) for each in services().quarantine.all(request.args.get("camera"))]}


@admin.get("/records/<record_id>")
def show_record(record_id: str) -> Json:
    """One record."""
    return _record(find_record(record_id))


@admin.get("/cameras")
def list_cameras() -> Json:
    """The cameras, in the file's order, how busy their devices are, and how their harvests stand."""
    harvests = outlook.harvests()
    return {
        "cameras": [
            _camera(camera, [each for each in harvests if each.subject.camera.name == camera.name])
            for camera in services().cameras.all()
        ]
    }


@admin.get("/push")
def push_addresses() -> Json:
    """The addresses to which vendors may push what happens; whoever knows one can make us list its cameras once an hour."""
    return {"push": {vendor: services().push_url(vendor) for vendor in services().record_sources}}


@admin.get("/cameras/discovered")
def discover_cameras() -> Json:
    """The cameras of the vendors' accounts, as they are and as a cameras file; `new` leaves out those that are in it."""
    found = discovery.discovered(only_new=request.args.get("new", "") in ("1", "true"))
    return {"cameras": [each.as_json() for each in found], "cameras_file": discovery.cameras_file(found)}


@admin.get("/status")
def status() -> Json:
    """How the whole is doing."""
    here, last_sweep, vendors = services(), services().last_sweep(), outlook.vendors()
    return {
        "states": dict(here.jobs.counts()),
        "overdue_seconds": here.jobs.overdue_seconds(),
        "circuits": {vendor.name: _circuit(vendor) for vendor in vendors},
        "quota": {vendor.name: _quotas(vendor) for vendor in vendors if vendor.quotas},
        "rhythm": {vendor.name: _rhythm(vendor.rhythm) for vendor in vendors if vendor.rhythm},
        "video": videos(),
        **_space(),
        "last_sweep": last_sweep.isoformat() if last_sweep else None,
    }


def _space() -> Json:
    """Room in the archive, or nulls when the archive cannot be reached: the rest of the status is worth telling."""
    try:
        found = services().space.standing()
    except Transient:
        found = None
    return {
        "free_bytes": found and found.free,
        "promised_bytes": found and found.promised,
        "reserve_bytes": services().settings.space_reserve,
    }


def _body() -> Any:
    try:
        return json.loads(request.get_data())
    except (ValueError, RecursionError):
        raise BadRequest("the body is not JSON") from None


def _told(job: Job) -> Json:
    return job_json(job, home_of(job))


def _record(entry: RecordEntry) -> Json:
    return record_json(entry, home_of(entry.record))


def _camera(camera: Camera, harvests: list[Harvest]) -> Json:
    at, outcome = outlook.last_of(harvests)
    return {
        "name": camera.name,
        "timezone": camera.timezone,
        "vendors": sorted(camera.sections),
        "lane": _lane(camera),
        "last_harvest": _iso(at, camera.zone),
        "outcome": outcome,
        "harvests": [_harvest(each) for each in harvests],
    }


def _harvest(found: Harvest) -> Json:
    """One package; `days` are those that are still wanted, `empty_days` those that the vendor's calendar had nothing on."""
    subject, standing = found.subject, found.standing
    return {
        "vendor": subject.vendor,
        "package": subject.package,
        "state": found.course,
        "at": _iso(standing.at, subject.camera.zone),
        "outcome": standing.outcome,
        "detail": standing.detail,
        "days": [day.isoformat() for day in standing.wanted],
        "empty_days": [day.isoformat() for day in standing.empty],
        "retry_at": _iso(standing.retry_at, subject.camera.zone),
    }


def _held(subject: Subject, held: Held) -> Json:
    return {
        "vendor": subject.vendor,
        "camera": subject.camera.name,
        "package": subject.package,
        "day": held.day.isoformat(),
        "at": _iso(held.at, subject.camera.zone),
        "fault": held.fault,
        "row": held.row,
    }


def _lane(camera: Camera) -> Json | None:
    """The lane of the camera's device, of the first vendor that can be asked for its footage."""
    vendor = next((name for name in services().sources if name in camera.sections), None)
    if vendor is None:
        return None
    device = services().sources[vendor].lanes(camera)[0]
    return {"room": device.room, **_view(services().jobs.lane(device.name), camera)}


def _view(lane: LaneView, camera: Camera) -> Json:
    closed = _iso(lane.not_before, camera.zone)
    return {"runners": sorted(lane.runners), "waiting": lane.waiting, "not_before": closed}


def _circuit(vendor: Vendor) -> Json:
    """Whether calls are stopped; a circuit that is closed still tells what it met last."""
    if stop := vendor.stop:
        return {
            "open": True,
            "code": stop.code,
            "reason": stop.reason,
            "until": _iso(stop.until, vendor.zone),
            "next_look": _iso(stop.look, vendor.zone),
        }
    state = services().circuits.get(vendor.name)
    return {"open": False, "code": state.code, "reason": state.reason, "until": None, "next_look": None}


def _rhythm(rhythm: Rhythm) -> Json:
    return {
        "period_seconds": round(rhythm.period.total_seconds()),
        "stretched": rhythm.stretched,
        "sentence": rhythm.sentence,
    }


def _quotas(vendor: Vendor) -> Json:
    return {
        quota.span: {
            "used": quota.used,
            "limit": quota.limit,
            "forecast": quota.forecast,
            "until": _iso(quota.until, vendor.zone),
        }
        for quota in vendor.quotas
    }


def _iso(instant: datetime | None, zone: tzinfo) -> str | None:
    return instant.astimezone(zone).isoformat() if instant else None
