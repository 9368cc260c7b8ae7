"""What the receiver is compared with on its own server: a Flask view that does nothing, and an app that is not even Flask."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

flask = Flask(__name__)


@flask.post("/<path:_>")
def nothing(_: str) -> dict[str, object]:
    """The answer of the receiver, and nothing else."""
    return {"code": 0, "message": "ok"}


def bare(_: dict[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
    """The same without a framework."""
    body = b'{"code":0,"message":"ok"}\n'
    start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
