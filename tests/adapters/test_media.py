"""What the check of containers promises: cut or foreign bytes are never taken for whole media, whatever they look like."""

import gzip
import io
import random
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.media import check
from shared.domain.job import Kind, Verdict
from shared.errors import Refused
from tests.adapters.mp4s import FTYP, Clip, a_fragment, box, fragmented, frames

CLIPS = {
    "whole": Clip(tuple(frames(25))).written(),
    "no index": FTYP + box(b"mdat", *frames(9)),
    "no first box": Clip(tuple(frames(25))).written()[len(FTYP) :],
    "fragments": fragmented() + a_fragment(*frames(9)),
}

END = b"\xff\xd9"
THUMBNAIL = b"\xff\xd8\xff\xda\0\2" + b"small" + END
JPEG = (
    b"\xff\xd8\xff\xe1" + struct.pack(">H", 2 + len(THUMBNAIL)) + THUMBNAIL
    + b"\xff\xdb\0\x04\1\2" + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + b"\x12\xff\0\x34" * 40 + END
)  # fmt: skip


def chunk(kind, content=b""):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


PNG_HEAD = b"\x89PNG\r\n\x1a\n"
HEADER, PIXELS, THE_END = chunk(b"IHDR", bytes(13)), chunk(b"IDAT", b"pixels"), chunk(b"IEND")
PNG = PNG_HEAD + HEADER + chunk(b"tEXt", b"a\0IEND") + PIXELS * 2 + THE_END


def riff(content, kind=b"WEBP"):
    return b"RIFF" + struct.pack("<I", 4 + len(content)) + kind + content


WEBP = riff(b"VP8 " + struct.pack("<I", 600) + bytes(range(200)) * 3)
PICTURES = {"jpeg": JPEG, "png": PNG, "webp": WEBP}
SEALED = random.Random(20_261_120).randbytes(5_000)  # as what was encrypted looks


def facts(content, kind=Kind.PLAYBACK):
    return check(io.BytesIO(content), kind)


def seen(content):
    """The facts of a picture."""
    return facts(content, Kind.PICTURE)


def refusal(content, kind=Kind.PLAYBACK):
    with pytest.raises(Refused) as caught:
        facts(content, kind)
    return caught.value.code


def judged(content, kind=Kind.PLAYBACK):
    try:
        return facts(content, kind).verdict
    except Refused as refused:
        return refused.code


JUDGEMENTS = {*Verdict, "not-media", "truncated", "holes", "damaged"} - {Verdict.PARTIAL}


@given(
    st.binary(max_size=300),
    st.sampled_from(
        [
            *(b"", FTYP, b"\xff\xd8\xff", b"G" * 189, Clip(tuple(frames(5))).written(index_last=True)),
            *(CLIPS["fragments"], CLIPS["no index"], PNG[:40], WEBP[:16], WEBP[:4]),
        ]
    ),
    st.sampled_from(Kind),
)
def test_hostile_bytes_are_judged_or_refused_and_nothing_else(tail, head, kind):
    assert judged(head + tail, kind) in JUDGEMENTS


# -- pictures


@pytest.mark.parametrize(
    ("content", "content_type", "extension"),
    [(JPEG, "image/jpeg", "jpg"), (PNG, "image/png", "png"), (WEBP, "image/webp", "webp")],
)
@pytest.mark.parametrize("padding", [b"", bytes(64), b"\r\n", bytes(4_000)])
def test_a_whole_picture_is_complete_even_when_the_camera_padded_it(
    content, content_type, extension, padding
):
    found = seen(content + padding)
    assert (found.content_type, found.extension, found.verdict, found.duration_seconds) == (
        content_type,
        extension,
        Verdict.COMPLETE,
        None,
    )


@pytest.mark.parametrize(("name", "least"), [("jpeg", 3), ("png", 8), ("webp", 12)])
def test_a_picture_that_was_cut_anywhere_is_refused_even_right_behind_its_thumbnail(name, least):
    whole = PICTURES[name]
    assert {refusal(whole[:size], Kind.PICTURE) for size in range(least, len(whole))} == {"truncated"}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_that_was_cut_and_filled_up_with_zeros_is_never_complete(name):
    whole = PICTURES[name]
    marked = (
        len(whole) if name == "webp" else len(whole) - 4
    )  # a WebP has no mark of its end that could be missing
    kept = {judged(whole[:size] + bytes(8_000), Kind.PICTURE) for size in range(12, marked)}
    assert Verdict.COMPLETE not in kept


def test_a_jpeg_may_fill_up_before_its_marks():
    filled = JPEG.replace(b"\xff\xdb", b"\xff\xff\xff\xdb").replace(b"\xff\xda\0\x08", b"\xff\xff\xda\0\x08")
    assert seen(filled).verdict is Verdict.COMPLETE
    assert refusal(b"\xff\xd8" + b"\xff" * 100_000, Kind.PICTURE) == "damaged"


def test_a_jpeg_that_ends_where_its_picture_would_begin_is_refused_whatever_its_last_segment_looks_like():
    assert refusal(JPEG[: JPEG.index(b"\xff\xda\0\x08")] + b"\xff\xda\0\4" + END, Kind.PICTURE) == "truncated"


def test_a_jpeg_with_half_of_another_behind_it_is_refused():
    assert refusal(JPEG + JPEG[: len(JPEG) // 2], Kind.PICTURE) == "truncated"


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xd8\xff\xe1\0\1" + bytes(40) + END,
        b"\xff\xd8\xff\xe1\0\4\0\0junk" + END,
        PNG_HEAD + PIXELS + THE_END,
        PNG_HEAD + HEADER + THE_END,
        PNG_HEAD + HEADER + PIXELS + bytes(12) + THE_END,
        PNG_HEAD + HEADER + PIXELS * 10_001 + THE_END,
        PNG + b"junk",
        PNG + bytes(5_000),
        WEBP + b"junk",
        riff(b"JUNK" + WEBP[16:]),
        riff(b"VP8 "),
    ],
)
def test_a_picture_that_contradicts_itself_is_refused(content):
    assert refusal(content, Kind.PICTURE) == "damaged"


def test_what_looks_encrypted_is_kept_for_whoever_has_the_key():
    for content in (SEALED, SEALED[:64], b"\x95" + SEALED[:300], bytes([1]) + bytes(100)):
        found = seen(content)
        assert (found.content_type, found.extension) == ("application/octet-stream", "bin")
        assert (found.verdict, found.duration_seconds) == (Verdict.ENCRYPTED, None)
        assert [*found.reasons] == ["perhaps-encrypted"]
    assert refusal(SEALED[:63], Kind.PICTURE) == "not-media"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"GIF89a", "gif"),
        (b"\0\0\0\x18ftypheic", "heic"),
        (b"\0\0\0\x18ftypmif1", "heic"),
        (b"\0\0\0\x1cftypavif", "avif"),
    ],
)
def test_a_picture_of_a_kind_into_which_nothing_here_looks_is_kept_as_what_it_is_and_nobody_vouches_for_it(
    head, kind
):
    found = seen(head + SEALED)
    assert (found.content_type, found.extension) == (f"image/{kind}", kind)
    assert (found.verdict, [*found.reasons], found.examined) == (Verdict.UNVERIFIED, ["not-looked-into"], ())
    assert refusal((head + SEALED)[:63], Kind.PICTURE) == "not-media"


@pytest.mark.parametrize(
    "content",
    [
        *(("<html>未找到</html>" * 20).encode(coding) for coding in ("utf-8", "gb18030")),
        *(
            ('{"code": 404, "msg": "gone"}' * 20).encode(coding)
            for coding in ("utf-8", "utf-16", "utf-16-be")
        ),
        gzip.compress(b"<html>not found</html>" * 20 + SEALED),
        b"PK\3\4" + SEALED,
        b"",
        bytes(5_000),
    ],
)
def test_a_page_a_text_a_packed_file_and_nothing_at_all_are_no_encrypted_picture(content):
    assert refusal(content, Kind.PICTURE) == "not-media"


@pytest.mark.parametrize("kind", [Kind.PLAYBACK, Kind.HLS])
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_no_clip(kind, name):
    assert {refusal(content, kind) for content in (PICTURES[name], PICTURES[name][:60])} == {"not-media"}


def test_a_clip_is_no_picture():
    for content in (*CLIPS.values(), packets(10)):
        with pytest.raises(Refused) as caught:
            seen(content)
        assert (caught.value.code, caught.value.detail) == (
            "not-media",
            "a video where a picture was expected",
        )


# -- streams, and what is neither


def packets(count):
    return b"".join(b"G" + bytes([1, number % 256]) + bytes(185) for number in range(count))


def test_a_transport_stream_of_whole_packets_is_kept_but_nobody_can_say_that_it_is_all():
    found = facts(packets(3_000))
    assert (found.content_type, found.extension, found.verdict) == ("video/mp2t", "ts", Verdict.UNVERIFIED)
    assert (found.examined, [*found.reasons]) == (("container",), ["no-end-mark"])


def test_a_transport_stream_that_ends_inside_a_packet_is_refused():
    assert {refusal(packets(4)[:size]) for size in range(3 * 188 + 1, 4 * 188)} == {"truncated"}


def test_a_transport_stream_that_loses_its_sync_is_refused():
    assert refusal(packets(2_000) + bytes(188) + packets(10)) == "damaged"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        bytes(100_000),
        b"<!DOCTYPE html><html>" + b"Not found" * 200,
        b'{"code": 404, "message": "gone"}',
        "<html>文件不存在</html>".encode("gbk") * 50,
        "录像文件不存在".encode() * 60,
        b"\xef\xbb\xbf{}",
        b"Gone" * 300,
        b"\x01\x02\x03",
    ],
)
@pytest.mark.parametrize("kind", Kind)
def test_pages_texts_zeros_and_scraps_are_not_media(content, kind):
    assert refusal(content, kind) == "not-media"


def test_a_scrap_of_no_known_kind_is_no_clip():
    assert refusal(bytes(range(256))) == "not-media"


def test_bytes_of_an_unknown_kind_are_kept_as_what_they_are():
    found = facts(b"\x00\x00\x01\xba" + bytes(range(256)) * 4)
    assert (found.content_type, found.extension, found.verdict) == (
        "application/octet-stream",
        "bin",
        Verdict.UNVERIFIED,
    )
    assert (found.duration_seconds, [*found.reasons]) == (None, ["unknown-kind"])
