"""No log line opens a door."""

import io
import json
import logging

import pytest

from shared.logs import REQUEST, Redaction, redact, set_up
from shared.signing import Keys, callback_token

TOKEN = callback_token(Keys(("secret",)), "sms", "0" * 26, 3)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"POST /callbacks/sms/{TOKEN} came", TOKEN[-32:]),
        ("went to http://media/clip.mp4?sign=abc123&t=1", "abc123"),
        (r'{"fileUrl": "http:\/\/media\/clip.mp4?sign=abc123"}', "abc123"),
        (r'{"data": "{\"fileUrl\": \"HTTP:\\/\\/media\\/clip.mp4?sign=abc123\"}"}', "abc123"),
        (r'{"fileUrl": "http\u003a\u002F\u002fmedia\u002fclip.mp4\u003Fsign=abc123"}', "abc123"),
        ("fileUrl=http%3A%2F%2Fmedia%2Fclip.mp4%3Fsign%3Dabc123&downloadProgress=1", "abc123"),
        ("broker redis://user:hunter2@host/1", "hunter2"),
        ("open http://127.0.0.1:8000/login/1789-abc-def now", "1789-abc-def"),
        ("POST /push/imou/fw0dCKmI_miXiyjwT96t now", "fw0dCKmI_miXiyjwT96t"),
    ],
)
def test_what_opens_a_door_is_masked_in_words_and_fields(text, secret):
    assert secret not in redact(text)
    record = logging.makeLogRecord({"msg": "%s", "args": (text,), "detail": text})
    Redaction().filter(record)
    assert secret not in record.getMessage()
    assert secret not in vars(record)["detail"]
    assert "***" in record.getMessage()


def test_what_stands_beside_an_address_is_not_masked():
    form = "fileUrl=http%3A%2F%2Fmedia%2Fclip.mp4%3Fsign%3Dabc123&downloadProgress=1"
    assert redact(form) == "fileUrl=http%3A%2F%2Fmedia%2Fclip.mp4?***&downloadProgress=1"
    assert redact('{"fileUrl": "http://media/a?b=c", "d": 1}') == '{"fileUrl": "http://media/a?***", "d": 1}'


@pytest.mark.timeout(5)
@pytest.mark.parametrize("text", ["http://", "http%3a%2f%2f", "http:\\", "://:", '"token'])
def test_masking_a_hostile_text_takes_no_time(text):
    assert len(redact(text * (65_536 // len(text)))) > 60_000


def test_an_exception_is_masked_too():
    try:
        raise ValueError(f"no {TOKEN}")
    except ValueError as error:
        record = logging.makeLogRecord(
            {"msg": "broken", "exc_info": (type(error), error, error.__traceback__)}
        )
    Redaction().filter(record)
    assert TOKEN not in str(record.exc_text)
    assert "ValueError" in str(record.exc_text)


@pytest.fixture
def said():
    root, out = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    yield out
    root.handlers[:], root.level = before, level


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_written_traceback_opens_no_door_in_either_form(said, form):
    set_up(form)
    logging.getLogger().handlers[0].setStream(said)
    try:
        raise ValueError(f"no {TOKEN}")
    except ValueError:
        logging.getLogger("x").exception("broken")
    assert "Traceback" in said.getvalue()
    assert said.getvalue().count("ValueError: no 0000") == 1
    assert TOKEN[-32:] not in said.getvalue()


FORGED = "id\r\n12:00:00 INFO    all is well\x1b[2J\u2028\u202e"


@pytest.mark.parametrize("form", ["json", "text"])
def test_what_others_have_sent_begins_no_line_and_commands_no_terminal(said, form):
    set_up(form)
    logging.getLogger().handlers[0].setStream(said)
    logging.getLogger("x").warning("%s came", FORGED, extra={"stream": FORGED})
    try:
        raise ValueError(FORGED)
    except ValueError:
        logging.getLogger("x").exception("broken")
    lines = said.getvalue().splitlines()
    ours = [line for line in lines if not line.startswith("    ")]
    assert len(ours) == 2
    assert not {"\r", "\x1b", "\u2028", "\u202e"} & set(said.getvalue())
    assert not [line for line in lines if line.startswith("12:00:00 INFO")]
    if form == "json":
        assert json.loads(lines[0])["stream"] == FORGED
    else:
        assert any(line.startswith("    12:00:00 INFO") for line in lines)  # of the traceback, set in


def test_what_is_inside_of_a_field_is_masked_too():
    record = logging.makeLogRecord(
        {"msg": "said", "data": {"args": [f"to {TOKEN}"], "n": 1}, "stack_info": f"{TOKEN}"}
    )
    Redaction().filter(record)
    assert record.data["n"] == 1
    assert TOKEN[-32:] not in f"{record.data} {record.stack_info}"


@pytest.mark.parametrize("name", ["token", "accessToken", "app_secret", "sign", "Password"])
def test_a_field_that_is_called_as_a_secret_is_masked_whatever_it_holds(name):
    record = logging.makeLogRecord({"msg": "said", name: "hunter2", "data": {name: ["hunter2"], "n": "two"}})
    Redaction().filter(record)
    assert vars(record)[name] == "***"
    assert record.data == {name: ["***"], "n": "two"}


def test_a_line_carries_the_id_of_the_request_that_is_served_and_no_other_does(said):
    set_up("json")
    logging.getLogger().handlers[0].setStream(said)
    served = REQUEST.set("abc-1")
    logging.getLogger("x").info("inside")
    REQUEST.reset(served)
    logging.getLogger("x").info("outside")
    inside, outside = map(json.loads, said.getvalue().splitlines())
    assert inside["request"] == "abc-1"
    assert "request" not in outside


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_line_is_a_sentence_and_its_fields(said, form):
    set_up(form)
    handler = logging.getLogger().handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(said)
    logging.getLogger("x").warning("it rains\nhard", extra={"camera": "door", "job": None})
    (line,) = [line for line in said.getvalue().splitlines() if "door" in line]
    if form == "json":
        assert json.loads(line) | {"at": ""} == {
            "at": "", "levelname": "WARNING", "name": "x", "message": "it rains\nhard", "camera": "door", "job": None,
        }  # fmt: skip
    else:
        assert line.endswith("camera=door")
