"""What the check of containers promises: cut or foreign bytes are never taken for whole media, whatever they look like."""

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

BIG = 2**63


def box(kind, *content):
    inside = b"".join(content)
    return struct.pack(">I4s", 8 + len(inside), kind) + inside


def large_box(kind, *content):
    inside = b"".join(content)
    return struct.pack(">I4sQ", 1, kind, 16 + len(inside)) + inside


def open_box(kind, *content):
    return struct.pack(">I4s", 0, kind) + b"".join(content)


def header(kind, scale, length, *, wide=False):
    times = struct.pack(">QQIQ" if wide else ">IIII", 1, 2, scale, length)
    return box(kind, bytes([wide, 0, 0, 0]), times, bytes(80))


def track(scale=90_000, length=0, *, wide=False):
    return box(b"trak", box(b"tkhd", bytes(84)), box(b"mdia", header(b"mdhd", scale, length, wide=wide)))


FTYP = box(b"ftyp", b"isom\0\0\2\0isomiso2")
MOVIE = header(b"mvhd", 1000, 12_500)
MOOV = box(b"moov", MOVIE, track())
MDAT = box(b"mdat", bytes(range(256)) * 2)
FRAGMENT = box(b"moof", box(b"mfhd", bytes(8))) + box(b"mdat", b"frames")
FRAGMENTED = FTYP + box(b"moov", header(b"mvhd", 1000, 0), track(), box(b"mvex", box(b"trex", bytes(24))))

WHOLE = {
    "index first": FTYP + MOOV + MDAT,
    "index last": FTYP + MDAT + MOOV,
    "64-bit sizes": FTYP + large_box(b"mdat", b"frames" * 20) + large_box(b"moov", MOVIE, track()),
    "with padding inside": FTYP + box(b"free", bytes(30)) + MDAT + MOOV,
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


JUDGEMENTS = {*Verdict, "not-media", "truncated", "damaged"} - {Verdict.PARTIAL}

# -- MP4


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_mp4_is_complete_and_says_how_long_it_is(name):
    found = facts(WHOLE[name])
    assert (found.content_type, found.extension, found.verdict) == ("video/mp4", "mp4", Verdict.COMPLETE)
    assert found.duration_seconds == 12.5


@pytest.mark.parametrize("name", WHOLE)
def test_an_mp4_that_was_cut_anywhere_is_refused(name):
    whole = WHOLE[name]
    codes = {refusal(whole[:size]) for size in range(8, len(whole))}
    assert codes == {"truncated"}
    assert {refusal(whole[:size]) for size in range(8)} == {"not-media"}


@pytest.mark.parametrize(
    ("movie", "tracks", "seconds"),
    [
        (header(b"mvhd", 600, 1_200), [track(length=90_000)], 2.0),
        (header(b"mvhd", 600, 6 * 2**33, wide=True), [track()], 2**33 / 100),
        (header(b"mvhd", 600, 0), [track(length=90_000), track(length=270_000)], 3.0),
        (header(b"mvhd", 600, 0), [track(length=45_000, wide=True)], 0.5),
        (header(b"mvhd", 600, 2**32 - 1), [track(length=90_000)], 1.0),
        (header(b"mvhd", 600, 2**64 - 1, wide=True), [track(length=90_000)], 1.0),
        (header(b"mvhd", 0, 100), [track(scale=0, length=90_000)], None),
        (header(b"mvhd", 600, 0), [track(length=0)], None),
    ],
)
def test_the_duration_is_the_movies_else_the_longest_tracks_else_unknown(movie, tracks, seconds):
    assert facts(FTYP + box(b"moov", movie, *tracks) + MDAT).duration_seconds == seconds


def test_fragments_are_complete_only_when_their_own_index_marks_the_end():
    assert facts(FRAGMENTED + FRAGMENT * 3).verdict is Verdict.UNVERIFIED
    assert facts(FRAGMENTED + FRAGMENT * 3 + box(b"mfra", bytes(16))).verdict is Verdict.COMPLETE


def test_fragments_that_were_cut_inside_are_refused_and_at_a_seam_never_complete():
    whole = FRAGMENTED + FRAGMENT * 3 + box(b"mfra", bytes(16))
    seams = {
        len(FRAGMENTED) + len(FRAGMENT) * n + part for n in range(1, 4) for part in (0, len(FRAGMENT) - 14)
    }
    for size in range(8, len(whole)):
        if size in seams:
            assert facts(whole[:size]).verdict is Verdict.UNVERIFIED
        else:
            assert refusal(whole[:size]) == "truncated"


@pytest.mark.parametrize(
    "extended", [b"\0\0\0\0" + struct.pack(">I", 7_000), b"\1\0\0\0" + struct.pack(">Q", 7_000)]
)
def test_the_duration_of_fragments_is_what_their_head_says(extended):
    moov = box(b"moov", header(b"mvhd", 1000, 0), track(), box(b"mvex", box(b"mehd", extended)))
    assert facts(FTYP + moov + FRAGMENT).duration_seconds == 7.0


def test_a_last_box_of_no_stated_size_may_have_been_cut_so_it_is_not_called_complete():
    assert facts(FTYP + MOOV + open_box(b"mdat", b"frames")).verdict is Verdict.UNVERIFIED


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (FTYP + MDAT, "truncated"),
        (FTYP + MOOV, "truncated"),
        (FTYP + MOOV + box(b"mdat"), "truncated"),
        (FTYP + MOOV + MOOV + MDAT, "damaged"),
        (MOOV + MDAT, "damaged"),
        (MDAT + MOOV, "damaged"),
        (FTYP + box(b"moov") + MDAT, "damaged"),
        (FTYP + box(b"moov", MOVIE) + MDAT, "damaged"),
        (FTYP + box(b"moov", track()) + MDAT, "damaged"),
        (FTYP + box(b"moov", box(b"mvhd", b"\0\0\0\0"), track()) + MDAT, "damaged"),
        (FTYP + struct.pack(">I4s", 7, b"free") + MOOV + MDAT, "damaged"),
        (FTYP + struct.pack(">I4sQ", 1, b"free", 15) + MOOV + MDAT, "damaged"),
        (FTYP + struct.pack(">I4sQ", 1, b"mdat", BIG) + MOOV, "truncated"),
        (FTYP + box(b"moov", MOVIE, struct.pack(">I4s", 4_000, b"trak")) + MDAT, "truncated"),
        (FTYP + MOOV + MDAT + bytes(100), "damaged"),
    ],
)
def test_an_mp4_that_contradicts_itself_is_refused(content, code):
    assert refusal(content) == code


def test_a_flood_of_boxes_comes_to_an_end():
    assert refusal(FTYP + box(b"free") * 400_001) == "damaged"


class Counting(io.BytesIO):
    """Counts what is read of it."""

    def __init__(self, content):
        super().__init__(content)
        self.taken = 0

    def read(self, size=-1):
        got = super().read(size)
        self.taken += len(got)
        return got


def test_only_heads_are_read_and_never_the_media():
    stream = Counting(FTYP + box(b"mdat", bytes(5_000_000)) + MOOV)
    assert check(stream, Kind.HLS).verdict is Verdict.COMPLETE
    assert stream.taken < 2_000


@given(
    st.binary(max_size=300),
    st.sampled_from(
        [b"", FTYP, FTYP + MOOV, b"\xff\xd8\xff", b"G" * 189, FTYP + MDAT, PNG[:40], WEBP[:16], WEBP[:4]]
    ),
    st.sampled_from(Kind),
)
def test_hostile_bytes_are_judged_or_refused_and_nothing_else(tail, head, kind):
    assert judged(head + tail, kind) in JUDGEMENTS


@given(st.integers(0, len(WHOLE["index last"]) - 1), st.binary(min_size=1, max_size=8))
def test_an_mp4_with_a_few_bytes_overwritten_is_judged_or_refused_and_nothing_else(at, junk):
    whole = WHOLE["index last"]
    assert judged(whole[:at] + junk + whole[at + len(junk) :]) in JUDGEMENTS


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
    assert refusal(SEALED[:63], Kind.PICTURE) == "not-media"


@pytest.mark.parametrize("kind", [Kind.PLAYBACK, Kind.HLS])
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_no_clip(kind, name):
    assert {refusal(content, kind) for content in (PICTURES[name], PICTURES[name][:60])} == {"not-media"}


def test_a_clip_is_no_picture():
    for content in (*WHOLE.values(), FTYP + MDAT, MOOV + MDAT, FRAGMENTED, packets(10)):
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
    assert found.duration_seconds is None
