"""What a row says of how its video is reached: the fields that the vendor's own player and downloader are given, as they came.

The names are those of the vendor's page on getCondensedRecords, and of its demo app for `productId`; the app hands all of them to
a closed library. How they become a request is not public, so no address is built of them here.
"""

from collections.abc import Mapping

LOCATORS = (
    "recordRegionId",
    "recordPath",
    "streamAddr",
)  # without any of them it is not said where the video is
BESIDE = (  # what the library is given with them, or may want to know
    *(
        "region",
        "userId",
        "ak",
        "fileToken",
        "recordId",
        "productId",
        "deviceId",
        "channelId",
        "encryptMode",
        "createTime",
        "size",
        "length",
        "type",
    ),
    *("expireTime", "businessType", "method"),
)
LENGTH = 4096  # of a value; a longer one is none


def descriptor(raw: Mapping[str, object]) -> dict[str, str]:
    """The fields by their names; nothing when the row does not say where its video is."""
    said = {name: _said(raw.get(name)) for name in (*LOCATORS, *BESIDE)}
    given = {name: value for name, value in said.items() if value}
    return given if any(name in given for name in LOCATORS) else {}


def _said(value: object) -> str:
    """Text, or a number as text; word for word, for a signature may cover it."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    text = str(value)
    return text if len(text) <= LENGTH and text.isprintable() else ""
