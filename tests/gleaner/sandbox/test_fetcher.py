"""The simulated cloud's videos: drawn from what a listing says of a record, whole, and as long as it says."""

from datetime import timedelta

import pytest

from gleaner.sandbox.fetcher import fetch
from shared.adapters.media import check
from shared.domain.job import Kind, Verdict, Window
from shared.vendors.fetcher import NamedFetcher
from tests.builders import NOON, TODAY
from tests.imou_stage import on_stage


@pytest.mark.parametrize("package", ["aiCloudRecord", "aiInsight"])
def test_a_listed_record_leads_to_a_whole_video_of_its_length(tmp_path, package):
    with on_stage(package, names=("front-door",)) as stage:
        source, camera = stage.services.record_sources["imou"], stage.services.cameras.get("front-door")
        page = next(source.listing(camera, package, TODAY - timedelta(days=2)))
    listed = page.records[0]
    fetch(listed.media.fields, Window(listed.record.created_at, listed.record.end), tmp_path / "video")
    with (tmp_path / "video").open("rb") as file:
        facts = check(file, Kind.HLS)
    assert (facts.verdict, facts.content_type) == (Verdict.COMPLETE, "video/mp4")
    assert facts.duration_seconds == pytest.approx(listed.record.duration_seconds, abs=0.1)


def test_keys_of_somebody_else_are_not_taken(tmp_path):
    with pytest.raises(ValueError, match="no keys"):
        fetch({"fileToken": "real"}, Window(NOON, NOON + timedelta(seconds=9)), tmp_path / "video")
    assert not (tmp_path / "video").exists()


def test_it_is_found_by_the_name_that_the_documents_give_it():
    assert NamedFetcher("gleaner.sandbox.fetcher:fetch", "IMOU_MEDIA_FETCHER").load() is fetch
