"""A service that answers the admin API from a dict, over real HTTP on loopback: what the commands see of Gleaner."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, Response, json, jsonify, request
from werkzeug.serving import WSGIRequestHandler, make_server

TOKEN = "the-right-token-of-the-tests"
ENDED = {"archived", "empty", "failed", "cancelled"}
Json = dict[str, Any]


def a_job(number: int = 1, **changes: Any) -> Json:
    """A job as the API tells it."""
    return {
        "id": f"01jtest{number:019d}",
        "kind": "playback",
        "camera": "front-door",
        "start": "2026-11-20T11:20:00+08:00",
        "end": "2026-11-20T11:25:00+08:00",
        "state": "wanted",
        "progress": None,
        "attempts": 0,
        "reason": None,
        "detail": None,
        "origin": "hand",
        "on_hold": False,
        "created_at": "2026-11-20T12:00:00+08:00",
        "due_at": "2026-11-20T12:00:00+08:00",
        "assets": [],
    } | changes


def an_asset(verdict: str = "complete") -> Json:
    """An asset as the API tells it."""
    key = "front-door/2026/11/20/112000-playback-01jasset.mp4"
    return {"key": key, "size": 1_400_000, "sha256": "ab" * 32, "duration_seconds": 299.7, "verdict": verdict}


def archived(number: int = 1, verdict: str = "complete", **changes: Any) -> Json:
    """A job whose footage is there."""
    return a_job(number, state="archived", progress=1.0, attempts=1, assets=[an_asset(verdict)]) | changes


def a_picture(number: int = 1, **changes: Any) -> Json:
    """The job of a record's picture, as the API tells it."""
    key = f"front-door/2026/11/20/112000-picture-{number}.jpg"
    asset = an_asset() | {"key": key, "size": 50_000, "duration_seconds": None}
    return archived(number, kind="picture", origin="harvest", assets=[asset]) | changes


def a_record(number: int = 1, **changes: Any) -> Json:
    """A record as the API tells it."""
    return {
        "id": f"{number:020x}",
        "vendor": "imou",
        "camera": "front-door",
        "package": "digest",
        "day": "2026-11-20",
        "created_at": "2026-11-20T08:00:00+08:00",
        "tags": ["人"],
        "summary": "",
        "chapters": [
            {"time_point": "08:00", "tags": ["人"], "summary": "一人走过门口", "duration_seconds": 12.0}
        ],
        "picture": None,
        "revision": 1,
        "jobs": [],
    } | changes


def a_harvest(package: str = "digest", state: str = "idle", **changes: Any) -> Json:
    """How the harvest of a package stands, as the API tells it among a camera's."""
    return {
        "vendor": "imou",
        "package": package,
        "state": state,
        "at": "2026-11-20T12:00:00+08:00",
        "outcome": "ok",
        "detail": "",
        "days": [],
        "retry_at": None,
    } | changes


class FakeService:
    """Its jobs, newest first; what each look at a job brings; records, harvests, circuits and quotas; and all requests."""

    def __init__(self) -> None:
        self.url = ""
        self.jobs: list[Json] = []
        self.script: dict[str, list[Json]] = {}
        self.asked: list[tuple[str, str, Json]] = []
        self.page = 200
        self.cameras = ["front-door"]
        self.quarantine: list[Json] = []
        self.callbacks: list[Json] = []
        self.replayed: list[Json] = []
        self.lacks = ""
        self.records: list[Json] = []
        self.harvests: list[list[Json]] = [
            []
        ]  # what each look at the first camera brings; the last one stays
        self.circuits: Json = {"sms": {"open": True, "code": "vendor-away", "reason": "", "until": None}}
        self.quota: Json = {}
        self.rhythm: Json = {}
        self.video: Json = {}

    def find(self, job_id: str) -> Json | None:
        if script := self.script.get(job_id):
            self.put(script.pop(0))
        return next((job for job in self.jobs if job["id"] == job_id), None)

    def put(self, job: Json) -> None:
        """Let a job be this from now on."""
        at = [each["id"] for each in self.jobs].index(job["id"])
        self.jobs[at] = job


def problem(status: int, code: str, detail: str, **more: Any) -> Response:
    body = json.dumps({"code": code, "detail": detail, "status": status, **more})
    return Response(body, status, content_type="application/problem+json")


def app_of(fake: FakeService) -> Flask:
    app = Flask(__name__)

    @app.before_request
    def note() -> Response | None:
        fake.asked.append(
            (request.method, request.full_path.rstrip("?"), request.get_json(silent=True) or {})
        )
        if request.path != "/readyz" and request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return problem(401, "unauthorised", "no")
        return None

    @app.get("/readyz")
    def readyz() -> Any:
        return problem(503, "not-ready", fake.lacks) if fake.lacks else {"status": "ready"}

    @app.post("/admin/jobs")
    def submit() -> Any:
        wish = request.get_json()
        if wish["camera"] == "nowhere":
            return problem(422, "camera-unknown", "no camera is called 'nowhere'")
        if "T" not in wish["start"]:
            return problem(
                422, "invalid-input", "some fields cannot be read", errors={"start": ["Must be a time."]}
            )
        if not fake.jobs:
            fake.jobs.append(a_job(camera=wish["camera"]))
        return {"jobs": fake.jobs}, 202

    @app.get("/admin/jobs")
    def jobs() -> Json:
        states = request.args.get("state", "")
        camera, kind = request.args.get("camera"), request.args.get("kind")
        wanted = [
            job
            for job in fake.jobs
            if (not states or job["state"] in states.split(","))
            and camera in (None, job["camera"])
            and kind in (None, job["kind"])
        ]
        return page_of(fake, "jobs", wanted)

    _add_one_job(app, fake)
    _add_records(app, fake)
    _add_overviews(app, fake)
    return app


def page_of(fake: FakeService, name: str, found: list[Json]) -> Json:
    at = int(request.args.get("cursor", 0))
    end = at + min(fake.page, int(request.args["limit"]))
    return {name: found[at:end], "next": str(end) if end < len(found) else None}


def _add_records(app: Flask, fake: FakeService) -> None:
    @app.get("/admin/records")
    def records() -> Json:
        return page_of(fake, "records", fake.records)

    @app.post("/admin/harvests")
    def harvest() -> Any:
        if request.get_json().get("camera") == "nowhere":
            errors = {"camera": ["no camera is called 'nowhere'"]}
            return problem(422, "camera-unknown", "no camera is called 'nowhere'", errors=errors)
        told = [
            {"camera": fake.cameras[0], "package": each["package"], "state": "wanted"}
            for each in fake.harvests[0]
        ]
        return {"harvests": told}, 202


def _add_one_job(app: Flask, fake: FakeService) -> None:
    @app.get("/admin/jobs/<job_id>")
    def job(job_id: str) -> Any:
        found = fake.find(job_id)
        return found or problem(404, "unknown-job", "there is no such job, or it has left the list")

    @app.get("/admin/jobs/<job_id>/callbacks")
    def callbacks(job_id: str) -> Any:
        return {"callbacks": fake.callbacks}

    @app.post("/admin/jobs/<job_id>/replay")
    def replay(job_id: str) -> Any:
        return {"callbacks": fake.replayed}

    @app.post("/admin/jobs/<job_id>/<verb>")
    def act(job_id: str, verb: str) -> Any:
        found = fake.find(job_id)
        if found is None:
            return problem(404, "unknown-job", "there is no such job, or it has left the list")
        if verb == "cancel" and found["state"] in ENDED:
            return problem(409, "not-needed", f"A job that is {found['state']} cannot be cancelled.")
        return found | {"on_hold": verb == "hold"}


def _add_overviews(app: Flask, fake: FakeService) -> None:
    @app.get("/admin/records/quarantine")
    def quarantine() -> Any:
        return {"quarantine": fake.quarantine}

    @app.get("/admin/push")
    def push() -> Any:
        return {"push": {"imou": "http://gleaner.example/push/imou/unguessable"}}

    @app.get("/admin/cameras")
    def cameras() -> Any:
        lane = {"room": 1, "runners": [], "waiting": 2, "not_before": None}
        harvests = fake.harvests[0] if len(fake.harvests) == 1 else fake.harvests.pop(0)
        more = {
            "vendors": ["sms"],
            "lane": lane,
            "last_harvest": None,
            "outcome": None,
            "timezone": "Asia/Shanghai",
        }
        told = [{"name": name, **more, "harvests": []} for name in fake.cameras]
        if told and harvests:
            last = max(each["at"] for each in harvests)
            told[0] |= {"harvests": harvests, "last_harvest": last, "outcome": harvests[-1]["outcome"]}
        return {"cameras": told}

    @app.get("/admin/cameras/discovered")
    def discovered() -> Any:
        names = ["new"] if request.args.get("new") else ["front-door", "new"]
        file = "\n".join(f'[[camera]]\nname = "{name}"' for name in names)
        return {"cameras": [{"name": name} for name in names], "cameras_file": f"{file}\n"}

    @app.get("/admin/status")
    def status() -> Any:
        return jsonify(
            {
                "states": {"wanted": 2, "archived": 40, "failed": 0},
                "overdue_seconds": 3.2,
                "circuits": fake.circuits,
                "quota": fake.quota,
                "rhythm": fake.rhythm,
                "video": fake.video,
                "free_bytes": 5_300_000_000,
                "promised_bytes": 200_000_000,
                "reserve_bytes": 5_000_000_000,
                "last_sweep": None,
            }
        )


class Quiet(WSGIRequestHandler):
    """Says nothing on standard error, which belongs to what is tested."""

    def log(self, *_: Any) -> None:
        pass


@contextmanager
def served(app_or_fake: FakeService | Callable[..., Any]) -> Iterator[str]:
    """The address of a served app until the block ends."""
    app = app_of(app_or_fake) if isinstance(app_or_fake, FakeService) else app_or_fake
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
