"""The admin API: JSON, behind a bearer token. Every view translates, calls one thing, and translates back."""

import json
from typing import Any

from flask import Blueprint, request
from werkzeug.exceptions import BadRequest

from shared.domain.camera import Camera
from shared.domain.job import Job
from shared.errors import Transient
from shared.ports import LaneView
from shared.schemas.admin import read_query, read_wish
from shared.schemas.job import history_json, job_json
from webhook import auth
from webhook.idempotency import once
from webhook.operate import VERBS, operate
from webhook.parts import find_job, home_of, services, zone_of

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


@admin.get("/cameras")
def list_cameras() -> Json:
    """The cameras, in the file's order, and how busy their devices are."""
    return {"cameras": [_camera(camera) for camera in services().cameras.all()]}


@admin.get("/status")
def status() -> Json:
    """How the whole is doing."""
    here, last_sweep = services(), services().last_sweep()
    return {
        "states": dict(here.jobs.counts()),
        "overdue_seconds": here.jobs.overdue_seconds(),
        "circuits": {vendor: _circuit(vendor) for vendor in here.sources},
        "quota": {},
        "free_bytes": _free_bytes(),
        "last_sweep": last_sweep.isoformat() if last_sweep else None,
    }


def _free_bytes() -> int | None:
    """Room in the archive, or null when the archive cannot be reached: the rest of the status is worth telling."""
    try:
        return services().archive.free_bytes()
    except Transient:
        return None


def _body() -> Any:
    try:
        return json.loads(request.get_data())
    except (ValueError, RecursionError):
        raise BadRequest("the body is not JSON") from None


def _told(job: Job) -> Json:
    return job_json(job, home_of(job))


def _camera(camera: Camera) -> Json:
    return {
        "name": camera.name,
        "timezone": camera.timezone,
        "vendors": sorted(camera.sections),
        "lane": _lane(camera),
        "last_harvest": None,
        "outcome": None,
    }


def _lane(camera: Camera) -> Json | None:
    """The lane of the camera's device, of the first vendor that can be asked for its footage."""
    vendor = next((name for name in services().sources if name in camera.sections), None)
    if vendor is None:
        return None
    device = services().sources[vendor].lanes(camera)[0]
    return {"room": device.room, **_view(services().jobs.lane(device.name), camera)}


def _view(lane: LaneView, camera: Camera) -> Json:
    closed = lane.not_before.astimezone(camera.zone).isoformat() if lane.not_before else None
    return {"runners": sorted(lane.runners), "waiting": lane.waiting, "not_before": closed}


def _circuit(vendor: str) -> Json:
    state = services().circuits.get(vendor)
    until = state.until.isoformat() if state.until else None
    return {"open": state.open, "code": state.code, "reason": state.reason, "until": until}
