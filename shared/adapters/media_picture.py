"""Whether a JPEG, a PNG or a WebP is whole, by its segments or chunks and the mark of its end, whatever a camera padded it with.

Of a HEIC, an AVIF and a GIF nothing but the kind is known here: they are kept, and nobody vouches for them.
"""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from shared.adapters.media_bytes import MOST_PADDING, PADDING, only_padding, read_at
from shared.domain.job import Verdict
from shared.domain.media import MediaFacts
from shared.errors import Refused

JPEG = b"\xff\xd8\xff"
PNG = b"\x89PNG\r\n\x1a\n"  # W3C PNG, 5.2
WEBP_KINDS = (b"VP8 ", b"VP8L", b"VP8X")  # RFC 9649, 2.5 to 2.7: what may come first
GIF = (b"GIF87a", b"GIF89a")
HEIC = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1")  # major brands of ISO/IEC 23008-12, annex B
AVIF = (b"avif", b"avis")  # of the AV1 image file format, section 6
LEAST_PICTURE = 64  # bytes; below this no picture is believed to be one by its first bytes alone
MOST_PARTS = 10_000  # segments before the first scan of a JPEG, chunks of a PNG


def is_jpeg(head: bytes) -> bool:
    """Whether bytes that begin so are, or were, a JPEG."""
    return head.startswith(JPEG)


def is_png(head: bytes) -> bool:
    """Whether bytes that begin so are, or were, a PNG."""
    return head.startswith(PNG)


def is_webp(head: bytes) -> bool:
    """Whether bytes that begin so are, or were, a WebP."""
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def is_gif(head: bytes) -> bool:
    """Whether bytes that begin so are, or were, a GIF."""
    return head.startswith(GIF)


def is_heic(head: bytes) -> bool:
    """Whether bytes that begin so are, or were, a HEIC; it begins like a clip, and its brand tells."""
    return head[4:8] == b"ftyp" and head[8:12] in HEIC


def is_avif(head: bytes) -> bool:
    """Whether bytes that begin so are, or were, an AVIF."""
    return head[4:8] == b"ftyp" and head[8:12] in AVIF


def unlooked(content_type: str, extension: str) -> Callable[[BinaryIO, int], Iterator[MediaFacts]]:
    """What is said of a picture of a known kind into which nothing here looks: it may be cut, so it is UNVERIFIED."""

    def judge(_stream: BinaryIO, size: int) -> Iterator[MediaFacts]:
        if size < LEAST_PICTURE:
            raise Refused("not-media", f"{size} bytes, and so no {content_type}")
        facts = MediaFacts(content_type, extension, Verdict.UNVERIFIED, None)
        yield facts.doubted("not-looked-into", f"nothing here looks into {content_type}")

    return judge


def jpeg(stream: BinaryIO, size: int) -> Iterator[MediaFacts]:
    """What a JPEG (ITU T.81) is. The end of its thumbnail is not taken for its own."""
    scan = _first_scan(stream, size)
    tail = read_at(stream, max(scan, size - MOST_PADDING), MOST_PADDING).rstrip(PADDING)
    if not tail.endswith(b"\xff\xd9"):
        raise Refused("truncated", "a JPEG without its end mark")
    yield MediaFacts("image/jpeg", "jpg", Verdict.COMPLETE, None, ("container",))


def png(stream: BinaryIO, size: int) -> Iterator[MediaFacts]:
    """What a PNG is: its chunks follow one another up to its end, and there are pixels in it."""
    end = len(PNG)
    kinds: list[bytes] = []
    while b"IEND" not in kinds[-1:] and len(kinds) < MOST_PARTS:
        kind, end = _chunk(stream, end, size)
        kinds.append(kind)
    if kinds[0] != b"IHDR" or kinds[-1] != b"IEND" or b"IDAT" not in kinds or not only_padding(stream, end):
        raise Refused("damaged", "a PNG without its header or its pixels, or with more behind its end")
    yield MediaFacts("image/png", "png", Verdict.COMPLETE, None, ("container",))


def webp(stream: BinaryIO, size: int) -> Iterator[MediaFacts]:
    """What a WebP is: as long as its head says, but for padding."""
    head = read_at(stream, 0, 16)
    end = 8 + int.from_bytes(head[4:8], "little")
    if end > size or len(head) < 16:
        raise Refused("truncated", f"a WebP of {size} bytes that says {end}")
    if head[12:] not in WEBP_KINDS or end < 20 or not only_padding(stream, end):
        raise Refused("damaged", "a WebP without pixels, or with more behind its end")
    yield MediaFacts("image/webp", "webp", Verdict.COMPLETE, None, ("container",))


def _first_scan(stream: BinaryIO, size: int) -> int:
    """Where the first scan begins. The segments before it may hold a thumbnail, whose end mark is not the picture's."""
    offset = 2
    for _ in range(MOST_PARTS):
        segment = read_at(stream, offset, 4)
        if segment[:2] == b"\xff\xff":  # T.81, B.1.1.2: a marker may be preceded by any number of these
            offset += 1
            continue
        length = int.from_bytes(segment[2:])
        if len(segment) == 4 and (segment[0] != 0xFF or length < 2):
            raise Refused("damaged", "a JPEG whose segments do not follow one another")
        if len(segment) < 4 or offset + 2 + length > size:
            raise Refused("truncated", "a JPEG that ends before its picture begins")
        offset += 2 + length
        if segment[1] == 0xDA:
            return offset
    raise Refused("damaged", "a JPEG of nothing but segments")


def _chunk(stream: BinaryIO, offset: int, size: int) -> tuple[bytes, int]:
    """The kind of the chunk that begins there, and where the next one would."""
    head = read_at(stream, offset, 8)
    end = offset + 12 + int.from_bytes(head[:4])  # the head, and a checksum behind the content
    if len(head) < 8 or end > size:
        raise Refused("truncated", "a PNG that ends inside a chunk, or without its end")
    if not head[4:].isalpha():
        raise Refused("damaged", "a PNG whose chunks do not follow one another")
    return head[4:], end
