"""What must be true of a system in which all is over, whatever was done to its processes; judged from outside alone.

By the admin API, the archive's folder, a look into Redis, and the vendors' own witnesses. Every violation is a sentence
of its own, so that a run tells all that is wrong, not only what was wrong first.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from gleaner.sandbox.channels import PACKAGES
from gleaner.sandbox.pictures import Picture
from gleaner.sandbox.records import Record
from gleaner.sandbox.witness import Tally, Window
from tests.crash.stage import LIVE, ZONE, Stage

P = "{gleaner}:"
GENERATIONS = 3
SIDECAR = ".json"
ASIDE = (".partial", ".rejected")
NOT_SENT = (
    "submit-unknown",
    "lease-over",
    "cancelled",
)  # how a history tells of a submission nobody can explain

ANSWERED = ("Submitted", "AnswerLost", "Postponed", "PrepareFailed", "Refused", "NoFootage")

Json = dict[str, Any]


@dataclass
class Findings:
    """All violations; what lies in the spool and belongs to nothing any more; the counts of what was looked at."""

    violations: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


def judge(stage: Stage) -> Findings:
    """Look at everything once; all must be over."""
    scene = Scene(stage)
    judges = (_store, _jobs, _archive, _bytes_left, _wishes, _submissions, _records)
    return Findings([each for one in judges for each in one(scene)], list(_spool(scene)), _counts(scene))


@dataclass
class Scene:
    """What can be seen from outside, each part looked at once."""

    stage: Stage

    @cached_property
    def jobs(self) -> dict[str, Json]:
        """All jobs by id."""
        return {job["id"]: job for job in self.stage.listed("/admin/jobs", "jobs")}

    @cached_property
    def records(self) -> list[Json]:
        """All records."""
        return self.stage.listed("/admin/records", "records")

    @cached_property
    def files(self) -> dict[str, Path]:
        """Every file of the archive in its final place, by key."""
        root = self.stage.archive
        paths = [path for path in root.rglob("*") if path.is_file() and path.parent != root]
        keys = {path.relative_to(root).as_posix(): path for path in paths}
        return {key: path for key, path in keys.items() if not key.startswith(ASIDE)}

    @cached_property
    def assets(self) -> dict[str, list[tuple[str, Json]]]:
        """Every asset that a job tells of, by key, with the ids of the jobs."""
        found: dict[str, list[tuple[str, Json]]] = defaultdict(list)
        for job in self.jobs.values():
            for asset in job["assets"]:
                found[asset["key"]].append((job["id"], asset))
        return found

    @cached_property
    def described(self) -> dict[str, tuple[str, Json]]:
        """Every description of a record by the record's id, with its key."""
        found = {}
        for key, path in self.files.items():
            if path.name.startswith("record-"):
                told = _json(path)
                found[str(told.get("id", key))] = (key, told)
        return found

    def line(self, job: Json) -> list[str]:
        """The ids of a job and of its parents, up to the one that was wished for."""
        parent = self.jobs.get(job["parent"] or "")
        return [job["id"], *(self.line(parent) if parent else ())]

    @cached_property
    def clips(self) -> set[str]:
        """The SHA-256 of every file that the SMS platform has ever finished."""
        takes = self.stage.sandbox.platform.shelf._takes.values()
        return {_sha256(take.path) for take in takes if take.closed}


def _store(scene: Scene) -> Iterator[str]:
    """Live <=> due; nothing runs, waits, is owed or untold."""
    with scene.stage.store() as store:
        due = set(store.zrange(f"{P}due", 0, -1))
        live = {each for state in LIVE for each in store.zrange(f"{P}state:{state}", 0, -1)}
        if due != live:
            yield f"due and live differ: {sorted(due ^ live)}"
        if live:
            yield f"still live: {sorted(live)}"
        for pattern, size in (
            ("lane:*:run", store.hlen),
            ("lane:*:wait", store.zcard),
            ("lane:*:taken", store.scard),
        ):
            for key in store.scan_iter(f"{P}{pattern}"):
                if number := size(key):
                    yield f"{key} holds {number}"
        for name in ("owed", "untold"):
            if left := store.zrange(f"{P}{name}", 0, -1):
                yield f"{name}: {left}"
        for key in store.scan_iter(f"{P}ready:*"):
            if left := store.zrange(key, 0, -1):
                yield f"{key}: {left}"


def _jobs(scene: Scene) -> Iterator[str]:
    """What was not cancelled is archived; its verdict is given, and what is missing of it is wanted."""
    for job_id, job in scene.jobs.items():
        short = scene.line(job)[-1] in scene.stage.short
        verdicts = ("complete", "partial") if short else ("complete",)
        if job["state"] == "archived" and job["assets"] and job["verdict"] in verdicts:
            yield from _gaps(scene, job)
            continue
        if job_id not in scene.stage.cancelled or job["state"] != "cancelled":
            yield f"job {job_id} of {job['camera']}: {job['state']}, {job['reason']}, verdict {job['verdict']}"


def _gaps(scene: Scene, job: Json) -> Iterator[str]:
    """Each missing span is one job; the line of them ends after three."""
    wanted = (
        [(each["start"], each["end"]) for each in job["missing"]]
        if len(scene.line(job)) <= GENERATIONS
        else []
    )
    found = [(each["start"], each["end"]) for each in scene.jobs.values() if each["parent"] == job["id"]]
    if sorted(found) != sorted(wanted):
        yield f"job {job['id']}: missing {wanted}, its gaps' jobs {found}"


def _archive(scene: Scene) -> Iterator[str]:
    """Each asset lies there, whole, as its sidecar and the API say; and nothing else lies there."""
    for key, owners in scene.assets.items():
        records = {scene.jobs[job_id]["record"] for job_id, _ in owners}
        if len(owners) > 1 and (None in records or len(records) > 1):  # a record's two may be the same bytes
            yield f"{key} belongs to the jobs {[job_id for job_id, _ in owners]}"
        owner = next((each for each in owners if each[0] == each[1]["job"]), owners[0])
        yield from _asset(scene, key, *owner)
    known = {name for key in scene.assets for name in (key, f"{key}{SIDECAR}")}
    known |= {key for key, _ in scene.described.values()}
    for key in scene.files.keys() - known:
        yield f"{key} ({scene.files[key].stat().st_size} bytes) belongs to nothing"
    yield from _rejected(scene)


def _rejected(scene: Scene) -> Iterator[str]:
    """Nothing was rejected but the shorter of two deliveries, which lies whole beside its sidecar."""
    root = scene.stage.archive / ".rejected"
    for path in (path for path in root.rglob("*") if path.is_file()):
        sidecar = path if path.suffix == SIDECAR else path.with_name(f"{path.name}{SIDECAR}")
        told = _json(sidecar)
        whole = path == sidecar or told.get("sha256") == _sha256(path)
        if told.get("job") not in scene.stage.short or told.get("reason") != "short" or not whole:
            yield f"rejected: {path.name}, {told.get('job')}, {told.get('reason')}"
        if not sidecar.with_suffix("").exists():
            yield f"rejected: {path.name} describes nothing"


def _asset(scene: Scene, key: str, job_id: str, told: Json) -> Iterator[str]:
    path, beside = scene.files.get(key), scene.files.get(f"{key}{SIDECAR}")
    if path is None or beside is None:
        yield f"{key} of job {job_id}: {'no sidecar' if path else 'not there'}"
        return
    sidecar, sha256 = _json(beside), _sha256(path)
    if {path.stat().st_size, told["size"], sidecar.get("size")} != {path.stat().st_size}:
        yield f"{key}: {path.stat().st_size} bytes, sidecar {sidecar.get('size')}, job {told['size']}"
    if {sha256, told["sha256"], sidecar.get("sha256")} != {sha256}:
        yield f"{key}: sha256 {sha256}, sidecar {sidecar.get('sha256')}, job {told['sha256']}"
    if sidecar.get("job") != job_id:
        yield f"{key} is job {job_id}'s, and its sidecar says {sidecar.get('job')}"
    if told["kind"] == "playback" and sha256 not in scene.clips:
        yield f"{key}: the platform has never served these bytes"


def _wishes(scene: Scene) -> Iterator[str]:
    """Every wish is one job, and its footage landed once."""
    wanted = {(wish.camera, wish.start, wish.end): wish.job for wish in scene.stage.wishes}
    found: dict[Any, list[str]] = defaultdict(list)
    for job in scene.jobs.values():
        if job["kind"] == "playback" and not job["parent"]:
            found[job["camera"], _naive(job["start"]), _naive(job["end"])].append(job["id"])
            if len(job["assets"]) != (job["state"] == "archived"):
                yield f"job {job['id']} is {job['state']} with {len(job['assets'])} assets"
    for window in wanted.keys() | found.keys():
        if found.get(window) != [wanted.get(window)]:
            yield f"window {window}: wanted as {wanted.get(window)}, jobs {found.get(window)}"
    landed = Counter(
        _json(path).get("job") for key, path in scene.files.items() if _is_sidecar(key, path) and "/" in key
    )
    yield from (f"job {job_id} landed {number} times" for job_id, number in landed.items() if number > 1)


def _submissions(scene: Scene) -> Iterator[str]:
    """What the platform saw is charged, postponed, or explained by a death that the history tells of."""
    seen = scene.stage.sandbox.platform.witness.windows
    for wish in scene.stage.wishes:
        platform = scene.stage.sandbox.platform
        device = platform.devices[scene.stage.device(wish.camera)]
        window = Window(device.device_unicode, device.channels[0], wish.start, wish.end)
        job = scene.jobs.get(wish.job)
        if job is not None:
            yield from _explained(scene, job, seen.get(window, Tally()).asked)


def _explained(scene: Scene, job: Json, asked: int) -> Iterator[str]:
    """A submission whose answer was lost is charged, and may have been lost itself."""
    told, unexplained = job["attempts"] + job["postponed"], job["unexplained"]
    if asked == told and not unexplained:
        return
    history = _history(scene, job)
    lost = sum(line["count"] for line in history if line["event"] == "AnswerLost")
    if not told - lost <= asked <= told + unexplained:
        lines = " ".join(f"{each['event']}/{each['reason']}x{each['count']}" for each in history)
        sums = f"{job['attempts']} charged, {job['postponed']} postponed, {unexplained} unexplained"
        yield f"job {job['id']}: the platform saw {asked} submissions, {sums}: {lines}"
    explained = sum(line["count"] for line in history if _leaves_open(line))
    if explained < unexplained:
        yield f"job {job['id']}: {unexplained} unexplained, and its history tells of {explained}"


def _leaves_open(line: Json) -> bool:
    """Whether a line tells of a submission that nobody can explain; a second one in a row has no new reason."""
    return line["reason"] in NOT_SENT or (line["from"] == "submitting" and line["event"] not in ANSWERED)


def _history(scene: Scene, job: Json) -> list[Json]:
    history: list[Json] = scene.stage.job(job["id"])["history"]
    return history


def _records(scene: Scene) -> Iterator[str]:
    """Every record of the listed days is there once, told as it is, described as it was told, its picture landed once."""
    there: dict[Any, list[Json]] = defaultdict(list)
    for record in scene.records:
        there[record["camera"], record["package"], _utc(record["created_at"])].append(record)
    expected = {(record.channel.name, record.package, record.created): record for record in made(scene.stage)}
    for place in expected.keys() | there.keys():
        found = there.get(place, [])
        if len(found) != 1 or place not in expected:
            yield f"record {place}: there {len(found)} times, expected {place in expected}"
        else:
            yield from _record(scene, found[0], expected[place])
    yield from (
        f"{each} describes nothing" for each in scene.described.keys() - {r["id"] for r in scene.records}
    )


def made(stage: Stage) -> Iterator[Record]:
    """All records that the cloud has of the days that were wanted."""
    content, now = stage.sandbox.cloud.content, datetime.now(UTC)
    for camera, day in stage.days:
        channel = next(channel for channel in content.channels if channel.name == camera)
        for package in PACKAGES:
            yield from content.records(channel, package, day, now)


def _record(scene: Scene, told: Json, expected: Record) -> Iterator[str]:
    name, (key, described) = f"record {told['id']}", scene.described.get(told["id"], ("", {}))
    with scene.stage.store() as store:
        revision, acknowledged = store.hmget(f"{P}record:{told['id']}", "revision", "told")
    if {str(told["revision"]), revision, acknowledged, str(described.get("revision"))} != {revision}:
        yield f"{name}: revision {told['revision']}, told {acknowledged}, described {described.get('revision')} {key}"
    if described.get("vendor_id") != str(expected.id()):
        yield f"{name}: described as the vendor's {described.get('vendor_id')}, is {expected.id()}"
    for source, chapters in (("API", told["chapters"]), ("description", described.get("chapters", []))):
        if [each["summary"] for each in chapters] != [each.summary for each in expected.chapters]:
            yield f"{name}: {len(chapters)} chapters by {source}, {len(expected.chapters)} at the vendor"
    yield from _picture(scene, told, expected)


def _picture(scene: Scene, told: Json, expected: Record) -> Iterator[str]:
    jobs = [job for job in scene.jobs.values() if job["record"] == told["id"]]
    assets = [asset for job in jobs for asset in job["assets"]]
    keys = {asset["key"] for asset in assets}
    most = 2 if told["revision"] > 1 else 1  # the first one, and that of the closed day
    if {job["id"] for job in jobs} != {*told["jobs"]} or not 1 <= len(jobs) == len(assets) <= most:
        yield f"record {told['id']}: jobs {[job['id'] for job in jobs]}, told {told['jobs']}, {len(assets)} assets"
    elif told["picture"] not in keys or len({asset["sha256"] for asset in assets}) != len(keys):
        yield f"record {told['id']}: its picture is {told['picture']}, and what landed is {sorted(keys)}"
    pictures = (Picture(expected.id(), revision) for revision in range(expected.revision + 1))
    served = {hashlib.sha256(each.content).hexdigest() for each in pictures}
    yield from (
        f"{asset['key']} is no picture of its record" for asset in assets if asset["sha256"] not in served
    )


def _spool(scene: Scene) -> Iterator[str]:
    """What is left in the spool folder: notes of ended jobs, locks that lock nothing."""
    for path in sorted((scene.stage.archive / ".partial").glob("*")):
        yield f"{path.suffix} of {path.stat().st_size} bytes: {path.name}"


def _bytes_left(scene: Scene) -> Iterator[str]:
    """Everything is over, so nobody will come for unfinished bytes."""
    yield from (f"in the spool: {each}" for each in _spool(scene) if each.startswith(".part of"))


def _counts(scene: Scene) -> dict[str, int]:
    asked = sum(tally.asked for tally in scene.stage.sandbox.platform.witness.windows.values())
    playback = [job for job in scene.jobs.values() if job["kind"] == "playback"]
    return {
        "jobs": len(playback),
        "pictures": len(scene.jobs) - len(playback),
        "records": len(scene.records),
        "submissions": asked,
        "unexplained": sum(job["unexplained"] for job in playback),
        "assets": len(scene.assets),
    }


def kinds(names: Iterable[str]) -> Counter[str]:
    """Leftovers by their kind."""
    return Counter(name.partition(" ")[0] for name in names)


def _is_sidecar(key: str, path: Path) -> bool:
    return key.endswith(SIDECAR) and not path.name.startswith("record-")


def _json(path: Path) -> Json:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"torn": str(path)}
    return found if isinstance(found, dict) else {"torn": str(path)}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _naive(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(ZONE).replace(tzinfo=None)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
