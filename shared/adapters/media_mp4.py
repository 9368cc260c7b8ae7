"""Whether an MP4 (ISO/IEC 14496-12) is whole, and how long it lasts, by its boxes and by its index.

Its top-level boxes fill the file; every frame that the index lists lies inside the media; the tables agree with one another.
What is listed is what counts: a header that promises more is not believed. Then the pictures are searched for holes.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from shared.adapters.media_boxes import Box, Boxes, NoBox
from shared.adapters.media_bytes import read_at
from shared.adapters.media_fragments import add, announced, defaults, end_of_index
from shared.adapters.media_holes import CERTAIN, hole
from shared.adapters.media_tables import Track, lasting, tracks
from shared.domain.job import Verdict
from shared.domain.media import MediaFacts
from shared.errors import Refused

WITHOUT_ITS_FIRST_BOX = (b"moov", b"mdat", b"moof", b"styp")
TOLERANCE = 0.5  # seconds, by which what is announced may be rounded


def is_mp4(head: bytes) -> bool:
    """Whether bytes that begin so are, or were, an MP4."""
    return head[4:8] == b"ftyp" or head[4:8] in WITHOUT_ITS_FIRST_BOX


def mp4(stream: BinaryIO, size: int) -> Iterator[MediaFacts]:
    """What an MP4 is, known better from one value to the next. COMPLETE only when its end is certain."""
    facts = MediaFacts("video/mp4", "mp4", Verdict.UNVERIFIED, None)
    yield facts
    boxes = Boxes(stream)
    top = _top(boxes, stream, size)
    found = _listed(boxes, top)
    _must_be_there(found.values(), top.media, size)
    facts = _judged(replace(facts, verdict=Verdict.COMPLETE), boxes, top, found).looked_at("container")
    yield facts
    yield _searched(facts, stream, [track for track in found.values() if track.video]).looked_at("holes")


@dataclass(slots=True)
class _Top:
    """What lies at the top of an MP4, and counts. `junk`: what stands behind all of it and is no box."""

    movies: list[Box] = field(default_factory=list)
    media: list[tuple[int, int]] = field(default_factory=list)
    fragments: list[Box] = field(default_factory=list)
    last: bytes = b""
    junk: str = ""

    def take(self, box: Box) -> None:
        """Keep what counts of a box."""
        self.last = box.kind
        if box.kind == b"moov":
            self.movies.append(box)
        if box.kind == b"moof":
            self.fragments.append(box)
        if box.kind == b"mdat" and box.end > box.start:
            self.media.append((box.start, box.end))


def _top(boxes: Boxes, stream: BinaryIO, size: int) -> _Top:
    if read_at(stream, 4, 4) != b"ftyp":
        raise Refused("damaged", "an MP4 that does not begin with its ftyp box")
    top = _Top()
    try:
        for box in boxes.within(0, size):
            _must_reach(boxes, box, size)
            top.take(box)
    except NoBox as no:
        top.junk = no.detail
    if top.junk and (
        not top.movies or not top.media or top.fragments
    ):  # who knows what was meant to be there
        raise Refused("damaged", top.junk)
    if not top.movies or not top.media:
        raise Refused("truncated", "an MP4 without its " + ("media" if top.movies else "index"))
    if len(top.movies) > 1:
        raise Refused("damaged", "an MP4 with more than one index")
    return top


def _must_reach(boxes: Boxes, box: Box, size: int) -> None:
    """Refused when this is an index of fragments, and lists bytes that are not there."""
    if box.kind == b"sidx" and (end := end_of_index(boxes, box)) > size:
        raise Refused("truncated", f"an MP4 of {size} bytes whose fragments end at byte {end}")


def _listed(boxes: Boxes, top: _Top) -> Mapping[int, Track]:
    """The tracks, with all frames that are listed anywhere."""
    found = tracks(boxes, top.movies)
    given = defaults(boxes, top.movies)
    for moof in top.fragments:
        add(boxes, moof, found, given)
    if not any(track.frames for track in found.values()):
        raise Refused("truncated", "an MP4 without a frame")
    return found


def _must_be_there(found: Iterable[Track], media: list[tuple[int, int]], size: int) -> None:
    """Refused when a frame lies outside the media."""
    starts = [start for start, _ in media]
    for start, end in (place for track in found for place in track.places):
        if end > size:
            raise Refused("truncated", f"an MP4 of {size} bytes whose frames end at byte {end}")
        before = bisect_right(starts, start)
        if not before or end > media[before - 1][1]:
            raise Refused("damaged", f"an MP4 whose frame at byte {start} is outside its media")


def _judged(facts: MediaFacts, boxes: Boxes, top: _Top, found: Mapping[int, Track]) -> MediaFacts:
    header = next(boxes.inside(top.movies, b"mvhd"), None)
    if header is None:
        raise Refused("damaged", "an MP4 whose index lacks its mvhd")
    scale, said = lasting(boxes.payload(header, 32))
    pictures = [track for track in found.values() if track.video]
    listed = max(track.seconds for track in pictures or found.values())
    facts = replace(facts, duration_seconds=_seconds(listed, 0 if top.fragments else said, scale))
    if top.fragments and top.last != b"mfra" and not _all(listed, announced(boxes, top.movies), scale):
        facts = facts.doubted("no-end-mark", "nothing says which of its fragments is the last")
    if top.junk:
        facts = facts.doubted("trailing-bytes", top.junk)
    if not any(track.frames for track in pictures):
        facts = facts.doubted("no-pictures", "no track of pictures that move")
    return facts


def _all(listed: float, said: int, scale: int) -> bool:
    """Whether the fragments last as long as was announced, if it was."""
    return bool(said and scale) and listed >= said / scale - TOLERANCE


def _seconds(listed: float, said: int, scale: int) -> float | None:
    """The shorter of what the frames last and what the header says (which may cut some off); None when neither is known."""
    lengths = [length for length in (listed, said / scale if scale else 0) if length]
    return round(min(lengths), 3) if lengths else None


def _searched(facts: MediaFacts, stream: BinaryIO, pictures: list[Track]) -> MediaFacts:
    for track in pictures:
        if (at := hole(stream, track.places)) is not None:
            where = f"nothing but zeros where frames should be, at byte {at}"
            if track.codecs <= CERTAIN:
                raise Refused("holes", where)
            facts = facts.doubted("holes", where)
    return facts
