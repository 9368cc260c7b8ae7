"""What people read of the whole: status, cameras, harvests and records, made of the API's JSON.

Pure text in, text out, as in `show`. What a vendor wrote is shortened to a line of the width that it takes on a terminal.
"""

from collections.abc import Iterable, Iterator, Sequence

from gleaner.columns import plain, shorten, table
from gleaner.show import NONE, Json, length, moment, size
from shared.domain.job import State
from shared.domain.reasons import words

SUMMARY, TAGS = 40, 20  # columns
_QUOTA_SPENT = "quota-spent"


def status(found: Json) -> str:
    """How the whole stands."""
    counts = [f"{found['states'][state]} {state}" for state in State if found["states"].get(state)]
    rows = [("jobs", ", ".join(counts) or "none"), ("overdue", length(found.get("overdue_seconds")))]
    rows += [(f"calls to {vendor}", _calls(stop)) for vendor, stop in (found.get("circuits") or {}).items()]
    rows += [
        (f"quota of {vendor}", _quota(span, quota))
        for vendor, quotas in (found.get("quota") or {}).items()
        for span, quota in quotas.items()
        if quota
    ]
    rows += [
        (f"rhythm of {vendor}", plain(str(rhythm.get("sentence"))))
        for vendor, rhythm in (found.get("rhythm") or {}).items()
    ]
    rows += [(f"videos of {vendor}", plain(str(said))) for vendor, said in (found.get("video") or {}).items()]
    rows += [("free", _space(found)), ("last sweep", moment(found.get("last_sweep")))]
    widest = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{widest}}  {value}" for name, value in rows)


def _space(found: Json) -> str:
    """What is free, and how much of it nobody gets."""
    free, promised, reserve = (found.get(f"{each}_bytes") for each in ("free", "promised", "reserve"))
    told = [size(free)]
    told += [f"{size(promised)} of it promised to running fetches"] if promised else []
    told += [f"{size(reserve)} left alone"] if free is not None and reserve else []
    full = free is not None and reserve is not None and free - (promised or 0) <= reserve
    return ", ".join(told) + (": NO ROOM, jobs wait" if full else "")


def stops(found: Json) -> Iterator[tuple[str, str]]:
    """The vendors to which no call goes out now, and why."""
    for vendor, stop in (found.get("circuits") or {}).items():
        if stop.get("open"):
            yield vendor, _calls(stop)


def _calls(stop: Json) -> str:
    if not stop.get("open"):
        return "go out"
    code, reason = stop.get("code"), stop.get("reason")
    why = [code, None if code == _QUOTA_SPENT else words(code), reason]
    until = f" until {moment(stop['until'])}" if stop.get("until") else ""
    look = f"; looked at next at {moment(stop['next_look'])}" if stop.get("next_look") else ""
    return plain(f"STOPPED{until}: {', '.join(str(word) for word in why if word)}{look}")


def _quota(span: str, quota: Json) -> str:
    limit, forecast = quota.get("limit"), quota.get("forecast")
    used = f"{quota.get('used')} calls this {span} of {'any number' if limit is None else limit}"
    if forecast is None:
        return used
    until = f" by {moment(quota.get('until'))}" if quota.get("until") else ""
    over = ", which is too many" if limit is not None and forecast > limit else ""
    return f"{used}; {forecast}{until} if it goes on like this{over}"


def cameras(found: Sequence[Json]) -> str:
    """The cameras, how busy their devices are, and how their last harvests went."""
    heads = ("CAMERA", "TIMEZONE", "VENDORS", "DEVICE", "LAST HARVEST", "OUTCOME")
    rows = [
        (
            camera["name"],
            camera.get("timezone") or NONE,
            ",".join(camera.get("vendors") or ()) or NONE,
            _lane(camera.get("lane")),
            moment(camera.get("last_harvest")),
            outcome(camera),
        )
        for camera in found
    ]
    return table(heads, rows) if rows else "no cameras"


def outcome(found: Json) -> str:
    """How a harvest went: ok, or what was wrong, by its code and in words."""
    code = found.get("outcome")
    said = words(code)
    return NONE if not code else str(code) if said == code.replace("-", " ") else f"{code}: {said}"


def _lane(lane: Json | None) -> str:
    if not lane:
        return NONE
    runners, waiting = len(lane.get("runners") or ()), lane.get("waiting")
    return f"{runners} of {lane.get('room')} busy" + (f", {waiting} waiting" if waiting else "")


def harvests(found: Iterable[Json]) -> str:
    """Harvests as they were wished for."""
    rows = [(each["camera"], each["package"], each["state"]) for each in found]
    return (
        table(("CAMERA", "PACKAGE", "STATE"), rows) if rows else "nothing to harvest: no camera has records"
    )


def harvested(found: Iterable[Json]) -> str:
    """What became of harvests that were waited for."""
    heads = ("CAMERA", "PACKAGE", "STATE", "OUTCOME")
    rows = [(each["camera"], each["package"], each["state"], _end(each)) for each in found]
    return table(heads, rows) if rows else harvests(())


def _end(found: Json) -> str:
    later = f"tried again at {moment(found['retry_at'])}" if found.get("retry_at") else None
    return "; ".join(filter(None, (outcome(found), found.get("detail"), _empty(found), later)))


def _empty(found: Json) -> str:
    number = len(found.get("empty_days") or ())
    it, days = ("it", "day") if number == 1 else ("them", "days")
    return f"not listed, as the vendor has nothing on {it}: {number} {days}" if number else ""


def records(found: Iterable[Json]) -> str:
    """The list of records."""
    heads = ("LATEST", "CAMERA", "PACKAGE", "TAGS", "SUMMARY", "PICTURE")
    rows = [
        (
            moment(record.get("latest_at") or record.get("created_at")),
            record["camera"],
            record["package"],
            shorten(",".join(_tags(record)), TAGS) or NONE,
            shorten(_gist(record), SUMMARY) or NONE,
            record.get("picture") or NONE,
        )
        for record in found
    ]
    return table(heads, rows) if rows else "no records"


def _tags(record: Json) -> list[str]:
    told = [
        *(record.get("tags") or ()),
        *(tag for each in _chapters(record) for tag in each.get("tags") or ()),
    ]
    return list(dict.fromkeys(map(str, told)))


def _gist(record: Json) -> str:
    """Its own summary, or else that of its last chapter that has one."""
    said = (record.get("summary"), *(each.get("summary") for each in reversed(_chapters(record))))
    return next((str(summary) for summary in said if summary), "")


def _chapters(record: Json) -> Sequence[Json]:
    return record.get("chapters") or ()
