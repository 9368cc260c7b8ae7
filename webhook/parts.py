"""Where views find the services that the app was made with, and the few look-ups that several of them share."""

import re
from datetime import UTC, tzinfo

from flask import current_app

from shared.domain.job import Job
from shared.domain.records import Record
from shared.errors import NotFound
from shared.ports import RecordEntry, Snapshot
from shared.schemas.admin import JOB_ID
from shared.services import Services

PLACE = "gleaner"
RECORD_ID = re.compile(r"[0-9a-f]{20}")


def services() -> Services:
    """The services of the running app."""
    found: Services = current_app.extensions[PLACE]
    return found


def zone_of(camera: str) -> tzinfo | None:
    """A camera's zone, or None when no camera is called so."""
    known = services().cameras.get(camera)
    return known.zone if known else None


def home_of(found: Job | Record) -> tzinfo:
    """The zone in which a job's or a record's times are told: its camera's, or UTC when the cameras file no longer has it."""
    return zone_of(found.camera) or UTC


def find_job(job_id: str) -> Snapshot:
    """The job as it is now. NotFound for whatever is not the id of one; what is no id at all reaches no store."""
    found = services().jobs.load(job_id) if JOB_ID.fullmatch(job_id) else None
    if found is None:
        raise NotFound("unknown-job", "there is no such job, or it has left the list")
    return found


def find_record(record_id: str) -> RecordEntry:
    """The record as it is now. NotFound for whatever is not the id of one."""
    found = services().records.load(record_id) if RECORD_ID.fullmatch(record_id) else None
    if found is None:
        raise NotFound("unknown-record", "there is no such record, or it has left the list")
    return found
