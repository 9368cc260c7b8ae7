"""Everything the simulated SMS platform can do wrong: the switches, and what each does.

All are off by default. They are thrown by `POST /sandbox/switches` or `--switch`, for all, for a device, for one channel of
it, or for a camera by its name in the cameras file. What is known of comparable platforms is behind every one of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from gleaner.sandbox.refusals import Phrase

_HOST = re.compile(r"(\w[\w.-]*|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?|", re.ASCII)
_HEADER = re.compile(r"[!-~]*")
_SHARES = ("recorded", "drop_callbacks", "bad_callbacks")


@dataclass(frozen=True)
class Switches:
    """Lengths of time are seconds; 0, False, "no" and "" mean: behave."""

    # The platform
    away: Literal["no", "503", "hang-up"] = "no"
    """Every request, media too, is refused or hung up on; only meaningful for all devices."""
    demand_sign: str = ""
    """Requests whose header `linker-sign` is not this are refused; only meaningful for all devices."""

    # The submission
    refuse: Literal["no", "401", "403", "429", "500", "503", "504", "hang-up"] = "no"
    """A well-formed submission gets this instead of an answer, and nothing starts."""
    refuse_as: Phrase = "no"
    """It is refused with HTTP 200, in the words of comparable platforms, English or Chinese."""
    offline: bool = False
    """The device is not reachable: refused. It is always the whole device that is."""
    no_recording: bool = False
    """The device holds no footage of any window: refused, and nothing is listed."""
    busy_for: float = 0.0
    """The device is refused as busy for so long, counted from when the switch was thrown."""
    device_stays_busy: float = 0.0
    """After a download has ended, however it did, its device is refused as busy for so much longer."""
    slow_submit: float = 0.0
    """The download runs, but the answer comes so much later."""
    lose_answer: bool = False
    """The download runs, and the connection is closed without an answer."""
    no_stream_id: bool = False
    """The download runs, but the answer does not say under which id."""
    null_data: Literal["no", "null", "absent"] = "no"
    """An answer, yes or no, has null for its data, or no data at all; a no has null anyway."""
    reuse_stream_id: bool = False
    """Each channel gets the same stream id for every download."""
    failed_start_kills: bool = False
    """A submission refused with HTTP 200 ends the channel's running download, without a word."""

    # The device
    recorded: float = 1.0
    """Share of each window that the device holds, from its start: it lists and delivers this much, 0 nothing."""
    delivered: float = 1.0
    """Share of what it holds that the footage really covers: packets ceased, and nobody says so."""
    short_downloads: int = 0
    """Only so many downloads from now on obey `delivered`, the later ones are whole; 0 is all."""
    speed: float = 1.0
    """How fast downloads run, against the pace and its longest time: 0.5 is half as fast."""
    never_ends: bool = False
    """The device does not end the stream: it keeps the device busy and has no file until it is torn down."""
    dies_silently: bool = False
    """Halfway the stream vanishes: no further callback, no file, and nobody knows it."""

    # What is reported
    unit: Literal["fraction", "percent", "percent-sign", "number"] = "fraction"
    """How progress is written: "0.35", "35", "35%", or the bare JSON number 0.35."""
    progress: Literal[
        "honest",
        "stays-0",
        "back-to-0",
        "bare-1",
        "falls",
        "freezes",
        "nan",
        "infinity",
        "negative",
        "over-100",
    ] = "honest"
    """0 to the very end; 0 again from the stream's end until the file is there; "1" from the first word on; down
    midway and up again; a half to the very end; no number; endless; below 0; above 100 in any unit."""
    early_address: Literal["no", "growing", "missing"] = "no"
    """The address is told from the start; until the end it serves a growing file without index, or nothing."""
    wrong_address_first: bool = False
    """Until the end, the address told is that of another camera's footage."""
    stream_gone: Literal["no", "before-file", "for-good"] = "no"
    """Once the stream has ended nobody knows it: the file is still announced, or never comes."""
    late_file: float = 0.0
    """So much longer between the stream's end and the file."""

    # Who asks
    query: Literal["answer", "missing", "500", "hang", "gone", "empty", "bare"] = "answer"
    """A progress query gets 404, 500, no answer for long, a refusal, empty data, or the progress alone."""
    control: Literal["answer", "refused", "500", "hang"] = "answer"
    """A control does nothing, and gets a refusal, 500, or no answer for long."""
    recordings: Literal["honest", "missing", "refused", "unreadable", "hang", "empty", "cut"] = "honest"
    """The list of recordings gets 404, a refusal, another shape, no answer for long, none, or lacks its last one."""

    # How callbacks travel
    drop_callbacks: float = 0.0
    """Share of callbacks that are never sent: 1 is all."""
    duplicate: int = 1
    """How often each callback is sent."""
    shuffle: bool = False
    """Callbacks are sent in another order."""
    senders: int = 1
    """So many threads send the callbacks of one download; settled when it starts."""
    callback_form: Literal["camel", "snake", "wrapped", "form"] = "camel"
    """The names as on the page, as elsewhere on it, inside `data`, or form-encoded."""
    callback_first: bool = False
    """The first callback is sent, and its answer awaited, before the submission is answered."""
    alias: bool = False
    """Callbacks carry another stream id than the submission's answer."""
    bad_callbacks: float = 0.0
    """For this share of callbacks another one is sent that cannot be read."""
    seed: int = 0
    """Of every throw of the dice."""

    # The addresses of files
    inside_address: str = ""
    """This host:port stands in them, where nobody may be; the file is still served here."""
    address_query: bool = False
    """They name the file in their query."""
    sign_address: bool = False
    """Each telling of one has a new token; without any token the file is not served: 401."""
    odd_address: Literal["no", "file", "userinfo", "metadata", "redirect", "redirect-away"] = "no"
    """They lead to a local file, carry a password, name a cloud's metadata, redirect to the file, or elsewhere."""

    # The files
    files: int = 1
    """In so many files, one after the other, the footage of one download comes."""
    files_at_once: bool = True
    """Whether the addresses of all are told at the end, or each a cadence after the one before."""
    file_life: float = 0.0
    """So long after its end a file is gone: 404."""
    index_last: bool = False
    """The file's index stands behind its pictures."""
    media: Literal["no", "404", "500", "truncated", "html"] = "no"
    """What fetching a file gives instead of the file."""
    media_rate: int = 0
    """Bytes a second at which a file is served."""

    def __post_init__(self) -> None:
        if not 1 <= self.files <= 100 or self.duplicate > 100 or not 1 <= self.senders <= 64:
            raise ValueError("files from 1 to 100, duplicate up to 100, senders from 1 to 64")
        if self.delivered <= 0 or self.speed <= 0:
            raise ValueError("delivered and speed above 0")
        for name in _SHARES:
            if getattr(self, name) > 1:
                raise ValueError(f"{name} is a share: 1 at most")
        if not _HOST.fullmatch(self.inside_address):
            raise ValueError("inside_address is host:port")
        if not _HEADER.fullmatch(self.demand_sign):
            raise ValueError("demand_sign is text of a header, without spaces")


OF_THE_DEVICE = frozenset({"offline", "busy_for", "device_stays_busy"})
"""Switches that no channel has for itself: set for one, they hold for its whole device."""
