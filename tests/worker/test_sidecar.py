"""The sidecar of what lands is what is published of it, and those of before are read as ever."""

import hashlib
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from shared.domain import planning
from shared.domain.job import Kind, State, Verdict
from shared.domain.media import MediaFacts
from shared.domain.reasons import REASONS
from tests.worker.test_fetch import Fetching

SCHEMA = json.loads((Path(__file__).parent.parent.parent / "docs/sidecar.schema.json").read_text("utf-8"))
WHOLE = MediaFacts("video/mp4", "mp4", Verdict.COMPLETE, 1800.0, ("container", "holes", "frames"))
FOUND = {
    "complete": (WHOLE, {}),
    "short": (MediaFacts("video/mp4", "mp4", Verdict.COMPLETE, 100.0), {}),
    "doubted": (WHOLE.doubted("frames-damaged", "at 1 of 6 places"), {}),
    "unknown": (
        MediaFacts("application/octet-stream", "bin", Verdict.UNVERIFIED, None).doubted("unknown-kind", "?"),
        {},
    ),
    "picture": (
        MediaFacts("image/jpeg", "jpg", Verdict.COMPLETE, None, ("container",)),
        {"kind": Kind.PICTURE, "record": "r"},
    ),
    "encrypted": (
        MediaFacts("application/octet-stream", "bin", Verdict.ENCRYPTED, None).doubted(
            "perhaps-encrypted", "?"
        ),
        {"kind": Kind.PICTURE},
    ),
}


def told(facts, **changes):
    """The sidecar of what landed with these facts, as it is read from a disk."""
    one = Fetching(changes, check=lambda *_: facts)
    one.work()
    return json.loads(json.dumps(one.archive.sidecar(one.job.assets[0].key)))


def errors(sidecar):
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(sidecar)]


def test_the_schema_is_one_and_describes_every_field():
    Draft202012Validator.check_schema(SCHEMA)
    assert all(each["description"] for each in SCHEMA["properties"].values())


@pytest.mark.parametrize("name", FOUND)
def test_what_lands_is_described_as_is_published(name):
    facts, changes = FOUND[name]
    sidecar = told(facts, **changes)
    assert errors(sidecar) == []
    assert sidecar["schema"] == 2
    assert sidecar.keys() <= SCHEMA["properties"].keys()
    assert sidecar["reasons"].keys() <= REASONS.keys()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schema", 3), ("sha256", "?"), ("verdict", "perfect"), ("verdict", "partial"), ("reasons", {"No Code": "x"}),
        ("reasons", {"short": "a complete one has none"}), ("examined", ["vibes"]), ("window", ["2026-11-01"]), ("size", -1),
    ],
)  # fmt: skip
def test_what_is_described_otherwise_is_not_as_is_published(field, value):
    sidecar = told(WHOLE)
    assert errors(sidecar | {field: value})
    assert errors({name: sidecar[name] for name in sidecar if name != field})


def test_the_verdict_and_its_reasons_stand_in_the_sidecar():
    sidecar = told(WHOLE.doubted("frames-damaged", "at 1 of 6 places"))
    assert (sidecar["verdict"], sidecar["reasons"]) == ("unverified", {"frames-damaged": "at 1 of 6 places"})
    assert sidecar["examined"] == ["container", "holes", "frames"]


@pytest.mark.parametrize("doubt", [{}, {"no-end-mark": "nothing says so"}])
def test_what_lasts_less_than_was_wanted_is_partial_and_says_by_how_much_beside_all_other_doubts(doubt):
    facts = MediaFacts("video/mp4", "mp4", Verdict.COMPLETE, 100.5)
    for code, detail in doubt.items():
        facts = facts.doubted(code, detail)
    sidecar = told(facts)
    assert (sidecar["verdict"], sidecar["reasons"]) == ("partial", doubt | {"short": "100.5 of 300 seconds"})


def test_a_sidecar_of_before_is_as_is_published_and_what_it_describes_is_adopted():
    before = {name: value for name, value in told(WHOLE).items() if name not in {"reasons", "examined"}}
    before["schema"] = 1
    assert errors(before) == []
    one = Fetching()
    file = one.job.files[0]
    asset_id = hashlib.sha256(f"{one.id}/{file.attempt}/{file.identity}".encode()).hexdigest()[:20]
    camera = one.services.cameras.get("front-door")
    key = planning.asset_key(camera.name, camera.zone, one.job.window.start, one.job.kind, asset_id, "mp4")
    with one.archive.spool("earlier") as spool:
        spool.restart(None)
        spool.write(b"footage")
        there = {"id": asset_id, "key": key, "size": 7, "sha256": hashlib.sha256(b"footage").hexdigest()}
        one.archive.publish(spool, key, before | there)
    one.work()
    (asset,) = one.job.assets
    assert (one.job.state, asset.size, asset.verdict) == (State.ARCHIVED, 7, Verdict.COMPLETE)
    assert one.media.opened == []
