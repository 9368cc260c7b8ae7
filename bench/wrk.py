"""wrk as the bench uses it: a list of POSTs, each sent once, over keep-alive connections, as fast as the answers come."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

SCRIPT = """
local posts, sent = {}, 0
for line in io.lines(os.getenv("BENCH_POSTS")) do
  local path, body = line:match("^(.-)\\t(.*)$")
  posts[#posts + 1] = {path, body}
end
function request()
  sent = sent + 1
  local post = posts[(sent - 1) % #posts + 1]
  return wrk.format("POST", post[1], {["Content-Type"] = "application/json"}, post[2])
end
"""
CONNECTIONS = 32
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


class Post(NamedTuple):
    """One request: a path and a body of JSON."""

    path: str
    body: str


@dataclass(frozen=True)
class Load:
    """What came of it. Times in milliseconds; `refused` are answers that were not 2xx, and connections that broke."""

    answered: int
    per_second: float
    p50: float
    p99: float
    refused: int


def load(program: str, base: str, posts: Sequence[Post], seconds: float, folder: Path) -> Load:
    """One wave of CONNECTIONS connections. When `posts` are used up, the first comes again."""
    (folder / "posts.lua").write_text(SCRIPT)
    (folder / "posts.txt").write_text("".join(f"{post.path}\t{post.body}\n" for post in posts))
    said = subprocess.run(
        [
            program,
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{seconds:g}s",
            "--latency",
            "-s",
            str(folder / "posts.lua"),
            base,
        ],
        env={"BENCH_POSTS": str(folder / "posts.txt")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    broken = [int(number) for number in re.findall(r"(?:connect|read|write|timeout) (\d+)", said)]
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return Load(
        int(_found(r"(\d+) requests in", said)),
        float(_found(r"Requests/sec:\s+([\d.]+)", said)),
        _milliseconds(_found(r"^\s+50%\s+(\S+)", said)),
        _milliseconds(_found(r"^\s+99%\s+(\S+)", said)),
        sum(broken) + (int(refused[1]) if refused else 0),
    )


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"wrk said nothing of {pattern}: {text}")
    return found[1]


def _milliseconds(text: str) -> float:
    number, unit = _found(r"([\d.]+)\D", f"{text}"), re.sub(r"[\d.-]", "", text)
    return float(number) * _UNITS[unit]
