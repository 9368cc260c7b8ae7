"""The section `[camera.imou]` of the cameras file. What it does not know is refused, by name: a typing error is not a wish."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from shared.errors import Invalid

DAYS = "aiCloudRecord"  # the vendor's word for the video digest of a day
EVENTS = "aiInsight"  # the vendor's word for the picture digests of events
PACKAGES = (DAYS, EVENTS)
_CODE = (
    validate.Length(max=128),
    validate.Regexp(r"[^\s\x00-\x1f\x7f]+\Z", error="must be text without blanks"),
)


@dataclass(frozen=True, slots=True)
class ImouCamera:
    """A camera as this vendor knows it. `hls`: its original footage may be fetched through the cloud, which costs flow."""

    device: str
    channel: str = "0"
    packages: tuple[str, ...] = PACKAGES
    hls: bool = False


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValidationError("must be true or false")
    return value


class _SectionSchema(Schema):
    class Meta:
        unknown = RAISE

    device = fields.String(required=True, validate=_CODE)
    channel = fields.String(validate=_CODE)
    packages = fields.List(fields.String(validate=validate.OneOf(PACKAGES)), validate=validate.Length(min=1))
    hls = fields.Function(deserialize=_switch)


_SECTION = _SectionSchema()


def read_section(raw: Mapping[str, object]) -> ImouCamera:
    """The section as a value. Invalid `cameras-file`, whose `field` is the path of the first culprit in the section."""
    try:
        found = _SECTION.load(raw)
    except ValidationError as error:
        path, words = _first(error.messages_dict)
        raise Invalid("cameras-file", f"camera.imou.{path}: {words}", field=path) from error
    return ImouCamera(**found | {"packages": tuple(dict.fromkeys(found.get("packages", PACKAGES)))})


def _first(messages: Any) -> tuple[str, str]:
    """The path and the words of the first message of a tree of them."""
    if not isinstance(messages, dict):
        return "", str(messages[0])
    key, below = next(iter(messages.items()))
    path, words = _first(below)
    return (f"{key}.{path}" if path else str(key)), words
