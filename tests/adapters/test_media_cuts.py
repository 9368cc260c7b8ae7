"""Clips as servers write them, cut and whole, by chance: whatever the seed is, what was cut is caught, and what is whole is not."""

import io
import random
import re
import sys
from functools import cache

import pytest

from gleaner.sandbox.muxer import Footage, scenes
from shared.adapters.media import check
from shared.adapters.media_frames import frames
from shared.domain.job import Kind, Verdict
from shared.errors import Refused
from tests.adapters.mp4s import encoded

WRITERS = {
    "index last": {},
    "index first": {"mux": {"movflags": "+faststart"}},
    "with sound": {"sound": True},
    "with sound, index first": {"sound": True, "mux": {"movflags": "+faststart"}},
    "B-frames": {"options": {"bf": "2", "preset": "fast"}},
    "open groups": {"options": {"bf": "2", "preset": "fast", "x264-params": "open-gop=1"}},
    "H.265": {"codec": "libx265", "options": {"x265-params": "log-level=0"}},
    "MPEG-4": {"codec": "mpeg4"},
    "MJPEG": {"codec": "mjpeg"},
    "fragments": {"mux": {"movflags": "+frag_keyframe+empty_moov+default_base_moof"}},
    "fragments, the first in the index": {"sound": True, "mux": {"movflags": "+frag_keyframe"}},
    "fragments without offsets": {"mux": {"movflags": "+frag_keyframe+empty_moov+omit_tfhd_offset"}},
    "fragments of a frame": {"sound": True, "mux": {"movflags": "+cmaf+frag_every_frame"}},
    "fragments with an index": {"mux": {"movflags": "+frag_keyframe+dash+global_sidx"}},
}
FRAGMENTED = [name for name in WRITERS if name.startswith("fragments")]
PLAIN = [name for name in WRITERS if name not in FRAGMENTED]
SCENES = scenes()


@cache
def clip(name):
    return encoded(len(name), **WRITERS[name])


@pytest.fixture
def rng():
    seed = random.SystemRandom().randrange(10**9)
    sys.stdout.write(f"seed {seed}\n")  # shown when the test fails
    return random.Random(seed)


def footage(rng, folder, seconds=None):
    made = Footage(rng.choice(SCENES), seconds or rng.uniform(0.2, 60), "by chance", rng.random() < 0.5)
    made.write(folder / "clip.mp4")
    return (folder / "clip.mp4").read_bytes()


def facts(content):
    return check(io.BytesIO(content), Kind.PLAYBACK)


def decoded(content):
    return frames(io.BytesIO(content), facts(content))


def caught(content):
    try:
        facts(content)
    except Refused:
        return True
    return False


@pytest.mark.parametrize("name", WRITERS)
def test_what_a_server_writes_is_complete_and_decodes(name):
    found = decoded(clip(name))
    assert (found.verdict, found.reasons) == (Verdict.COMPLETE, {})
    assert found.examined == ("container", "holes", "frames")
    assert found.duration_seconds == pytest.approx(3, abs=0.2)


@pytest.mark.fuzz
def test_a_thousand_clips_that_were_cut_anywhere_are_all_caught(rng, tmp_path):
    for _ in range(1_000):
        whole = clip(rng.choice(PLAIN)) if rng.random() < 0.8 else footage(rng, tmp_path)
        size = rng.randrange(len(whole))
        assert caught(whole[:size]), (size, len(whole))


@pytest.mark.fuzz
def test_fragmented_clips_that_were_cut_anywhere_are_caught_or_last_less_and_are_never_complete(rng):
    fragmented_ones_cut(rng, 200)


@pytest.mark.fuzz_long
def test_a_thousand_of_them(rng):
    fragmented_ones_cut(rng, 1_000)


def fragmented_ones_cut(rng, count):
    """Half of the cuts are at the edge of a fragment, where the bytes alone look whole."""
    at_edges = 0
    for _ in range(count):
        name = rng.choice(FRAGMENTED)
        whole, edges, seconds = in_fragments(name)
        size = rng.choice([rng.randrange(len(whole)), rng.choice(edges)])
        if not caught(whole[:size]):
            at_edges += 1
            part = facts(whole[:size])
            assert part.verdict is Verdict.UNVERIFIED, (name, size)
            assert size >= edges[-1] or (part.duration_seconds or 0) < seconds, (name, size)
    assert at_edges


@cache
def in_fragments(name):
    """A clip, where a fragment of it ends and the next, or the index of all, begins, and how long it lasts."""
    whole = clip(name)
    edges = [found.start() - 4 for found in re.finditer(b"moof|mfra", whole)][1:]
    return whole, edges, facts(whole).duration_seconds


@pytest.mark.fuzz
def test_whole_clips_are_all_complete(rng, tmp_path):
    for _ in range(150):
        assert facts(footage(rng, tmp_path)).verdict is Verdict.COMPLETE


def all_decode(rng, folder, count):
    for _ in range(count):
        found = decoded(footage(rng, folder))
        assert (found.verdict, found.reasons) == (Verdict.COMPLETE, {})


@pytest.mark.fuzz
def test_some_whole_clips_decode(rng, tmp_path):
    all_decode(rng, tmp_path, 10)


@pytest.mark.fuzz_long
def test_a_thousand_whole_clips_are_complete_and_decode(rng, tmp_path):
    all_decode(rng, tmp_path, 1_000)


@pytest.mark.fuzz
def test_clips_with_a_hole_in_their_pictures_are_all_caught(rng, tmp_path):
    for _ in range(100):
        whole = clip(rng.choice(["index first", "index last", "H.265", "fragments", "B-frames"]))
        first = whole.index(b"mdat") + 4
        start = rng.randrange(first, first + 50_000)
        assert caught(whole[:start] + bytes(4096) + whole[start + 4096 :]), start
