"""Logs: one set-up for every process, the same fields on every line about a job, and the one redaction filter.

A line is a fixed sentence plus fields. Whatever looks like a callback token, a login link or the query of an address is
masked in all of it, for they open doors. What others have sent cannot begin a line of its own, nor command a terminal. What
is logged for a request, in the web and by the worker that it woke, carries the request's id.
"""

import logging
import re
import sys
from collections.abc import Mapping
from contextvars import ContextVar

from pythonjsonlogger.json import JsonFormatter

# An address, whole, as it may stand in text, in JSON and in a form; and where its query begins.
_ADDRESS = re.compile(r"(?i)https?(?:(?::|\\u003a)(?:\\*/|\\u002f){2}[^\s\"']+|%3a%2f%2f[^\s&\"']+)")
_QUERY = re.compile(r"(?is)(?:\?|\\u003f|%3f).*")
_NAMES = "token|secret|sign|password"  # of what is never shown, or how its name ends
_SECRETS = (
    (re.compile(r"([0-9a-z]{26}-\d+-)[A-Za-z0-9_]{32}"), r"\1***"),
    (re.compile(r"(/push/[^/\s]+/)[^\s\"']+"), r"\1***"),
    (re.compile(r"(/login/)[^\s\"']+"), r"\1***"),
    (re.compile(r"(://[^/\s:@]*:)[^@/\s]+@"), r"\1***@"),
    (re.compile(rf"(?i)([\"'][\w-]*(?:{_NAMES})[\"']\s*:\s*[\"'])[^\"']+"), r"\1***"),
)
_SECRET_NAME = re.compile(rf"(?i)(?:{_NAMES})$")
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))} | {
    code: f"\\u{code:04x}" for code in (0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

# The id of the request that is served; empty: none.
REQUEST: ContextVar[str] = ContextVar("request", default="")


def on_one_line(text: str) -> str:
    """The text, with what would break a line, turn it round or command a terminal spelled out."""
    return text.translate(_CONTROLS)


def redact(text: str) -> str:
    """Text without tokens, passwords and query strings."""
    text = _ADDRESS.sub(lambda address: _QUERY.sub("?***", address[0]), text)
    for pattern, masked in _SECRETS:
        text = pattern.sub(masked, text)
    return text


class Redaction(logging.Filter):
    """Masks secrets in a record's message and in its fields, exception texts included, and adds the request's id."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; never drop it."""
        if request := REQUEST.get():
            record.request = request
        record.msg, record.args = redact(record.getMessage()), None
        for name, value in vars(record).items():
            if name not in _STANDARD or name == "stack_info":
                setattr(record, name, _masked(value, name))
        if record.exc_info:  # which formatters would otherwise write out anew
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True


def _masked(value: object, name: object = "") -> object:
    """The value of a field of that name, whatever it is made of."""
    if isinstance(value, str):
        return "***" if value and _SECRET_NAME.search(str(name)) else redact(value)
    if isinstance(value, Mapping):
        return {key: _masked(each, key) for key, each in value.items()}
    return [_masked(each, name) for each in value] if isinstance(value, list | tuple) else value


class _TextFormatter(logging.Formatter):
    """Time, level, sentence, fields, all on one line; below it a traceback, set in, so that no line of it looks like one of ours."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the library's name)
        fields = [f"{k}={v}" for k, v in vars(record).items() if k not in _STANDARD and v not in (None, "")]
        return on_one_line(" ".join([super().formatMessage(record), *fields]))

    def format(self, record: logging.LogRecord) -> str:
        line, *below = super().format(record).split("\n")
        return "\n".join([line, *(f"    {on_one_line(each)}" for each in below)])


def set_up(log_format: str = "") -> None:
    """Log to standard error: text on a terminal, else JSON lines, unless told."""
    as_text = log_format == "text" or (not log_format and sys.stderr.isatty())
    handler = logging.StreamHandler()
    handler.setFormatter(_TextFormatter() if as_text else _json_formatter())
    handler.addFilter(Redaction())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def as_json(name: str, level: str, said: str) -> str:
    """What somebody said who has no such set-up, as the line that it would have been."""
    record = logging.makeLogRecord({"name": name, "levelname": level, "msg": said})
    Redaction().filter(record)
    return _json_formatter().format(record)


def _json_formatter() -> JsonFormatter:
    fields = "%(asctime)s %(levelname)s %(name)s %(message)s"
    return JsonFormatter(fields, rename_fields={"asctime": "at"})
