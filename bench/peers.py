"""The other tools: where they are found, how they are called, and a run of one of them.

Found on PATH, or brought by Debian's packages where this runs as root; gallery-dl in an environment of the bench's own. What
cannot be had is said so, and left out.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.footage import Clip
from bench.product import HANDED_ON
from bench.serving import Media

OWN = Path(__file__).parent / ".peers"
GALLERY_DL = "gallery-dl==1.32.18"
PACKAGES = {"aria2c": "aria2", "rclone": "rclone"}


@dataclass(frozen=True)
class Peer:
    """A tool that is here: how it is called in the table, and what to run."""

    name: str
    program: str
    version: str


def found() -> dict[str, Peer | None]:
    """Each of them, or None where it could not be had."""
    have = programs(PACKAGES)
    return {name: _peer(name, program) for name, program in {**have, "gallery-dl": _gallery_dl()}.items()}


def programs(packages: Mapping[str, str]) -> dict[str, str | None]:
    """Where programs are, by name, brought by Debian's packages where they lack and that may be; None where they cannot be had."""
    have = {name: shutil.which(name) for name in packages}
    lacking = [name for name, program in have.items() if program is None]
    if lacking and os.geteuid() == 0 and shutil.which("apt-get"):
        names = [packages[name] for name in lacking]
        print(f"installing {' '.join(names)}", flush=True)
        _quietly(["apt-get", "install", "-y", "--no-install-recommends", *names])
        have = {name: shutil.which(name) for name in packages}
    return have


def _gallery_dl() -> str | None:
    program = OWN / "bin" / "gallery-dl"
    if not program.exists():
        print(f"installing {GALLERY_DL}", flush=True)
        _quietly([sys.executable, "-m", "venv", str(OWN)])
        _quietly([str(OWN / "bin" / "pip"), "install", "--quiet", GALLERY_DL])
    return str(program) if program.exists() else None


def _quietly(command: Sequence[str]) -> None:
    subprocess.run(command, capture_output=True, check=False)


def _peer(name: str, program: str | None) -> Peer | None:
    if program is None:
        return None
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    number = re.search(r"\d+\.\d+[\w.]*", said)
    return Peer(name, program, number[0] if number else "?")


@dataclass
class PeerRun:
    """One download of all files by one tool, which may be killed and begun again."""

    peer: Peer
    media: Media
    clips: Sequence[Clip]
    work: Path
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def begin(self) -> None:
        """The command; the same one each time."""
        self.out.mkdir(parents=True, exist_ok=True)
        (self.work / "urls.txt").write_text("".join(f"{self.media.address(c.name)}\n" for c in self.clips))
        (self.work / "names.txt").write_text("".join(f"{clip.name}\n" for clip in self.clips))
        environ = {name: os.environ[name] for name in HANDED_ON if name in os.environ}
        with (self.work / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command(), env=environ | {"HOME": str(self.work)}, cwd=self.work, stdout=log, stderr=log
            )

    @property
    def out(self) -> Path:
        """Where the files go."""
        return self.work / "out"

    def kill(self) -> None:
        """SIGKILL."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def wait(self, seconds: float) -> None:
        """Until it has ended by itself."""
        if self.process:
            self.process.wait(seconds)

    def named(self) -> Iterator[tuple[Path, Clip]]:
        """What lies under final names."""
        return ((self.out / clip.name, clip) for clip in self.clips if (self.out / clip.name).exists())

    def _command(self) -> list[str]:
        out, program = str(self.out), self.peer.program
        match self.peer.name:
            case "aria2c":
                return [program, "--no-conf", "-c", "-x1", "-j4", "-d", out, "-i", "urls.txt"]
            case "rclone":
                source = ["--http-url", self.media.base, ":http:"]
                options = ["--config", "", "--no-traverse", "--transfers", "4", "--retries", "10"]
                return [program, "copy", *options, *source, out, "--files-from-raw", "names.txt"]
            case _:
                form = ["-f", "{filename}.{extension}", "--download-archive", "a.sqlite"]
                return [program, "--config-ignore", "-D", out, *form, "-i", "urls.txt"]
