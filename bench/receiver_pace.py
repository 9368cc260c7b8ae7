"""The receiver at a steady rate: at half of its most, at 200 a second for a minute, and while what it stands on is away."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from bench.receiver_stage import Served, Stage, ending, rising
from bench.wrk import Post

HALF_SECONDS = 5.0
RATE, MINUTE = 200.0, 60.0
AWAY_SECONDS = 4.0
BACK_SECONDS = 2.0

Figures = dict[str, Any]


def half(ours: Stage, web: Served, moving: bool, rate: float) -> Figures:
    """The times of answers at half of the most that we took, which is `rate`."""
    paths = ours.preparing(int(rate / 2 * HALF_SECONDS) + 1)
    if not moving:
        _paced(ours, web, rising(paths, 0.2), rate / 2, HALF_SECONDS)
    posts = ending(paths) if moving else rising(paths, 0.2)
    return _paced(ours, web, posts, rate / 2, HALF_SECONDS)


def steady(ours: Stage, web: Served) -> Figures:
    """A minute without workers: a rise, the same once more, and the end, of one job after the other."""
    return _paced(ours, web, _stories(ours, MINUTE), RATE, MINUTE)


def outages(ours: Stage, web: Served) -> dict[str, Figures]:
    """While Redis is frozen, while it is not there, and after each; and with a broker that takes connections and is silent."""
    told = rising(ours.preparing(int(RATE)), 0.2)
    _paced(ours, web, told, RATE, 1.0)
    found = {
        "frozen": _away(ours, web, told, ours.freeze, ours.thaw),
        "refused": _away(ours, web, told, ours.redis.stop, ours.redis.start),
    }
    with socket.create_server(("127.0.0.1", 0)) as hole:
        hole.listen(64)
        broker = f"redis://127.0.0.1:{hole.getsockname()[1]}/1"
        with ours.serving(CELERY_BROKER_URL=broker) as deaf:
            found["black hole"] = _paced(ours, deaf, _stories(ours, AWAY_SECONDS), RATE, AWAY_SECONDS)
    return found


def _away(
    ours: Stage, web: Served, posts: Sequence[Post], go: Callable[[], None], back: Callable[[], None]
) -> Figures:
    """What is answered meanwhile, and in the seconds that follow those which it may take to be normal again."""
    go()
    try:
        meanwhile = _paced(ours, web, posts, RATE, AWAY_SECONDS)
    finally:
        back()
    time.sleep(BACK_SECONDS)
    return {**meanwhile, "afterwards": _paced(ours, web, posts, RATE, 1.0)["statuses"]}


def _stories(ours: Stage, seconds: float) -> list[Post]:
    paths = ours.preparing(int(RATE * seconds) // 3 + 1)
    three = zip(rising(paths, 0.4), rising(paths, 0.4), ending(paths), strict=True)
    return [post for story in three for post in story]


def _paced(ours: Stage, web: Served, posts: Sequence[Post], rate: float, seconds: float) -> Figures:
    path = ours.home / "paced.txt"
    path.write_text("".join(f"{post.path}\t{post.body}\n" for post in posts))
    command = ["bench.pacer", "127.0.0.1", str(web.port), str(rate), str(seconds), str(path)]
    said = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=True).stdout
    found: Figures = json.loads(said)
    return {"rate": rate, **found}
