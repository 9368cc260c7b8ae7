"""Real footage of any size: a scene that comes with the sandbox, at the bit rate that a size in a length of time asks for.

Each picture is followed by filler data (ISO/IEC 14496-10, 7.3.2.7), as encoders of a constant bit rate write it: it plays, it
is whole, and no two files are the same bytes.
"""

import hashlib
import struct
from dataclasses import dataclass, replace
from pathlib import Path

from gleaner.sandbox.muxer import Footage, Scene, scenes

FILLER, STOP = b"\x0c", b"\x80"  # its header, and the bit that ends it; between them nothing but ones
AROUND = 4 + len(FILLER) + len(STOP)  # with the length before it


@dataclass(frozen=True)
class Clip:
    """A file to fetch: what it is called, how long it plays, and what whoever has it must have."""

    path: Path
    seconds: int
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """Its name on the media server."""
        return self.path.name


def make(folder: Path, name: str, size: int, seconds: int) -> Clip:
    """A clip of that length and of that size in bytes, or up to a byte more for each picture."""
    scene = scenes()[0]
    plain = Footage(scene, seconds, name)
    pictures = seconds * 1000 // scene.tick
    path = folder / name
    Footage(_filled(scene, -(-(size - plain.size) // pictures)), seconds, name).write(path)
    with path.open("rb") as file:
        return Clip(path, seconds, path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def _filled(scene: Scene, more: int) -> Scene:
    filler = FILLER + b"\xff" * max(0, more - AROUND) + STOP
    tail = struct.pack(">I", len(filler)) + filler
    return replace(scene, samples=tuple(sample + tail for sample in scene.samples))
