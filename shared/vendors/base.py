"""The shape of a vendor's folder: what it gives to the rest of the house, and what it may ask of it.

A folder knows no adapter: whatever it needs from the outside world comes in through the toolbox, which wiring fills.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from shared.ports import PlaybackSource, SharedMemory

SettingsT = TypeVar("SettingsT")


class Http(Protocol):
    """The guarded way to a vendor's API."""

    def post_json(
        self, url: str, body: Mapping[str, object], headers: Mapping[str, str], timeout: float
    ) -> tuple[int, bytes]:
        """POST `body` as JSON; the status and body of whatever answer came within `timeout` seconds.

        Transient `vendor-away` when nothing could be sent; AnswerUnknown `answer-lost` when it was sent and no whole
        answer came.
        """
        ...


@dataclass(frozen=True, slots=True)
class Toolbox:
    """What a vendor's client is built with, beside its settings."""

    http: Http
    memory: SharedMemory


@dataclass(frozen=True, slots=True)
class Vendor(Generic[SettingsT]):
    """One vendor: `settings` is its settings dataclass, read by the one reader of settings.

    `section` reads the vendor's part of a camera in the cameras file into a frozen value, or raises Invalid naming the
    field. `build` gives the client; it does no I/O and is satisfied with settings that are not set.
    """

    name: str
    settings: type[SettingsT]
    section: Callable[[Mapping[str, object]], object]
    build: Callable[[SettingsT, Toolbox], PlaybackSource]
