"""What a look at the frames adds: what does not decode is kept, and doubted; and how long a stream lasts that has no index."""

import io
import random

import pytest

from shared.adapters.media import check
from shared.adapters.media_frames import frames
from shared.domain.job import Kind, Verdict
from tests.adapters.mp4s import Clip, encoded
from tests.adapters.mp4s import frames as made_up


def seen(content, kind=Kind.PLAYBACK):
    return frames(io.BytesIO(content), check(io.BytesIO(content), kind))


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg4", "mjpeg"])
def test_frames_that_were_overwritten_are_a_doubt_and_no_refusal(codec):
    quiet = {"x265-params": "log-level=0"} if codec == "libx265" else {}
    whole = encoded(1, codec=codec, options=quiet)
    first, size = whole.index(b"mdat") + 4, len(whole) // 3
    junk = random.Random(1).randbytes(size).replace(b"\0", b"\1")
    found = seen(whole[: first + size] + junk + whole[first + 2 * size :])
    assert (found.verdict, [*found.reasons]) == (Verdict.UNVERIFIED, ["frames-damaged"])
    assert found.examined == ("container", "holes", "frames")


def test_frames_that_are_none_are_a_doubt():
    found = seen(Clip(tuple(made_up(25, size=300))).written())
    assert found.verdict is Verdict.UNVERIFIED
    assert {*found.reasons} & {"frames-damaged", "frames-unreadable"}


@pytest.mark.parametrize("codec", [b"svac", b"encv"])
def test_a_codec_that_no_camera_is_known_to_use_is_never_decoded(codec):
    found = seen(encoded(1).replace(b"avc1", codec))
    assert (found.verdict, [*found.reasons]) == (Verdict.UNVERIFIED, ["frames-unreadable"])


def test_not_even_one_that_the_library_knows():
    assert [*seen(encoded(1, codec="libvpx-vp9", seconds=1)).reasons] == ["frames-unreadable"]


@pytest.mark.parametrize(
    "writer", [{}, {"codec": "libx265", "options": {"x265-params": "log-level=0"}}, {"sound": True}]
)
def test_a_transport_stream_says_how_long_it_lasts_and_its_frames_decode(writer):
    whole = encoded(1, container="mpegts", seconds=6, **writer)
    found = seen(whole)
    assert (found.verdict, [*found.reasons]) == (Verdict.UNVERIFIED, ["no-end-mark"])
    assert found.duration_seconds == pytest.approx(6, abs=0.2)
    assert found.examined == ("container", "frames")
    half = seen(whole[: len(whole) // 376 * 188])
    assert half.duration_seconds == pytest.approx(3, abs=0.5)


def test_a_transport_stream_of_anything_is_a_doubt():
    packets = b"".join(b"G" + bytes([1, number % 256]) + bytes(185) for number in range(3_000))
    found = seen(packets)
    assert (found.content_type, found.verdict) == ("video/mp2t", Verdict.UNVERIFIED)
    assert {*found.reasons} & {"no-pictures", "frames-unreadable"}


def test_what_is_of_no_known_kind_is_not_decoded():
    found = seen(b"\x00\x00\x01\xba" + bytes(range(256)) * 400)
    assert [*found.reasons] == ["unknown-kind"]
    assert seen(b"\xff\xd8\xff\xda\0\2" + b"x" * 90 + b"\xff\xd9", Kind.PICTURE).examined == ("container",)


def test_sound_alone_is_not_decoded():
    found = seen(Clip(tuple(made_up(25)), handler=b"soun").written())
    assert found.examined == ("container", "holes")
