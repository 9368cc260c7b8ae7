"""Whether bytes are whole media of the wanted kind, judged by the container alone and never by a name or by what a web server
said.

Everything here is Python over bytes that are read a few at a time, whatever the size of the file: it may run in any process.
It finds what was cut off, what has holes and what never was media; it does not decode (`media_frames` does), so other damage
inside a frame stays unseen. What carries no mark of its end is UNVERIFIED rather than COMPLETE, and so is a picture of a kind
that is known and not looked into. A picture of no kind that is known here is taken for an encrypted one, and kept for whoever
has the key.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from shared.adapters.media_bytes import read_at, size_of
from shared.adapters.media_mp4 import is_mp4, mp4
from shared.adapters.media_picture import (
    LEAST_PICTURE,
    is_avif,
    is_gif,
    is_heic,
    is_jpeg,
    is_png,
    is_webp,
    jpeg,
    png,
    unlooked,
    webp,
)
from shared.domain.job import Kind, Verdict
from shared.domain.media import MediaFacts
from shared.errors import Refused

HEAD = 512  # bytes; no clip that we do not know by its first ones is believed to be one below this size
UNKNOWN = ("application/octet-stream", "bin")  # the type and the extension of what nobody knows
PACKET = 188  # bytes of an MPEG transport stream packet (ISO/IEC 13818-1)
SYNC = 0x47
NOT_IN_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")

PACKED = (b"\x1f\x8b\x08", b"PK\x03\x04")  # gzip (RFC 1952), zip: a page that came packed, and no cipher
MARKS = (b"\xff\xfe", b"\xfe\xff")  # of UTF-16

Judge = Callable[[BinaryIO, int], Iterator[MediaFacts]]


def check(stream: BinaryIO, kind: Kind) -> MediaFacts:
    """What these bytes are, which a job of this kind has brought; `stream` must be seekable.

    Refused `not-media` (empty, a page, text, a picture for a clip or a clip for a picture), `truncated` (the end is missing),
    `holes` (so is something else) or `damaged` (the container contradicts itself).
    """
    *_, facts = stages(stream, kind)
    return facts


def stages(stream: BinaryIO, kind: Kind) -> Iterator[MediaFacts]:
    """The same, known better from one value to the next; whoever is stopped on the way has the last one."""
    size, head = size_of(stream), read_at(stream, 0, HEAD)
    for_picture = kind is Kind.PICTURE
    if judge := _judge(head, PICTURES if for_picture else VIDEOS):
        yield from judge(stream, size)
    elif _judge(head, VIDEOS if for_picture else PICTURES):
        found, expected = ("video", "picture") if for_picture else ("picture", "video")
        raise Refused("not-media", f"a {found} where a {expected} was expected")
    elif not head.strip(b"\0"):
        raise Refused("not-media", "empty, or begins with nothing but zeros")
    elif _is_text(head) or _is_wide_text(head):
        raise Refused("not-media", "a page or a text")
    elif head.startswith(PACKED):
        raise Refused("not-media", "a packed file")
    else:
        yield _unknown(size, for_picture)


def _judge(head: bytes, kinds: Iterable[tuple[Callable[[bytes], bool], Judge]]) -> Judge | None:
    return next((judge for known, judge in kinds if known(head)), None)


def _is_text(head: bytes) -> bool:
    return NOT_IN_TEXT.search(head) is None


def _is_wide_text(head: bytes) -> bool:
    """Whether this is text in UTF-16 of Latin letters, as markup is: each other byte is a zero."""
    body = head[2:] if head.startswith(MARKS) else head
    low, high = body[::2], body[1::2]
    return any(not zeros.strip(b"\0") and _is_text(letters) for letters, zeros in ((low, high), (high, low)))


def _unknown(size: int, for_picture: bool) -> MediaFacts:
    if size < (LEAST_PICTURE if for_picture else HEAD):
        raise Refused("not-media", f"{size} bytes of no known kind")
    if for_picture:
        return MediaFacts(*UNKNOWN, Verdict.ENCRYPTED, None).doubted("perhaps-encrypted", "of no known kind")
    return MediaFacts(*UNKNOWN, Verdict.UNVERIFIED, None).doubted("unknown-kind", "of no known kind")


# -- MPEG transport stream ---------------------------------------------------------------------------------------------


def _is_transport_stream(head: bytes) -> bool:
    return [*head[::PACKET]] == [SYNC] * 3 and not _is_text(head)


def _transport_stream(stream: BinaryIO, size: int) -> Iterator[MediaFacts]:
    """Whole packets from first to last; the stream has no end mark, so more is not to be known."""
    facts = MediaFacts("video/mp2t", "ts", Verdict.UNVERIFIED, None)
    yield facts
    if size % PACKET:
        raise Refused("truncated", "a transport stream that ends inside a packet")
    stream.seek(0)
    while packets := stream.read(PACKET * 1024):
        if packets[::PACKET].count(SYNC) * PACKET != len(packets):
            raise Refused("damaged", "a transport stream that loses its sync")
    yield facts.doubted("no-end-mark", "a transport stream does not say where it ends").looked_at("container")


VIDEOS = ((is_mp4, mp4), (_is_transport_stream, _transport_stream))
PICTURES = (
    (is_jpeg, jpeg),
    (is_png, png),
    (is_webp, webp),
    (is_gif, unlooked("image/gif", "gif")),
    (is_heic, unlooked("image/heic", "heic")),
    (is_avif, unlooked("image/avif", "avif")),
)
