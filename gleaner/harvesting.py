"""Waiting for harvests: looks at the cameras until nothing of what was wished for is wanted or under way.

On a terminal that is a bar of days, elsewhere a line for every change. Calls that are stopped are told, once: with them a
harvest may wait for long. Whoever stops waiting stops nothing else.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import click

from gleaner import overview
from gleaner.client import Client, Json
from gleaner.waiting import POLL_SECONDS, patiently

UNDER_WAY = ("wanted", "running")
STOPPED_SECONDS = 30.0  # after which nobody waits for a vendor that is not asked


class _Display(Protocol):
    def update(self, harvests: Sequence[Json]) -> None:
        """Show how the harvests stand."""
        ...


def wait_for_harvests(client: Client, wished: Sequence[Json]) -> list[Json]:
    """The harvests once none of them is under way; a postponed one is not, nor one of a vendor that is not asked for long.

    Transient after a minute away.
    """
    told: set[str] = set()
    moving = time.monotonic()
    with _display() as display:
        while True:
            found = _harvests(client, wished)
            display.update(found)
            waited_for = {str(each.get("vendor")) for each in found if each["state"] in UNDER_WAY}
            stopped = _tell_stops(client, waited_for, told)
            moving = moving if waited_for <= stopped else time.monotonic()
            if not waited_for or time.monotonic() - moving > STOPPED_SECONDS:
                return found
            time.sleep(POLL_SECONDS)


def went_well(harvest: Json) -> bool:
    """Whether all that was wanted was listed."""
    return harvest["state"] == "idle" and harvest.get("outcome") == "ok"


def _harvests(client: Client, wished: Sequence[Json]) -> list[Json]:
    """How they stand; one whose camera has left the file is said to be gone."""
    now = {
        (camera["name"], harvest["package"]): {"camera": camera["name"], **harvest}
        for camera in patiently(client.cameras)
        for harvest in camera.get("harvests") or ()
    }
    keys = [(each["camera"], each["package"]) for each in wished]
    gone = {"state": "gone", "outcome": "camera-unknown"}
    return [now.get(key) or {"camera": key[0], "package": key[1], **gone} for key in keys]


def _tell_stops(client: Client, vendors: set[str], told: set[str]) -> set[str]:
    """Say of each vendor once that it is not asked now; all of which that is true."""
    stops = dict(overview.stops(patiently(client.status))) if vendors else {}
    for vendor in vendors & stops.keys() - told:
        told.add(vendor)
        click.echo(f"calls to {vendor} are {stops[vendor]}", err=True)
    return set(stops)


@contextmanager
def _display() -> Iterator[_Display]:
    if sys.stderr.isatty():
        with click.progressbar(length=1, file=sys.stderr) as bar:
            yield _Bar(bar)
    else:
        yield _Lines()


class _Bar:
    """One bar for all days that are wanted; its label says where the harvests stand."""

    def __init__(self, bar: "click._termui_impl.ProgressBar[int]") -> None:
        self._bar = bar

    def update(self, harvests: Sequence[Json]) -> None:
        """Move the bar to the share of days that are listed."""
        states, left = [each["state"] for each in harvests], sum(map(_days, harvests))
        self._bar.length = max(self._bar.length or 1, left)
        self._bar.label = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
        self._bar.update(self._bar.length - left - self._bar.pos)


class _Lines:
    """A line whenever a harvest has come a step further."""

    def __init__(self) -> None:
        self._shown: dict[tuple[str, str], str] = {}
        self._most: dict[tuple[str, str], int] = {}

    def update(self, harvests: Sequence[Json]) -> None:
        """Write a line for each harvest that moved."""
        for harvest in harvests:
            key = (harvest["camera"], harvest["package"])
            most = self._most[key] = max(self._most.get(key, 0), left := _days(harvest))
            if self._shown.get(key) != (now := f"{harvest['state']}{_left(left, most)}"):
                self._shown[key] = now
                click.echo("  ".join((*key, now)), err=True)


def _left(days: int, most: int) -> str:
    return f", {days} of {most} day{'' if most == 1 else 's'} left" if days else ""


def _days(harvest: Json) -> int:
    return len(harvest.get("days") or ())
