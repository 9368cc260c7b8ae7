"""MP4s for the tests of the check: put together box by box, or written by a library that many cameras' servers use."""

import random
import struct
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import PictureType

SCALE = 1000


def box(kind, *content):
    inside = b"".join(content)
    return struct.pack(">I4s", 8 + len(inside), kind) + inside


def large_box(kind, *content):
    inside = b"".join(content)
    return struct.pack(">I4sQ", 1, kind, 16 + len(inside)) + inside


def open_box(kind, *content):
    return struct.pack(">I4s", 0, kind) + b"".join(content)


def full(kind, *content, version=0, flags=0):
    return box(kind, struct.pack(">I", version << 24 | flags), *content)


def header(kind, scale, length, *, wide=False):
    times = struct.pack(">QQIQ" if wide else ">IIII", 1, 2, scale, length)
    return full(kind, times, bytes(80), version=wide)


def rows(kind, *table, wide=False):
    numbers = [number for row in table for number in row]
    return full(kind, struct.pack(f">I{len(numbers)}{'Q' if wide else 'I'}", len(table), *numbers))


def sizes(*each):
    return full(b"stsz", struct.pack(f">II{len(each)}I", 0, len(each), *each))


def described(codec=b"avc1"):
    return full(b"stsd", struct.pack(">I", 1), box(codec, bytes(78)))


def a_track(*tables, number=1, scale=SCALE, handler=b"vide", length=0, wide=False):
    """A track with these tables in its `stbl`."""
    media = [
        header(b"mdhd", scale, length, wide=wide),
        full(b"hdlr", bytes(4), handler, bytes(13)),
        box(b"minf", box(b"stbl", *tables)),
    ]
    return box(b"trak", full(b"tkhd", struct.pack(">III", 0, 0, number), bytes(68)), box(b"mdia", *media))


def frames(count, rng=None, size=40):
    """Made-up frames: none has three zeros in a row, as in H.264."""
    rng = rng or random.Random(1)
    return [rng.randbytes(size).replace(b"\0", b"\1") for _ in range(count)]


FTYP = box(b"ftyp", b"isom\0\0\2\0isomiso2")


@dataclass(frozen=True)
class Clip:
    """One track of frames, each of `lasts` ticks, `per_chunk` of them to a chunk; what is not said is as it usually is."""

    frames: tuple[bytes, ...]
    lasts: int = 500
    per_chunk: int = 5
    codec: bytes = b"avc1"
    handler: bytes = b"vide"
    said: int | None = None
    wide: bool = False
    fixed: bool = False

    def movie(self, first):
        """Its `moov`, when its first frame lies at that byte."""
        count, lengths = len(self.frames), [*map(len, self.frames)]
        starts = [first + sum(lengths[:at]) for at in range(0, count, self.per_chunk)]
        last = count - (len(starts) - 1) * self.per_chunk
        runs = [(1, self.per_chunk, 1)]
        if last != self.per_chunk:
            runs = [*(runs if len(starts) > 1 else []), (len(starts), last, 1)]
        sized = full(b"stsz", struct.pack(">II", lengths[0], count)) if self.fixed else sizes(*lengths)
        offsets = rows(b"co64" if self.wide else b"stco", *((each,) for each in starts), wide=False)
        if self.wide:
            offsets = full(b"co64", struct.pack(f">I{len(starts)}Q", len(starts), *starts))
        tables = (
            described(self.codec),
            rows(b"stts", (count, self.lasts)),
            rows(b"stsc", *runs),
            sized,
            offsets,
        )
        said = count * self.lasts if self.said is None else self.said
        return box(b"moov", header(b"mvhd", SCALE, said), a_track(*tables, handler=self.handler))

    def written(self, *, index_last=False, before=b"", between=b"", behind=b""):
        """The file: with other boxes before, between and behind its two."""
        media = (large_box if self.wide else box)(b"mdat", *self.frames)
        head = 16 if self.wide else 8
        if index_last:
            first = len(FTYP + before) + head
            return FTYP + before + media + between + self.movie(first) + behind
        room = len(FTYP + before) + len(self.movie(0)) + len(between)
        return FTYP + before + self.movie(room + head) + between + media + behind


def fragmented(*, announces=0, size=0, lasts=0, scale=SCALE):
    """The head of a fragmented MP4: no frames yet; what its fragments are, unless they say so themselves."""
    tables = (described(), rows(b"stts"), rows(b"stsc"), sizes(), rows(b"stco"))
    trex = full(b"trex", struct.pack(">5I", 1, 1, lasts, size, 0))
    mehd = [full(b"mehd", struct.pack(">I", announces))] if announces else []
    movie = header(b"mvhd", SCALE, 0)
    return FTYP + box(b"moov", movie, a_track(*tables, scale=scale), box(b"mvex", *mehd, trex))


def a_fragment(*pictures, lasts=500, number=1):
    """One `moof` with its `mdat`, every frame of which has its own row."""
    table = b"".join(struct.pack(">II", lasts, len(each)) for each in pictures)

    def moof(offset):
        trun = full(b"trun", struct.pack(">Ii", len(pictures), offset), table, flags=0x301)
        traf = box(b"traf", full(b"tfhd", struct.pack(">I", number), flags=0x20000), trun)
        return box(b"moof", full(b"mfhd", bytes(4)), traf)

    return moof(len(moof(0)) + 8) + box(b"mdat", *pictures)


MFRA = box(b"mfra", bytes(16))


def encoded(
    seed,
    *,
    container="mp4",
    codec="libx264",
    options=None,
    mux=None,
    sound=False,
    seconds=3,
    size=(160, 120),
    dark=False,
):
    """A clip that was really encoded, and really plays: noise that moves, or the dark; five frames a second."""
    rng = random.Random(seed)
    with (
        tempfile.TemporaryDirectory() as folder
    ):  # the index is moved to the front in a second pass over a real file
        path = Path(folder) / "clip"
        _encode(path, rng, container, codec, options or {}, mux or {}, sound, seconds, size, dark)
        return path.read_bytes()


def _encode(path, rng, container, codec, options, mux, sound, seconds, size, dark):
    with av.open(str(path), "w", format=container, options=mux) as file:
        video = file.add_stream(codec, rate=5, options={"preset": "ultrafast", "g": "5"} | options)
        video.width, video.height, video.pix_fmt = *size, "yuvj420p" if codec == "mjpeg" else "yuv420p"
        audio = file.add_stream("aac", rate=8000) if sound else None
        noise = bytes(size[0] * size[1] * 2) if dark else rng.randbytes(size[0] * size[1] * 2)
        for number in range(seconds * 5):
            file.mux(video.encode(_frame(video, noise, number)))
            if audio:
                file.mux(audio.encode(_sound(rng, number)))
        file.mux(video.encode())
        if audio:
            file.mux(audio.encode())


def _frame(video, noise, number):
    frame = av.VideoFrame(video.width, video.height, video.pix_fmt)
    for at, plane in enumerate(frame.planes):
        plane.update(noise[number * 100 + at :][: plane.buffer_size])
    frame.pts, frame.time_base = number, Fraction(1, 5)
    frame.pict_type = PictureType.NONE
    return frame


def _sound(rng, number):
    frame = av.AudioFrame("fltp", "mono", 1024)
    frame.planes[0].update(struct.pack("<1024f", *(rng.uniform(-0.1, 0.1) for _ in range(1024))))
    frame.sample_rate, frame.pts = 8000, number * 1024
    return frame
