"""Takes one rule out of a copy of the code and runs its test there: a test that stays green without its rule proves nothing."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
COPIED = ("webhook", "worker", "shared", "gleaner", "tests", "docs", "requirements", "deploy")
FILES = (
    "setup.cfg",
    "Procfile",
    "cameras.example.toml",
    "README.md",
    ".env.example",
    "Makefile",
    "ruff.toml",
)
TESTS_FAILED = 1  # pytest's own exit code; others mean that nothing was tested


@dataclass(frozen=True)
class Removal:
    """What stands for a rule in a file, and what stands there without it."""

    file: str
    rule: str
    without: str

    def fits(self) -> bool:
        """Whether the code still has it, in one place."""
        return (ROOT / self.file).read_text("utf-8").count(self.rule) == 1


def red_without(removal: Removal, test: str, home: Path) -> str:
    """The output of the test in a copy without the rule. AssertionError when it is not red, or not for that."""
    for name in COPIED:
        shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, home / name)
    file = home / removal.file
    assert removal.fits(), f"{removal.file} does not hold, or not once:\n{removal.rule}"
    file.write_text(file.read_text("utf-8").replace(removal.rule, removal.without), "utf-8")
    run = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", test]
    environ = {**os.environ, "PYTHONPATH": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        run, check=False, cwd=home, env=environ, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == TESTS_FAILED, (
        f"not red without its rule:\n{done.stdout[-3000:]}{done.stderr[-1000:]}"
    )
    assert " failed" in done.stdout, f"an error, not a failure:\n{done.stdout[-3000:]}"
    return done.stdout
