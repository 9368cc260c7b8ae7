"""The vendor's envelope `{code, message, data}`, or what is left of it. What is kept of its words is fit to be shown."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.vendors.reading import plain

SUCCESS = "0"
CODE_LENGTH = 32
SAID_LENGTH = 200
WHOLE_DIGITS = 256  # a longer whole number is no id, no size and no progress


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. `code` is None when it is no envelope of the vendor's: not JSON, no object, or without a code.

    `message` is the vendor's, on one line; `said` is all of it for people, in at most 200 characters. Neither holds an
    address, a control character or a secret.
    """

    status: int
    code: str | None
    message: str
    said: str
    envelope: Mapping[str, object]

    @property
    def accepted(self) -> bool:
        """A yes: the page's examples have the code "0"; the number 0 is taken for the same."""
        return 200 <= self.status < 300 and self.code == SUCCESS

    @property
    def refused(self) -> bool:
        """A recognisable no."""
        return self.code not in (None, SUCCESS)

    @property
    def content(self) -> object:
        """The `data`, whatever that is."""
        return self.envelope.get("data")

    @property
    def data(self) -> Mapping[str, object]:
        """The fields of `data`; none when it is no object."""
        return self.content if isinstance(self.content, dict) else {}


def read_answer(status: int, body: bytes, secrets: Iterable[str] = ()) -> Answer:
    """An answer in the vendor's envelope; `secrets` are what was sent along and may be repeated in it."""
    secrets = tuple(secrets)
    try:
        parsed = parse_json(body)
    except ValueError:
        parsed = None
    envelope = parsed if isinstance(parsed, dict) else {}
    code, message = envelope.get("code"), envelope.get("message")
    code = str(code).strip() if isinstance(code, str | int) and not isinstance(code, bool) else None
    message = plain(message, secrets) if isinstance(message, str) else ""
    return Answer(status, code, message, _said(status, code, message, secrets), envelope)


def _said(status: int, code: str | None, message: str, secrets: Iterable[str]) -> str:
    if code is None:
        return f"HTTP {status}, not in the platform's form"
    return f"HTTP {status}, code {plain(code, secrets)[:CODE_LENGTH]}: {message}"[:SAID_LENGTH]


def parse_json(body: bytes) -> object:
    """JSON in UTF-8. ValueError for anything else, nesting without end included; of a doubled key the last counts."""
    try:
        value: object = json.loads(body.decode("utf-8-sig"), parse_int=_whole)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def _whole(digits: str) -> int | float:
    """Python refuses to read whole numbers of thousands of digits: one such would cost all that stands beside it."""
    return int(digits) if len(digits) <= WHOLE_DIGITS else float("inf")
