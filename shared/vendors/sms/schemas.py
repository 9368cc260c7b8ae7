"""What the vendor says about one download, as a frozen value.

It is read leniently: unknown fields are ignored, names may be in snake or camel case, numbers may be strings, and an
absent, null or empty value is the same as none.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from shared.errors import Invalid
from shared.vendors.sms.addresses import web_address
from shared.vendors.sms.units import Figure

ID_LENGTH = 128
MOST = 1e15  # no seconds and no bytes of ours are more
SPELLINGS = {
    "streamId": ("streamId", "stream_id"),
    "fileUrl": ("fileUrl", "file_url", "playback_file_url", "playbackFileUrl"),
    "downloadProgress": ("downloadProgress", "download_progress", "progress"),
    "playbackDuration": ("playback_duration", "playbackDuration"),
    "playbackFileSize": ("playback_file_size", "playbackFileSize"),
}
CALLBACK_NAMES = ("streamId", "fileUrl", "downloadProgress")
_NUMBER = re.compile(r"\s*(\d{1,20}(?:\.\d{0,20})?(?:[eE][+-]?\d{1,3})?)\s*(%?)\s*", re.ASCII)


# -- the vendor's values -----------------------------------------------------------------------------------------------


def _handle(value: object) -> str:
    """An id of the vendor's: printable text without blanks, or a whole number, kept exactly as it came."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValidationError("must be text")
    if len(text := str(value)) > ID_LENGTH:
        raise ValidationError(f"longer than {ID_LENGTH} characters")
    if (
        not text.isprintable() or " " in text
    ):  # printable is no control character and no half of a surrogate pair
        raise ValidationError("holds blanks, or characters that cannot be printed")
    return text


def _address(value: object) -> str:
    """Where a file is: an http or https address."""
    if not isinstance(value, str):
        raise ValidationError("must be text")
    try:
        return web_address(value)
    except ValueError as error:
        raise ValidationError(str(error)) from error


def _figure(value: object) -> Figure:
    """A progress: a number 0..100, or the same as text, with or without a percent sign."""
    figure = _number(value)
    if figure.value > 100:
        raise ValidationError("must be between 0 and 100")
    return figure


def _amount(value: object) -> float | None:
    """A duration or a size; 0 is how comparable platforms say that they do not know."""
    return _number(value).value or None


def _number(value: object) -> Figure:
    percent = ""
    if isinstance(value, str):
        match = _NUMBER.fullmatch(value)
        if match is None:
            raise ValidationError("is not a number of 0 or more")
        value, percent = float(match[1]), match[2]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValidationError("must be a number")
    if not 0 <= value <= MOST:
        raise ValidationError("is not a number of 0 or more")
    return Figure(float(value), bool(percent))


# -- the vendor's messages ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Report:
    """What the vendor said about one download; None is what it did not say. Duration is seconds, size bytes."""

    stream_id: str | None = None
    file_url: str | None = None
    figure: Figure | None = None
    duration: float | None = None
    size: float | None = None


class ReportSchema(Schema):
    """The three names of the callback, and the two more of the submit's answer, as on the vendor's download page."""

    class Meta:
        unknown = EXCLUDE

    stream_id = fields.Function(deserialize=_handle, data_key="streamId")
    file_url = fields.Function(deserialize=_address, data_key="fileUrl")
    figure = fields.Function(deserialize=_figure, data_key="downloadProgress")
    duration = fields.Function(deserialize=_amount, data_key="playbackDuration")
    size = fields.Function(deserialize=_amount, data_key="playbackFileSize")


_ANSWER = ReportSchema()
_CALLBACK = ReportSchema(only=("stream_id", "file_url", "figure"))


def strict_report(values: Mapping[str, object]) -> Report:
    """What a callback says. Invalid, naming the field as the vendor's page spells it."""
    try:
        return Report(**_CALLBACK.load(_gather(values, CALLBACK_NAMES)))
    except ValidationError as error:
        field, words = next(iter(error.messages_dict.items()))
        raise Invalid("callback-unreadable", f"{field}: {words[0]}", field=field) from error


def lenient_report(values: Mapping[str, object]) -> Report:
    """What an answer of ours holds: a value that cannot be read is left out, for the vendor has said yes all the same."""
    try:
        return Report(**_ANSWER.load(_gather(values, SPELLINGS)))
    except ValidationError as error:
        return Report(**dict(error.valid_data or {}))


def mentions_download(values: Mapping[str, object]) -> bool:
    """Whether any of the callback's fields is there, in any spelling."""
    return any(spelling in values for name in CALLBACK_NAMES for spelling in SPELLINGS[name])


def _gather(values: Mapping[str, object], names: Iterable[str]) -> dict[str, object]:
    """What there is, each by its first spelling that holds something."""
    found: dict[str, object] = {}
    for name in names:
        for spelling in SPELLINGS[name]:
            value = values.get(spelling)
            if value is not None and value != "":
                found[name] = value
                break
    return found
