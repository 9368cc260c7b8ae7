"""A callback's body, read into a report: hostile until proven otherwise, and never anything but a report or Invalid.

The vendor's page names three fields and nothing else: neither method nor content type, neither type nor unit. So JSON
and forms are read, with the fields at the top or inside `data`, in camel or snake case.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from shared.errors import Invalid
from shared.vendors.sms.bodies import UNREADABLE, strict_json
from shared.vendors.sms.schemas import CALLBACK_NAMES, Report, mentions_download, strict_report

FORM = "application/x-www-form-urlencoded"
FORM_FIELDS = 64


def read_callback(body: bytes, content_type: str) -> Report:
    """What a callback says. Invalid `callback-unreadable`, with the field's name where one is to blame."""
    return strict_report(_unwrapped(_values(body, content_type)))


def _values(body: bytes, content_type: str) -> Mapping[str, object]:
    is_form = content_type.partition(";")[0].strip().lower() == FORM and not body.lstrip().startswith(b"{")
    values = _form(body) if is_form else strict_json(body)
    if not isinstance(values, dict):
        raise Invalid(UNREADABLE, "not an object")
    return values


def _form(body: bytes) -> dict[str, object]:
    try:
        text = body.decode("utf-8")
        return dict(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=FORM_FIELDS))
    except ValueError as error:
        raise Invalid(UNREADABLE, f"not a form of at most {FORM_FIELDS} fields, in UTF-8") from error


def _unwrapped(values: Mapping[str, object]) -> Mapping[str, object]:
    inner = values.get("data")
    for candidate in (values, inner):
        if isinstance(candidate, Mapping) and mentions_download(candidate):
            return candidate
    raise Invalid(UNREADABLE, f"none of {', '.join(CALLBACK_NAMES)} is there")
