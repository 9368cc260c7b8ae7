"""The child that runs an owner's fetcher once: whatever that code, or a library in it, does to a process, it does to this one.

`python -m shared.vendors.fetcher_child NAME SETTING PARENT`. Standard input holds what the fetcher is given, as JSON:
`descriptor`, `start`, `end`, `target`. What came of it goes to standard output, as JSON: `how` and a `detail` without any of the
descriptor's values. What the code prints goes nowhere, for it may print keys.
"""

import json
import os
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.domain.job import Window
from shared.errors import GleanerError, Gone, Misconfigured, Refused, Transient, Whose
from shared.tied import tie
from shared.vendors.fetcher import NamedFetcher
from shared.vendors.reading import plain

LONGEST = 200  # characters of a detail
# Characters: a shorter value of a descriptor is a flag, and masking it would garble every detail.
LEAST_SECRET = 6


def main() -> None:
    """Run it, say what came of it, and end, whatever threads it has left running."""
    name, setting, parent = sys.argv[1:]
    tie(int(parent))
    told = json.loads(sys.stdin.buffer.read())
    line = _line()
    how, detail = outcome(NamedFetcher(name, setting), told)
    os.write(line, json.dumps({"how": how, "detail": detail}).encode())
    os._exit(0)


def outcome(fetcher: NamedFetcher, told: Mapping[str, Any]) -> tuple[str, str]:
    """Run it: how that went, as a word, and what there is to say of it, fit to be shown."""
    how, detail = _run(fetcher, told)
    secrets = [value for value in told["descriptor"].values() if len(value) >= LEAST_SECRET]
    return how, plain(detail, sorted(secrets, key=len, reverse=True))[:LONGEST]


def _line() -> int:
    """Where to say it; nobody else can from now on."""
    line = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return line


def _run(fetcher: NamedFetcher, told: Mapping[str, Any]) -> tuple[str, str]:
    window = Window(datetime.fromisoformat(told["start"]), datetime.fromisoformat(told["end"]))
    try:
        fetcher.load()(told["descriptor"], window, Path(told["target"]))
    except Misconfigured as no:
        return "unfit", no.detail
    except GleanerError as no:
        return _how(no), f"{no.code}: {no.detail}"
    except BaseException as error:  # noqa: BLE001 - an owner's code may raise anything, SystemExit included
        return "failed", f"{type(error).__name__}{_place(error)}"
    return "done", ""


def _how(no: GleanerError) -> str:
    if isinstance(no, Gone):
        return "gone"
    if isinstance(no, Refused):
        return "refused"
    if no.code == "flow-spent":
        return "flow"
    return "away" if isinstance(no, Transient) and no.whose == Whose.VENDOR else "failed"


def _place(error: BaseException) -> str:
    """Where the owner's code raised what it should not have; not its text, which may hold anything."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f" in line {trace.tb_lineno} of {Path(trace.tb_frame.f_code.co_filename).name}" if trace else ""


if __name__ == "__main__":
    main()
