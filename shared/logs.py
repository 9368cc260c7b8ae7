"""Logs: one set-up for every process, the same fields on every line about a job, and the one redaction filter.

A line is a fixed sentence plus fields. Whatever looks like a callback token, a login link or the query of an
address is masked in all of it, for they open doors.
"""

import logging
import re
import sys

from pythonjsonlogger.json import JsonFormatter

# An address, whole, as it may stand in text, in JSON and in a form; and where its query begins.
_ADDRESS = re.compile(r"(?i)https?(?:(?::|\\u003a)(?:\\*/|\\u002f){2}[^\s\"']+|%3a%2f%2f[^\s&\"']+)")
_QUERY = re.compile(r"(?is)(?:\?|\\u003f|%3f).*")
_SECRETS = (
    (re.compile(r"([0-9a-z]{26}-\d+-)[A-Za-z0-9_]{32}"), r"\1***"),
    (re.compile(r"(/push/[^/\s]+/)[^\s\"']+"), r"\1***"),
    (re.compile(r"(/login/)[^\s\"']+"), r"\1***"),
    (re.compile(r"(://[^/\s:@]*:)[^@/\s]+@"), r"\1***@"),
    (re.compile(r"(?i)([\"'][\w-]*(?:token|secret|sign|password)[\"']\s*:\s*[\"'])[^\"']+"), r"\1***"),
)
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def redact(text: str) -> str:
    """Text without tokens, passwords and query strings."""
    text = _ADDRESS.sub(lambda address: _QUERY.sub("?***", address[0]), text)
    for pattern, masked in _SECRETS:
        text = pattern.sub(masked, text)
    return text


class Redaction(logging.Filter):
    """Masks secrets in a record's message and in its fields, exception texts included."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; never drop it."""
        record.msg, record.args = redact(record.getMessage()), None
        for name, value in vars(record).items():
            if name not in _STANDARD and isinstance(value, str):
                setattr(record, name, redact(value))
        if record.exc_info:  # which formatters would otherwise write out anew
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True


class _TextFormatter(logging.Formatter):
    """Time, level, sentence, fields."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the library's name)
        fields = [f"{k}={v}" for k, v in vars(record).items() if k not in _STANDARD and v not in (None, "")]
        return " ".join([super().formatMessage(record), *fields])


def set_up(log_format: str = "") -> None:
    """Log to standard error: text on a terminal, else JSON lines, unless told."""
    as_text = log_format == "text" or (not log_format and sys.stderr.isatty())
    handler = logging.StreamHandler()
    fields = "%(asctime)s %(levelname)s %(name)s %(message)s"
    handler.setFormatter(
        _TextFormatter() if as_text else JsonFormatter(fields, rename_fields={"asctime": "at"})
    )
    handler.addFilter(Redaction())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
