"""Waiting for jobs: asks the service how they stand until all have ended, and shows it on standard error.

On a terminal that is a bar, elsewhere a line for every change of state and every tenth of progress. A service that is
away for a moment is waited for, too. Whoever stops waiting stops nothing else: the jobs go on.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Protocol, TypeVar

import click

from gleaner import show
from gleaner.client import Client, Json
from shared.errors import Transient

T = TypeVar("T")
POLL_SECONDS = 0.3
AWAY_SECONDS = 60.0
_STEPS = 1000
_SHARES = {
    "wanted": 0.0,
    "submitting": 0.02,
    "ready": 0.8,
    "fetching": 0.9,
}  # of a job's way; preparing lies between


class _Display(Protocol):
    def update(self, jobs: Sequence[Json]) -> None:
        """Show how the jobs stand."""
        ...


def wait_for(client: Client, jobs: Iterable[Json], whole: bool) -> list[Json]:
    """The jobs once all have ended; `whole` waits for the verdict on their windows, too. Transient after a minute away."""
    latest = {job["id"]: job for job in jobs}
    with _display() as display:
        while True:
            display.update(list(latest.values()))
            waiting = [job_id for job_id, job in latest.items() if not show.settled(job, whole)]
            if not waiting:
                return list(latest.values())
            time.sleep(POLL_SECONDS)
            for job_id in waiting:
                latest[job_id] = patiently(partial(client.job, job_id))


def patiently(ask: Callable[[], T]) -> T:
    """What is asked for, although the service may be away for a moment; Transient after a minute."""
    deadline = time.monotonic() + AWAY_SECONDS
    while True:
        try:
            return ask()
        except Transient:
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_SECONDS)


@contextmanager
def _display() -> Iterator[_Display]:
    if sys.stderr.isatty():
        with click.progressbar(length=_STEPS, file=sys.stderr) as bar:
            yield _Bar(bar)
    else:
        yield _Lines()


class _Bar:
    """One bar for all jobs; its label says where they stand."""

    def __init__(self, bar: "click._termui_impl.ProgressBar[int]") -> None:
        self._bar = bar

    def update(self, jobs: Sequence[Json]) -> None:
        """Move the bar to where the jobs stand on average."""
        states = [show.state(job) for job in jobs]
        self._bar.label = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
        self._bar.update(round(_STEPS * sum(map(_share, jobs)) / len(jobs)) - self._bar.pos)


class _Lines:
    """A line whenever a job has come a step further."""

    def __init__(self) -> None:
        self._shown: dict[str, tuple[str, int]] = {}

    def update(self, jobs: Sequence[Json]) -> None:
        """Write a line for each job that moved."""
        for job in jobs:
            now = (show.state(job), int((job.get("progress") or 0) * 10))
            if self._shown.get(job["id"]) != now:
                self._shown[job["id"]] = now
                click.echo(f"{job['id']}  {job['camera']}  {now[0]}  {show.percent(job)}", err=True)


def _share(job: Json) -> float:
    if job["state"] == "preparing":
        return 0.05 + 0.75 * float(job.get("progress") or 0)
    return _SHARES.get(job["state"], 1.0)
