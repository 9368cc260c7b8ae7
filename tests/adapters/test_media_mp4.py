"""What the check of MP4s promises: what is complete has every frame that its index lists, and what has not is never complete."""

import io
import random
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters import media_boxes
from shared.adapters.media import check
from shared.adapters.media_holes import LEAST_HOLE, PIECE, hole
from shared.domain.job import Kind, Verdict
from shared.domain.reasons import REASONS
from shared.errors import Refused
from tests.adapters.mp4s import (
    FTYP,
    MFRA,
    Clip,
    a_fragment,
    a_track,
    box,
    described,
    fragmented,
    frames,
    full,
    header,
    large_box,
    open_box,
    rows,
    sizes,
)

CLIP = Clip(tuple(frames(25)))  # 12.5 seconds
WHOLE = {
    "index first": CLIP.written(),
    "index last": CLIP.written(index_last=True),
    "64-bit sizes": replace(CLIP, wide=True).written(index_last=True),
    "64-bit sizes, index first": replace(CLIP, wide=True).written(),
    "frames of one size": replace(CLIP, fixed=True).written(),
    "a frame to a chunk": replace(CLIP, per_chunk=1).written(),
    "one short chunk at the end": replace(CLIP, per_chunk=4).written(),
    "with padding inside": CLIP.written(before=box(b"free", bytes(30)), between=box(b"skip", bytes(9))),
}
FRAGMENT = a_fragment(*frames(3))  # 1.5 seconds
FRAGMENTED = fragmented() + FRAGMENT * 3
MOVIE = header(b"mvhd", 1000, 12_500)
TABLES = {
    b"stsd": described(),
    b"stts": rows(b"stts", (2, 500)),
    b"stsc": rows(b"stsc", (1, 2, 1)),
    b"stsz": sizes(10, 10),
    b"stco": rows(b"stco", (len(FTYP) + 8,)),
}


def facts(content):
    return check(io.BytesIO(content), Kind.PLAYBACK)


def refusal(content):
    with pytest.raises(Refused) as caught:
        facts(content)
    assert caught.value.code in REASONS
    return caught.value.code


def judged(content):
    try:
        return facts(content).verdict
    except Refused as refused:
        return refused.code


def with_tables(**other):
    """Two frames of ten bytes in front of their index, some tables of which are others; None for one that is not there."""
    tables = TABLES | {name.encode(): table for name, table in other.items()}
    track = a_track(*(table for table in tables.values() if table is not None))
    return FTYP + box(b"mdat", bytes(range(1, 21))) + box(b"moov", header(b"mvhd", 1000, 1000), track)


# -- whole


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_mp4_is_complete_and_says_how_long_it_is(name):
    found = facts(WHOLE[name])
    assert (found.content_type, found.extension, found.verdict) == ("video/mp4", "mp4", Verdict.COMPLETE)
    assert (found.duration_seconds, found.examined, found.reasons) == (12.5, ("container", "holes"), {})


@pytest.mark.parametrize(
    ("said", "seconds"),
    [(12_500, 12.5), (10_000, 10.0), (600_000, 12.5), (0, 12.5), (2**32 - 1, 12.5)],
)
def test_the_duration_is_that_of_the_frames_or_what_the_header_cuts_off_them_but_never_more(said, seconds):
    assert facts(replace(CLIP, said=said).written()).duration_seconds == seconds


def test_the_duration_is_that_of_the_pictures_however_long_the_sound_is():
    sound = a_track(*(TABLES | {b"stts": rows(b"stts", (2, 5000))}).values(), number=2, handler=b"soun")
    both = box(b"moov", header(b"mvhd", 1000, 10_000), a_track(*TABLES.values()), sound)
    assert facts(FTYP + box(b"mdat", bytes(range(1, 21))) + both).duration_seconds == 1.0


def test_a_duration_that_nobody_can_say_is_none():
    still = box(b"moov", header(b"mvhd", 0, 0), a_track(*TABLES.values(), scale=0))
    assert facts(FTYP + box(b"mdat", bytes(range(1, 21))) + still).duration_seconds is None


def test_a_last_box_of_no_stated_size_is_complete_as_its_index_says_what_belongs_into_it():
    closed = CLIP.written()
    start = closed.index(b"mdat") - 4
    opened = closed[:start] + open_box(b"mdat", closed[start + 8 :])
    assert facts(opened).verdict is Verdict.COMPLETE
    assert {refusal(opened[:size]) for size in range(start + 8, len(opened))} == {"truncated"}


def test_sound_alone_is_kept_but_it_is_no_footage():
    found = facts(replace(CLIP, handler=b"soun").written())
    assert (found.verdict, [*found.reasons]) == (Verdict.UNVERIFIED, ["no-pictures"])


class Counting(io.BytesIO):
    """Counts what is read of it."""

    def __init__(self, content):
        super().__init__(content)
        self.taken = 0

    def read(self, size=-1):
        got = super().read(size)
        self.taken += len(got)
        return got


def test_no_byte_of_the_media_is_read_more_often_than_once():
    whole = Clip(tuple(frames(100, size=20_000))).written(index_last=True)
    stream = Counting(whole)
    assert check(stream, Kind.HLS).verdict is Verdict.COMPLETE
    assert stream.taken < len(whole) + 10_000


# -- cut off


@pytest.mark.parametrize("name", WHOLE)
def test_an_mp4_that_was_cut_anywhere_is_refused(name):
    whole = WHOLE[name]
    codes = {refusal(whole[:size]) for size in range(8, len(whole))}
    assert codes == {"truncated"}
    assert {refusal(whole[:size]) for size in range(8)} == {"not-media"}


def test_an_mp4_whose_media_box_was_shortened_to_what_came_is_refused_for_the_frames_that_are_missing():
    whole = CLIP.written()
    start = whole.index(b"mdat") + 4
    for size in range(start + 1, len(whole)):
        fits = whole[: start - 8] + struct.pack(">I", size - start + 8) + whole[start - 4 : size]
        assert refusal(fits) == "truncated"


def test_an_index_that_lists_frames_outside_the_media_is_refused():
    assert refusal(with_tables(stco=rows(b"stco", (0,)))) == "damaged"
    assert refusal(with_tables(stco=rows(b"stco", (len(FTYP) + 9,)))) == "damaged"
    assert refusal(with_tables(stco=rows(b"stco", (2**32 - 1,)))) == "truncated"


@pytest.mark.parametrize(
    "tables",
    [
        {"stts": rows(b"stts", (3, 500))},
        {"stts": rows(b"stts", (1, 500))},
        {"stsz": sizes(10)},
        {"stsz": sizes(5, 5, 10)},
        {"stsc": rows(b"stsc", (1, 1, 1))},
        {"stsc": rows(b"stsc", (1, 2**32 - 1, 1))},
        {"stsc": rows(b"stsc", (2, 2, 1))},
        {"stsc": rows(b"stsc", (1, 1, 1), (1, 1, 1))},
        {"stsc": rows(b"stsc")},
        {"stsz": full(b"stsz", struct.pack(">III", 0, 2**32 - 1, 10))},
        {"stsz": box(b"stsz")},
        {"stsz": None},
        {"stco": None},
        {"stsd": None},
        {"stts": full(b"stts", struct.pack(">I", 2**31))},
    ],
)
def test_tables_that_contradict_one_another_are_refused(tables):
    assert refusal(with_tables(**tables)) == "damaged"
    assert judged(with_tables()) is Verdict.COMPLETE


def test_sizes_of_sixteen_and_of_eight_bits_are_read_and_smaller_ones_refused():
    for bits, written in ((16, struct.pack(">2H", 10, 10)), (8, bytes([10, 10]))):
        table = full(b"stz2", struct.pack(">II", bits, 2), written)
        assert judged(with_tables(stsz=None, stz2=table)) is Verdict.COMPLETE
    assert refusal(with_tables(stsz=None, stz2=full(b"stz2", struct.pack(">II", 4, 2), b"\xaa"))) == "damaged"


# -- fragments


def test_fragments_are_complete_when_their_own_index_marks_the_end_or_they_last_as_long_as_was_announced():
    found = facts(FRAGMENTED)
    assert (found.verdict, [*found.reasons], found.duration_seconds) == (
        Verdict.UNVERIFIED,
        ["no-end-mark"],
        4.5,
    )
    for whole in (FRAGMENTED + MFRA, fragmented(announces=4_500) + FRAGMENT * 3):
        assert facts(whole).verdict is Verdict.COMPLETE
    assert facts(fragmented(announces=6_000) + FRAGMENT * 3).verdict is Verdict.UNVERIFIED


def test_fragments_that_were_cut_inside_are_refused_and_at_an_edge_they_last_less():
    whole, head = FRAGMENTED + MFRA, len(fragmented())
    edges = {head + len(FRAGMENT) * number: 1.5 * number for number in (1, 2, 3)}
    for size in range(8, len(whole)):
        if size in edges:
            found = facts(whole[:size])
            assert (found.verdict, found.duration_seconds) == (Verdict.UNVERIFIED, edges[size])
        else:
            assert refusal(whole[:size]) == "truncated"


@pytest.mark.parametrize("wide", [False, True])
def test_an_index_of_fragments_knows_how_many_bytes_there_are(wide):
    row = struct.pack(">III", len(FRAGMENT), 1500, 0)
    start = struct.pack(">IIQQ" if wide else ">IIII", 1, 1000, 0, 0)
    sidx = full(b"sidx", start, struct.pack(">HH", 0, 3), row * 3, version=wide)
    whole = fragmented() + sidx + FRAGMENT * 3
    assert facts(whole).duration_seconds == 4.5
    assert refusal(whole[: -len(FRAGMENT)]) == "truncated"


def test_frames_that_say_nothing_are_what_their_track_or_their_fragment_says():
    pictures = frames(3, size=10)
    for head, own, lasts in (
        (fragmented(lasts=400, size=10), b"", 1.2),
        (fragmented(), struct.pack(">II", 200, 10), 0.6),
    ):
        flags = 0x20000 | (0x18 if own else 0)
        traf = box(
            b"traf",
            full(b"tfhd", struct.pack(">I", 1), own, flags=flags),
            full(b"trun", struct.pack(">Ii", 3, 76 + len(own)), flags=1),
        )
        moof = box(b"moof", full(b"mfhd", bytes(4)), traf)
        fragment = moof + box(b"mdat", *pictures)
        assert facts(head + fragment + MFRA).duration_seconds == lasts
        assert refusal(head + fragment[:-1]) == "truncated"


def test_a_fragment_of_a_track_that_is_not_there_or_with_rows_that_are_not_is_refused():
    assert refusal(fragmented() + a_fragment(*frames(3), number=2)) == "damaged"
    at = FRAGMENTED.index(b"trun") + 8
    assert refusal(FRAGMENTED[:at] + struct.pack(">I", 2**32 - 1) + FRAGMENTED[at + 4 :]) == "damaged"


# -- holes


def holed(whole, start, size):
    return whole[:start] + bytes(size) + whole[start + size :]


def test_zeros_in_the_middle_of_the_media_are_a_hole_wherever_they_are():
    rng = random.Random(7)
    whole = Clip(tuple(frames(40, rng, size=1_500))).written()
    first = whole.index(b"mdat") + 4
    assert judged(whole) is Verdict.COMPLETE
    for _ in range(60):
        size = rng.choice([LEAST_HOLE, 4096, 16_384])
        start = rng.randrange(first, len(whole) - size + 1)
        assert refusal(holed(whole, start, size)) == "holes", (start, size)


def test_a_file_that_was_reserved_first_and_never_filled_to_its_end_has_a_hole():
    whole = Clip(tuple(frames(40, size=200))).written()
    for kept in range(whole.index(b"mdat") + 4, len(whole) - LEAST_HOLE, 97):
        assert refusal(holed(whole, kept, len(whole) - kept)) == "holes"
    last = CLIP.written(index_last=True)
    assert refusal(last[:-900] + bytes(900)) in {"damaged", "truncated"}


def test_frames_between_the_sound_that_are_smaller_than_any_hole_are_holes_when_they_are_nothing_but_zeros():
    pictures = [b"p" * 100, bytes(100)]
    media = box(b"mdat", pictures[0], b"sound" * 20, pictures[1], b"sound" * 20)
    tables = TABLES | {
        b"stsz": sizes(100, 100),
        b"stsc": rows(b"stsc", (1, 1, 1)),
        b"stco": rows(b"stco", (len(FTYP) + 8,), (len(FTYP) + 208,)),
    }
    assert refusal(FTYP + media + box(b"moov", MOVIE, a_track(*tables.values()))) == "holes"


def test_zeros_are_no_hole_where_the_index_has_no_pictures():
    silence = replace(CLIP, frames=(bytes(5_000),) * 5, handler=b"soun")
    assert "holes" not in facts(silence.written()).reasons
    assert facts(CLIP.written(between=box(b"free", bytes(50_000)))).verdict is Verdict.COMPLETE


def test_zeros_are_a_doubt_where_the_codec_does_not_forbid_them():
    found = facts(replace(CLIP, frames=(bytes(5_000),) * 5, codec=b"jpeg").written())
    assert (found.verdict, [*found.reasons]) == (Verdict.UNVERIFIED, ["holes"])


def test_a_hole_across_the_pieces_that_are_read_is_seen_and_of_very_long_footage_a_part_is_looked_at():
    content = b"x" * (PIECE - 500) + bytes(LEAST_HOLE) + b"x" * (3 * PIECE)
    everything = [(0, len(content))]
    assert hole(io.BytesIO(content), everything) == PIECE - 500
    stream = Counting(b"x" * (40 * PIECE))
    assert hole(stream, [(0, 40 * PIECE)], most=10 * PIECE) is None
    assert 9 * PIECE < stream.taken < 11 * PIECE


# -- contradictions and hostility


def test_what_stands_behind_a_whole_file_and_is_no_box_is_kept_with_a_doubt():
    for whole in (WHOLE["index first"], WHOLE["index last"]):
        for junk in (bytes(100), b"\x07\x07\x07\x07\xff\xfe\xfd\xfc" * 9, b"\0\0\0\4free"):
            found = facts(whole + junk)
            assert (found.verdict, [*found.reasons]) == (Verdict.UNVERIFIED, ["trailing-bytes"])
            assert found.duration_seconds == 12.5
        assert refusal(whole + b"<html>not here any more</html>") == "truncated"
    assert refusal(FRAGMENTED + bytes(100)) == "damaged"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (FTYP + box(b"mdat", b"frames"), "truncated"),
        (FTYP + CLIP.movie(0), "truncated"),
        (FTYP + CLIP.movie(0) + box(b"mdat"), "truncated"),
        (FTYP + CLIP.movie(0) * 2 + box(b"mdat", b"frames"), "damaged"),
        (CLIP.written()[len(FTYP) :], "damaged"),
        (FTYP + box(b"moov") + box(b"mdat", b"frames"), "damaged"),
        (FTYP + box(b"moov", MOVIE) + box(b"mdat", b"frames"), "damaged"),
        (FTYP + box(b"moov", MOVIE, box(b"trak")) + box(b"mdat", b"frames"), "damaged"),
        (with_tables().replace(b"mvhd", b"free"), "damaged"),
        (with_tables().replace(b"mdhd", b"free"), "damaged"),
        (FTYP + box(b"moov", full(b"mvhd"), a_track(*TABLES.values())) + box(b"mdat", b"x" * 40), "damaged"),
        (fragmented() + box(b"mdat", b"frames"), "truncated"),
        (FTYP + struct.pack(">I4s", 7, b"free") + CLIP.written(), "damaged"),
        (FTYP + struct.pack(">I4sQ", 1, b"free", 15) + CLIP.written(), "damaged"),
        (FTYP + struct.pack(">I4sQ", 1, b"mdat", 2**63) + CLIP.movie(0), "truncated"),
        (FTYP + struct.pack(">I4sQ", 1, b"mdat", 2**64 - 8) + CLIP.movie(0), "truncated"),
        (FTYP + struct.pack(">I4s", 2**32 - 8, b"mdat") + CLIP.movie(0), "truncated"),
        (FTYP + struct.pack(">I4s", 0, b"moov") + CLIP.movie(0), "truncated"),
        (FTYP + box(b"moov", MOVIE, struct.pack(">I4s", 4_000, b"trak")) + box(b"mdat", b"x"), "truncated"),
    ],
)
def test_an_mp4_that_contradicts_itself_is_refused(content, code):
    assert refusal(content) == code


def test_a_flood_of_boxes_comes_to_an_end():
    with pytest.raises(Refused, match="too many boxes"):
        facts(FTYP + box(b"free") * 1_000_000)


def test_nesting_costs_nothing_however_deep_it_is():
    deep = b""
    for _ in range(20_000):
        deep = struct.pack(">I4s", 8 + len(deep), b"moov") + deep if len(deep) < 2**31 else deep
    assert refusal(FTYP + deep + box(b"mdat", b"frames")) == "damaged"


def test_a_table_that_nobody_needs_is_refused_unread():
    class Endless(io.BytesIO):
        def read(self, size=-1):
            assert size <= media_boxes.MOST_TABLE + 16
            return super().read(size)

    rows_beyond = full(b"stsz", struct.pack(">III", 0, 5_000_000, 0), bytes(20_000_000))
    with pytest.raises(Refused, match="no room"):
        check(Endless(with_tables(stsz=rows_beyond)), Kind.PLAYBACK)


JUDGEMENTS = {Verdict.COMPLETE, Verdict.UNVERIFIED, "not-media", "truncated", "holes", "damaged"}


@given(st.sampled_from([*WHOLE.values(), FRAGMENTED]), st.data())
def test_an_mp4_with_a_few_bytes_overwritten_is_judged_or_refused_and_nothing_else(whole, data):
    at = data.draw(st.integers(0, len(whole) - 1))
    junk = data.draw(st.binary(min_size=1, max_size=8))
    assert judged(whole[:at] + junk + whole[at + len(junk) :]) in JUDGEMENTS


def test_a_large_box_may_hold_the_index():
    first, whole = len(FTYP) + 8, CLIP.written(index_last=True)
    movie = CLIP.movie(first)
    assert facts(whole[: -len(movie)] + large_box(b"moov", movie[8:])).verdict is Verdict.COMPLETE
