"""Whether the frames of whole footage decode: a few at a few places, so that a long clip costs no more than a short one.

This is the one file that hands foreign bytes to a decoder. It belongs into a process apart (`media_child`), for a decoder
may crash, hang or ask for any amount of memory. Only the kinds of container and codec that cameras write are decoded, and
the library opens nothing by itself: it reads the one stream that it is given. What does not decode is kept, and doubted:
a camera on a bad line records just that.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

import av
import av.subtitles.codeccontext  # the library loads these when a file has subtitles, and a child can no longer load
import av.subtitles.stream
from av.container import InputContainer
from av.video.stream import VideoStream

from shared.domain.media import MediaFacts

DEMUXERS = {"mp4": "mp4", "ts": "mpegts"}  # by the extension; nothing else is decoded
CODECS = frozenset({"h264", "hevc", "mjpeg", "mpeg4"})
MOST_PIXELS = 40_000_000  # 7680 by 4320 are 33 million
PLACES = (0, 0.2, 0.4, 0.6, 0.8, 0.98)  # of the footage's length
FRAMES = 8  # at each place
MOST_PACKETS = 600  # until the first frame of a place; key frames are seldom further apart
PATIENCE = 5.0  # seconds of this process's time; places that are left then stay unseen


def frames(stream: BinaryIO, facts: MediaFacts) -> MediaFacts:
    """The facts, with what a look at the frames says about them. MemoryError when a frame needs more than there is."""
    demuxer = DEMUXERS.get(facts.extension)
    if demuxer is None or "no-pictures" in facts.reasons:
        return facts
    stream.seek(0)
    try:
        with av.open(stream, "r", format=demuxer) as container:
            return _seen(container, facts).looked_at("frames")
    except MemoryError:
        raise
    except (av.FFmpegError, ValueError) as error:
        return facts.doubted("frames-unreadable", f"{type(error).__name__} when it was opened")


def _seen(container: InputContainer, facts: MediaFacts) -> MediaFacts:
    if facts.duration_seconds is None and container.duration:
        facts = replace(facts, duration_seconds=round(container.duration / av.time_base, 3))
    video = next(iter(container.streams.video), None)
    if video is None:
        return facts.doubted("no-pictures", "no track of pictures that move")
    if getattr(video.codec_context, "name", "") not in CODECS:  # None where the library has no decoder at all
        return facts.doubted("frames-unreadable", f"their codec is none of {', '.join(sorted(CODECS))}")
    if video.width * video.height > MOST_PIXELS:
        return facts.doubted("check-too-big", f"frames of {video.width} by {video.height} pixels")
    video.codec_context.thread_count = 1
    seen = [look for look in _looks(container, video) if look is not None]
    bad = seen.count(False)
    if not seen:
        return facts.doubted("frames-unreadable", "no key frame, from which to begin")
    return (
        facts.doubted("frames-damaged", f"at {bad} of {len(seen)} places they do not decode")
        if bad
        else facts
    )


def _looks(container: InputContainer, video: VideoStream) -> Iterator[bool | None]:
    """Whether the frames at each place decode; None where no key frame follows, from which to begin."""
    over = time.process_time() + PATIENCE
    for place in PLACES:
        if time.process_time() > over:
            return
        try:
            yield _decodes(container, video, place)
        except MemoryError:
            raise
        except av.FFmpegError:
            yield False


def _decodes(container: InputContainer, video: VideoStream, place: float) -> bool | None:
    if place:
        start, length = container.start_time or 0, container.duration or 0
        container.seek(start + int(length * place))
    seen, begun = 0, False
    for number, packet in enumerate(container.demux(video)):
        begun = begun or packet.is_keyframe
        for frame in packet.decode() if begun else ():
            if frame.is_corrupt:
                return False
            seen += 1
        if seen >= FRAMES or number >= MOST_PACKETS:
            break
    return seen > 0 if begun else None
