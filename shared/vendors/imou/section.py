"""The section `[camera.imou]` of the cameras file. What it does not know is refused, by name: a typing error is not a wish."""

from collections.abc import Mapping
from dataclasses import dataclass

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from shared.vendors.reading import CODE, section_of

DAYS = "aiCloudRecord"  # the vendor's word for the video digest of a day
EVENTS = "aiInsight"  # the vendor's word for the picture digests of events
PACKAGES = (DAYS, EVENTS)


@dataclass(frozen=True, slots=True)
class ImouCamera:
    """A camera as this vendor knows it. `hls`: the video of its records is fetched through the cloud, too, which costs flow."""

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

    device = fields.String(required=True, validate=CODE)
    channel = fields.String(validate=CODE)
    packages = fields.List(fields.String(validate=validate.OneOf(PACKAGES)), validate=validate.Length(min=1))
    hls = fields.Function(deserialize=_switch)


_SECTION = _SectionSchema()


def read_section(raw: Mapping[str, object]) -> ImouCamera:
    """The section as a value. Invalid `cameras-file`, whose `field` is the path of the first culprit in the section."""
    found = section_of(_SECTION, raw, "imou")
    return ImouCamera(**found | {"packages": tuple(dict.fromkeys(found.get("packages", PACKAGES)))})
