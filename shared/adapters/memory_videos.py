"""The way to the videos of records without a process or an owner's code: a twin for tests and trials, shipped with the rest."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from shared.domain.descriptor import MediaDescriptor
from shared.domain.job import Window
from shared.errors import GleanerError, Gone
from shared.ports import Download


@dataclass
class MemoryVideos:
    """See VideoSource. Every video is `content`, unless it is the turn of one of `troubles`.

    `given` lists what each call was given.
    """

    content: bytes | None = None
    troubles: deque[GleanerError] = field(default_factory=deque)
    given: list[tuple[MediaDescriptor, Window]] = field(default_factory=list)

    @contextmanager
    def open(
        self, asset_id: str, claim: int, descriptor: MediaDescriptor, window: Window
    ) -> Iterator[Download]:
        """See the port."""
        del asset_id, claim  # they are for whoever needs a place on a disk
        self.given.append((descriptor, window))
        yield Download(0, None, None, self._brought())

    def _brought(self) -> Iterator[bytes]:
        yield b""
        if self.troubles:
            raise self.troubles.popleft()
        if self.content is None:
            raise Gone("media-gone", "there is no video")
        yield self.content
