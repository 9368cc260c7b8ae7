"""The shape of a vendor's folder: what it gives to the rest of the house, and what it may ask of it.

A folder knows no adapter: whatever it needs from the outside world comes in through the toolbox, which wiring fills.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from shared.ports import PlaybackSource, RecordSource, SharedMemory
from shared.sealing import Seal
from shared.vendors.fetcher import NamedFetcher

SettingsT = TypeVar("SettingsT")


class Http(Protocol):
    """The guarded way to a vendor's API."""

    def post_json(
        self,
        url: str,
        body: Mapping[str, object],
        headers: Mapping[str, str],
        timeout: float,
        *,
        dated: Callable[[str], None] | None = None,
    ) -> tuple[int, bytes]:
        """POST `body` as JSON; the status and body of whatever answer came within `timeout` seconds.

        `dated` is told the Date of an answer as it comes, an empty text when it has none.

        Transient `vendor-away` when nothing could be sent; AnswerUnknown `answer-lost` when it was sent and no whole
        answer came.
        """
        ...


@dataclass(frozen=True, slots=True)
class Toolbox:
    """What a vendor's client is built with, beside its settings. `seal` is for secrets that go into `memory`."""

    http: Http
    memory: SharedMemory
    seal: Seal
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Vendor(Generic[SettingsT]):
    """One vendor: `settings` is its settings dataclass, read by the one reader of settings; it has a `base_url`.

    `section` reads the vendor's part of a camera in the cameras file into a frozen value, or raises Invalid naming the
    field. `lacks` names the settings without which nothing can be asked of it, or is empty. `playback` and `records` give
    the clients of what the vendor can do; they do no I/O and are satisfied with settings that are not set. `public_media`:
    the addresses in its answers may lead to any public host. `fetcher` is what the settings name, if anything, as the owner's
    own code that brings the video of a record; None where a vendor has no such code.
    """

    name: str
    settings: type[SettingsT]
    section: Callable[[Mapping[str, object]], object]
    lacks: Callable[[SettingsT], str]
    playback: Callable[[SettingsT, Toolbox], PlaybackSource] | None = None
    records: Callable[[SettingsT, Toolbox], RecordSource] | None = None
    public_media: bool = False
    fetcher: Callable[[SettingsT], NamedFetcher] | None = None
