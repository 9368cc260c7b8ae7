"""What every VideoSource promises: the whole video from its start, or a word that says whose trouble it is."""

import sys
from collections import deque
from datetime import timedelta

import pytest

from shared.adapters.memory_videos import MemoryVideos
from shared.adapters.video_apart import VideoApart
from shared.domain.descriptor import MediaDescriptor
from shared.domain.job import Window
from shared.errors import Gone, Refused, Transient, Whose
from tests.builders import NOON

ASSET = "0" * 20
HOUR = Window(NOON, NOON + timedelta(hours=1))
VIDEO = "a video, " * 1000
TROUBLES = {
    "gone": Gone("media-gone"),
    "refused": Refused("fetcher-refused"),
    "flow": Transient("flow-spent", whose=Whose.VENDOR),
    "away": Transient("media-host-away", whose=Whose.VENDOR),
    "failed": Transient("fetcher-failed"),
}


CHILD = """
import json, sys, time
told = json.load(sys.stdin)
does = told["descriptor"]["does"]
time.sleep(0.1)
if does == "done":
    with open(told["target"], "w") as file:
        file.write(told["descriptor"]["content"])
print(json.dumps({"how": does, "detail": "so it says"}))
"""


@pytest.fixture(params=["memory", "apart"])
def source(request, tmp_path):
    if request.param == "memory":
        return MemoryVideos(VIDEO.encode())
    return VideoApart((sys.executable, "-S", "-c", CHILD), tmp_path, pause=0.02)


def brought(source, does: str) -> list[bytes]:
    if isinstance(source, MemoryVideos):
        source.troubles = deque([TROUBLES[does]] if does in TROUBLES else [])
    descriptor = MediaDescriptor({"does": does, "content": VIDEO})
    with source.open(ASSET, 1, descriptor, HOUR) as download:
        assert (download.start, download.total, download.validator) == (0, None, None)
        return list(download.chunks)


def test_a_video_comes_whole_after_chunks_that_are_empty(source):
    first, *_, last = brought(source, "done")
    assert (first, last) == (b"", VIDEO.encode())


@pytest.mark.parametrize("does", TROUBLES)
def test_what_goes_wrong_is_told_by_whose_trouble_it_is(source, does):
    with pytest.raises(type(TROUBLES[does])) as caught:
        brought(source, does)
    assert (type(caught.value), caught.value.code) == (type(TROUBLES[does]), TROUBLES[does].code)
    assert getattr(caught.value, "whose", None) == getattr(TROUBLES[does], "whose", None)
