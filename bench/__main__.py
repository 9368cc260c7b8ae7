"""`python -m bench [PART…]`: run the benchmarks, print their tables, and write bench/results.json and docs/bench.md.

Parts: resume, memory, large, receiver; all of them when none is named. What is not run keeps the figures of last time.
`--rounds N` is how often each is repeated, `--in FOLDER` the disk on which all of it happens.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.large import large
from bench.memory import memory
from bench.receiver import receiver
from bench.report import shown, write_document
from bench.resume import trial

RESULTS = Path(__file__).parent / "results.json"
PARTS: dict[str, tuple[Callable[[Path, int], dict[str, object]], int]] = {
    "resume": (trial, 5),
    "memory": (memory, 2),
    "large": (large, 2),
    "receiver": (receiver, 5),
}


def main() -> None:
    """Run what was asked for."""
    asked = _asked()
    results: dict[str, Any] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    for name in asked.parts or PARTS:
        part, rounds = PARTS[name]
        print(f"{name}:", flush=True)
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="gleaner-bench-", dir=asked.folder) as folder:
            figures = part(Path(folder), asked.rounds or rounds)
        results[name] = {**_circumstances(), "took_seconds": round(time.monotonic() - began), **figures}
        print(f"\n{shown(name, results[name])}", flush=True)
    RESULTS.write_text(f"{json.dumps(results, indent=2)}\n", encoding="utf-8")
    write_document(results)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Benchmarks of the fetch and of the receiver."
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=0, help="how often each is repeated")
    parser.add_argument(
        "--in", dest="folder", type=Path, help="a folder that is there, to work in; else the temporary one"
    )
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"no part is called {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    return asked


def _circumstances() -> dict[str, object]:
    """What has to be known beside figures. The load, our own included, is that of the last minute."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "cores": os.cpu_count(),
        "load_at_end": round(os.getloadavg()[0], 1),
    }


if __name__ == "__main__":
    main()
