"""What a WSGI server gets: the web logs as every process does, what the server itself has to say included."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.signing import Keys, callback_token

ROOT = Path(__file__).parent.parent.parent
TOKEN = callback_token(Keys(("secret",)), "sms", "0" * 26, 3)
SERVER = """
import logging, os, sys
from gunicorn.config import Config
from webhook.server import Lines

server = Lines(Config())
from webhook.wsgi import app

os.environ["SECRET_KEY"] = "changeme"
server.setup(Config())  # as a reload does, which must end nobody

server.error("Error handling request /callbacks/sms/%s", sys.argv[1])
logging.getLogger("webhook").warning("a request could not be served", extra={"code": "store-away"})
app.testing = False
app.add_url_rule("/broken", view_func=lambda: {}[sys.argv[1]])
assert app.test_client().get("/broken").status_code == 500
"""


@pytest.fixture
def said(tmp_path):
    """What such a server writes, in the format that LOG_FORMAT asks for."""

    def run(log_format: str) -> list[str]:
        told = {
            "GLEANER_HOME": str(tmp_path),
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "SMS_BASE_URL": "http://127.0.0.1:1",
            "LOG_FORMAT": log_format,
        }
        argv = [sys.executable, "-c", SERVER, TOKEN]
        ran = subprocess.run(
            argv,
            env={**os.environ, **told},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stderr.splitlines()

    return run


def test_every_line_of_the_web_has_a_level_and_its_fields_and_opens_no_door(said):
    server, warning, broken = (json.loads(line) for line in said("json"))
    assert (server["levelname"], server["message"][:22]) == ("ERROR", "Error handling request")
    assert (warning["levelname"], warning["code"]) == ("WARNING", "store-away")
    assert broken["levelname"] == "ERROR"
    assert "Traceback" in broken["exc_info"]
    assert TOKEN[-32:] not in json.dumps([server, warning, broken])


def test_the_web_writes_text_where_it_is_told_to(said):
    lines = said("text")
    assert lines[1].endswith("WARNING a request could not be served code=store-away")
    assert TOKEN[-32:] not in "".join(lines)
