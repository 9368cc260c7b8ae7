"""Where views find the services that the app was made with, and the few look-ups that several of them share."""

from datetime import UTC, tzinfo

from flask import current_app

from shared.domain.job import Job
from shared.errors import NotFound
from shared.ports import Snapshot
from shared.schemas.admin import JOB_ID
from shared.services import Services

PLACE = "gleaner"


def services() -> Services:
    """The services of the running app."""
    found: Services = current_app.extensions[PLACE]
    return found


def zone_of(camera: str) -> tzinfo | None:
    """A camera's zone, or None when no camera is called so."""
    known = services().cameras.get(camera)
    return known.zone if known else None


def home_of(job: Job) -> tzinfo:
    """The zone in which a job's times are told: its camera's, or UTC when the cameras file no longer has it."""
    return zone_of(job.camera) or UTC


def find_job(job_id: str) -> Snapshot:
    """The job as it is now. NotFound for whatever is not the id of one; what is no id at all reaches no store."""
    found = services().jobs.load(job_id) if JOB_ID.fullmatch(job_id) else None
    if found is None:
        raise NotFound("unknown-job", "there is no such job, or it has left the list")
    return found
