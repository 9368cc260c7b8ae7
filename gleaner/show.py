"""What people read of jobs and settings: lines and tables of the commands and of `gleaner up`, made of the API's JSON.

Pure text in, text out. Times stand as the service gives them, which is the camera's zone; sizes are decimal. An
answer that lacks a field shows a dash, so that an older or newer service can still be looked at.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from gleaner.columns import table
from shared.domain.job import ENDED
from shared.domain.reasons import words

Json = Mapping[str, Any]

NONE = "-"
HIDDEN = "••••"
_UNITS = ("B", "kB", "MB", "GB", "TB")


def size(number: float | None) -> str:
    """A size in bytes for people."""
    if number is None:
        return NONE
    for unit in _UNITS:
        if number < 1000 or unit == _UNITS[-1]:
            break
        number /= 1000
    return f"{number:.0f} {unit}" if unit == "B" or number >= 100 else f"{number:.1f} {unit}"


def length(seconds: float | None) -> str:
    """A length of time for people."""
    if seconds is None:
        return NONE
    return f"{seconds:.0f} s" if seconds < 3600 else str(timedelta(seconds=round(seconds)))


def moment(text: str | None) -> str:
    """An instant to the second, in the zone in which it was given."""
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S") if text else NONE


def window(job: Json, today: datetime | None = None) -> str:
    """A job's window; its day is left out when it is `today`."""
    start, end = datetime.fromisoformat(job["start"]), datetime.fromisoformat(job["end"])
    form = "%H:%M:%S" if start.second or end.second else "%H:%M"
    day = "" if today and today.astimezone(start.tzinfo).date() == start.date() else f"{start:%Y-%m-%d} "
    return f"{day}{start:{form}}-{end:{form}}"


def percent(job: Json) -> str:
    """How far a job's download is."""
    progress = job.get("progress")
    return NONE if progress is None else f"{progress:.0%}"


def why(job: Json) -> str:
    """A job's reason with its detail, or a dash."""
    return "  ".join(str(job[key]) for key in ("reason", "detail") if job.get(key)) or NONE


def verdict(job: Json) -> str:
    """What a job's footage turned out to be: the word on the whole window, until there is one that on its assets."""
    if job.get("verdict") or job.get("reason") == "short":
        return str(job.get("verdict") or "partial")
    found = {str(asset.get("verdict")) for asset in job.get("assets", ())}
    return next((word for word in ("partial", "encrypted", "unverified", "complete") if word in found), NONE)


def settled(job: Json, whole: bool) -> bool:
    """Whether nothing is left to wait for; `whole`: the verdict on the window included, where it may still change."""
    if whole and job["state"] == "archived" and "verdict" in job and job["verdict"] is None:
        return verdict(job) == "complete"
    return job["state"] in ENDED


def kept(job: Json, whole: bool) -> bool:
    """Whether a job's footage is in the archive; `whole`: all that was wanted."""
    return job["state"] == "archived" and (not whole or verdict(job) == "complete")


def outcome(found: Iterable[Json]) -> str:
    """What became of jobs that were waited for, one line for each asset or failure."""
    return "\n".join(news(job, None, "") for job in found)


def jobs(found: Iterable[Json]) -> str:
    """The list of jobs."""
    heads = ("JOB", "KIND", "CAMERA", "WINDOW", "STATE", "PROGRESS", "ATTEMPTS", "REASON")
    rows = [
        (
            job["id"],
            str(job.get("kind") or NONE),
            job["camera"],
            window(job),
            state(job),
            percent(job),
            str(job["attempts"]),
            job.get("reason") or NONE,
        )
        for job in found
    ]
    return table(heads, rows) if rows else "no jobs"


def cameras_file(found: Json) -> str:
    """The cameras file that the service made."""
    return str(found.get("cameras_file", "")).rstrip("\n")


def job(found: Json) -> str:
    """One job with its whole history."""
    head = f"{found['id']}  {found['kind']} of {found['camera']}  {window(found)}  {state(found)}"
    facts = [
        ("why", found.get("why") or (None if found["state"] == "archived" else why(found))),
        ("progress", percent(found)),
        ("attempts", found["attempts"]),
        ("wished by", found.get("origin")),
        ("created", moment(found.get("created_at"))),
        ("looked at", moment(found.get("due_at")) if found.get("due_at") else None),
    ]
    lines = [f"  {name:<10}{value}" for name, value in facts if value not in (None, NONE)]
    assets = [f"  {'asset':<10}{_asset(asset)}" for asset in found.get("assets", ())]
    return "\n".join([head, *lines, *assets, *_history(found.get("history") or ())])


def state(found: Json) -> str:
    """A job's state, and whether it is on hold in it."""
    return (
        f"{found['state']} (on hold)"
        if found.get("on_hold") and found["state"] not in ENDED
        else str(found["state"])
    )


def _asset(asset: Json) -> str:
    parts = (
        asset["key"],
        size(asset.get("size")),
        length(asset.get("duration_seconds")),
        asset.get("verdict"),
    )
    return "  ".join(str(part) for part in parts) + f"  sha256 {asset.get('sha256')}"


def _history(lines: Sequence[Json]) -> list[str]:
    if not lines:
        return []
    heads = ("AT", "EVENT", "FROM", "TO", "ATTEMPT", "REASON")
    rows = [
        (
            moment(line["at"]),
            _event(line),
            line["from"],
            line["to"],
            str(line.get("attempt") or NONE),
            why(line),
        )
        for line in lines
    ]
    return ["", table(heads, rows)]


def _event(line: Json) -> str:
    count = line.get("count") or 1
    return f"{line['event']}{f' x{count}' if count > 1 else ''}{' (late)' if line.get('late') else ''}"


def news(found: Json, now: datetime | None, archive: str) -> str:
    """The one line about a job that has ended; `archive` is put before its assets' keys."""
    head = f"{found['state']:<9} {found['camera']}  {window(found, today=now)}"
    assets = found.get("assets") or ()
    if found["state"] != "archived" or not assets:
        return f"{head}  {words(found.get('reason')) or NONE}  {found.get('detail') or ''}".rstrip()
    return "\n".join(f"{head} {_landed(asset, archive)}" for asset in assets)


def burst(found: Sequence[Json]) -> str:
    """The one line about pictures of a camera that have ended alike."""
    first = found[0]
    starts = sorted(job["start"] for job in found)
    head = f"{first['state']:<9} {len(found)} pictures of {first['camera']}  {moment(starts[0])} to {moment(starts[-1])}"
    if first["state"] != "archived":
        return f"{head}  {words(first.get('reason')) or NONE}"
    return f"{head}  {size(sum(asset['size'] for job in found for asset in job.get('assets') or ()))}"


def _landed(asset: Json, archive: str) -> str:
    seconds = asset.get("duration_seconds")
    parts = (size(asset.get("size")), str(asset.get("verdict")), f"{archive}{asset['key']}")
    return "  ".join((f"({length(seconds)})" if seconds is not None else "", *parts))


def push(found: Json) -> str:
    """The address of each vendor that may push."""
    return (
        table(("VENDOR", "ADDRESS"), sorted(found.items())) if found else "No vendor in use pushes anything."
    )


def quarantine(found: Sequence[Json]) -> str:
    """What could not be read, each with what the vendor said."""
    if not found:
        return "Nothing is in quarantine: all that vendors said of records could be read."
    return "\n".join(
        f"{held['at']}  {held['camera']} {held['package']} of {held['day']}: {held['fault']}\n    {held['row']}"
        for held in found
    )


def settings(found: Iterable[Json]) -> str:
    """Every setting in force and where it came from."""
    return table(
        ("SETTING", "VALUE", "FROM"), [(row["name"], row["value"] or NONE, row["from"]) for row in found]
    )
