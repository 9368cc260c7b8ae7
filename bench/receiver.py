"""How many callbacks a second the receiver takes, and how fast, beside servers that do less or keep nothing.

All of it runs on the Procfile's own server, two web processes, and in turns: news that moves a job each time, and news that changes
nothing, over many jobs; a Flask view that does nothing; an app without a framework; Debian's `webhook`, which answers once
it has run /bin/true; and Redis alone. Then the times of answers at half of our own most, three waves of connections one after the other,
and a minute of a steady 200 a second. No worker runs, so nothing but the receiver touches a job.
"""

import json
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from bench.peers import programs
from bench.product import free_port, until
from bench.receiver_pace import half, outages, steady
from bench.receiver_stage import Served, Stage, ending, rising, stage, used
from bench.wrk import CONNECTIONS, Load, Post, load

PROGRAMS = {"wrk": "wrk", "redis-benchmark": "redis-tools", "webhook": "webhook"}
FLASK = "bench.idle_apps:flask"
STOCK = ("--worker-class", "gthread", "--reuse-port")  # without the latter one process may take all who stay
SECONDS = 3.0
MOVES = 9000  # a round's, more than it can use
STILL = 2000  # jobs of which nothing new is told
WAVES = 3
REDIS_CALLS = 60_000


def receiver(folder: Path, rounds: int) -> dict[str, object]:
    """All of it; see the head of this file."""
    have = programs(PROGRAMS)
    wrk = have["wrk"]
    if wrk is None:
        return {"rounds": rounds, "lacks": "wrk"}
    with stage(folder, (rounds + 4) * MOVES + STILL) as ours, ExitStack() as servers:
        told = rising(ours.preparing(STILL), 0.2)
        web = servers.enter_context(ours.serving())
        flask, stock, bare = (
            servers.enter_context(ours.serving(app, options))
            for app, options in ((FLASK, ()), (FLASK, STOCK), ("bench.idle_apps:bare", ()))
        )
        waves = {  # what is compared, side by side
            "moves": lambda: _moved(ours, wrk, web),
            "flask": _wave(wrk, flask.base, told, folder),
            "stock": _wave(wrk, stock.base, told, folder),
            "still": _wave(wrk, web.base, told, folder),
        }
        if hook := have["webhook"]:
            base = servers.enter_context(_webhook(hook, folder))
            waves["webhook"] = _wave(wrk, base, [Post("/hooks/true", told[0].body)], folder)
        waves["bare"] = _wave(wrk, bare.base, told, folder)
        load(wrk, web.base, told, 1.0, folder)
        measured = _in_turns(waves, rounds)
        return {
            "rounds": rounds,
            "connections": CONNECTIONS,
            "seconds": SECONDS,
            "targets": {name: _figures(loads, measured) for name, loads in measured.items()},
            "redis_per_second": _redis(have["redis-benchmark"], ours),
            "half": {
                name: half(ours, web, name == "moves", median(each.per_second for each in measured[name]))
                for name in ("moves", "still")
            },
            "waves": _waves(wrk, web, told, folder),
            "steady": steady(ours, web),
            "outages": outages(ours, web),
        }


def _wave(wrk: str, base: str, posts: Sequence[Post], folder: Path) -> Callable[[], Load]:
    return lambda: load(wrk, base, posts, SECONDS, folder)


def _moved(ours: Stage, wrk: str, web: Served) -> Load:
    """Every callback the end of another download. RuntimeError when any of them moved no job."""
    posts, before = ending(ours.preparing(MOVES)), ours.moved()
    measured = load(wrk, web.base, posts, SECONDS, ours.home)
    moved = ours.moved() - before
    if not measured.answered <= moved <= min(measured.answered + CONNECTIONS, MOVES - 1):
        raise RuntimeError(f"{measured.answered} callbacks of at most {MOVES} moved {moved} jobs")
    return measured


def _in_turns(waves: Mapping[str, Callable[[], Load]], rounds: int) -> dict[str, list[Load]]:
    found: dict[str, list[Load]] = {name: [] for name in waves}
    for number in range(rounds):
        for name, wave in waves.items():
            found[name].append(wave())
            last = found[name][-1]
            print(
                f"  {number + 1}/{rounds} {name}: {last.per_second:.0f}/s, refused {last.refused}", flush=True
            )
    return found


def _figures(loads: Sequence[Load], measured: Mapping[str, Sequence[Load]]) -> dict[str, object]:
    """Medians. What it is of another's is the median of the rounds' own ratios, for the machine's speed may change between two."""
    rates = [each.per_second for each in loads]
    return {
        "per_second": median(rates),
        "range": [min(rates), max(rates)],
        "of": {
            name: _of(loads, measured[name]) for name in ("flask", "stock", "webhook") if name in measured
        },
        "p50": median(each.p50 for each in loads),
        "p99": median(each.p99 for each in loads),
        "refused": sum(each.refused for each in loads),
    }


def _of(loads: Sequence[Load], others: Sequence[Load]) -> float:
    return median(each.per_second / other.per_second for each, other in zip(loads, others, strict=True))


def _redis(program: str | None, ours: Stage) -> float | None:
    """What Redis answers alone, to as many clients: a script that reads a job's version."""
    if program is None:
        return None
    socket = ours.environ["REDIS_URL"].removeprefix("unix://").partition("?")[0]
    script = "return redis.call('HGET', ARGV[1], 'version')"
    said = subprocess.run(
        [
            program,
            "-s",
            socket,
            "-c",
            str(CONNECTIONS),
            "-n",
            str(REDIS_CALLS),
            "-q",
            "EVAL",
            script,
            "0",
            "{gleaner}:job:none",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return float(re.findall(r"([\d.]+) requests per second", said)[-1])


def _waves(wrk: str, web: Served, posts: Sequence[Post], folder: Path) -> list[dict[str, object]]:
    """Waves of connections one after the other: how much of the work the busiest process had in each."""
    found: list[dict[str, object]] = []
    for _ in range(WAVES):
        pids = web.children()
        before = used(pids)
        wave = load(wrk, web.base, posts, SECONDS, folder)
        spent = [after - was for was, after in zip(before, used(pids), strict=True)]
        found.append({"per_second": wave.per_second, "busiest_share": max(spent) / sum(spent)})
    return found


@contextmanager
def _webhook(program: str, folder: Path) -> Iterator[str]:
    """Debian's webhook, with one hook that answers once /bin/true has run. If it does not wait, what it starts piles up."""
    hooks, port = folder / "hooks.json", free_port()
    hook = {"id": "true", "execute-command": "/bin/true", "include-command-output-in-response": True}
    hooks.write_text(json.dumps([hook]))
    command = [program, "-hooks", str(hooks), "-ip", "127.0.0.1", "-port", str(port)]
    with (folder / "webhook.out").open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        until("webhook answers", lambda: _listens(port))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    return f":{port:04X} " in Path("/proc/net/tcp").read_text()
