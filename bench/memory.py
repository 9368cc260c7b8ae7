"""What one file of 2 GiB costs a fetching worker in memory, above what the same process had when it was idle.

The whole service runs, with one fetching process. That one is watched from outside: its proportional set size (what is its
own, and its share of what it shares) is sampled while it fetches, and the kernel's own high-water mark of its resident set
is read at the end. The child that checks the media is another process, and is told apart.
"""

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.footage import make
from bench.platform import platform
from bench.product import Product, ready, started, until
from bench.serving import serving

SIZE, SECONDS = 2 << 30, 1500
CAMERA_NAME, DEVICE = "large", "34020000001110009999"
CHECK = b"shared.adapters.media_child"
PAUSE = 0.05
SETTLED_SECONDS = 2.0
PATIENCE = 180.0


@dataclass
class Peaks:
    """The largest figures seen, in MiB."""

    own: float = 0.0
    check: float = 0.0


def memory(folder: Path, rounds: int) -> dict[str, object]:
    """Fetch it that many times, each by a fresh service; the largest figures count."""
    (folder / "files").mkdir()
    clip = make(folder / "files", "huge.mp4", SIZE, SECONDS)
    found: list[dict[str, float]] = []
    for number in range(rounds):
        found.append(_once(folder / f"home-{number}", folder / "files", clip.name))
        print(f"  {number + 1}/{rounds} {found[-1]}", flush=True)
    worst = {name: max(one[name] for one in found) for name in found[0]}
    return {"bytes": clip.size, "rounds": rounds, **worst}


def _once(home: Path, files: Path, name: str) -> dict[str, float]:
    with serving(files) as media, platform() as vendor:
        product = started(home, {CAMERA_NAME: DEVICE}, vendor.base, fetches=1)
        try:
            until("the service is ready", lambda: ready(product))
            until("a worker can fetch", lambda: _fetcher(product))
            time.sleep(SETTLED_SECONDS)
            pid = _fetcher(product) or 0
            idle, resident = _pss(pid), _resident(pid, "VmRSS")
            _forget_peak(pid)
            product.submit(CAMERA_NAME, SECONDS // 60)
            until("it is ordered", lambda: vendor.orders)
            vendor.report("0.5", {})
            vendor.report("1", {DEVICE: media.address(name)})
            peaks = _watched(product, pid)
            return {
                "idle_mib": round(idle, 1),
                "above_idle_mib": round(peaks.own - idle, 1),
                "resident_above_idle_mib": round(_resident(pid, "VmHWM") - resident, 1),
                "check_child_mib": round(peaks.check, 1),
            }
        finally:
            product.kill()


def _watched(product: Product, pid: int) -> Peaks:
    peaks, over = Peaks(), time.monotonic() + PATIENCE
    while not product.landed():
        if time.monotonic() > over:
            raise RuntimeError("the file did not land")
        peaks.own = max(peaks.own, _pss(pid))
        for child in _children(pid):
            with suppress(OSError):
                if CHECK in (child / "cmdline").read_bytes():
                    peaks.check = max(peaks.check, _resident(int(child.name), "VmHWM"))
        time.sleep(PAUSE)
    return peaks


def _fetcher(product: Product) -> int | None:
    """The one process that fetches: the child of the fetch worker's parent."""
    workers = product.pids("-Q", "fetch")
    return next((pid for pid in workers if _parent(pid) in workers), None)


def _children(pid: int) -> list[Path]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [Path(f"/proc/{child}") for child in text.split()]


def _parent(pid: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def _pss(pid: int) -> float:
    return _mib(Path(f"/proc/{pid}/smaps_rollup").read_text(), "Pss")


def _resident(pid: int, name: str) -> float:
    return _mib(Path(f"/proc/{pid}/status").read_text(), name)


def _mib(text: str, name: str) -> float:
    line = next((line for line in text.splitlines() if line.startswith(f"{name}:")), f"{name}: 0 kB")
    return int(line.split()[1]) / 1024


def _forget_peak(pid: int) -> None:
    """The high-water mark begins anew (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
