"""Every named point stands in the code once, and nowhere does the code reach for one that is not named."""

import re
from pathlib import Path

from shared.points import POINTS

ROOT = Path(__file__).parent.parent.parent
REACHED = re.compile(r"reach\(\"([a-z-]+)\"\)")


def test_the_points_are_those_that_the_code_reaches():
    files = [path for folder in ("shared", "worker", "webhook") for path in (ROOT / folder).rglob("*.py")]
    reached = [point for path in files for point in REACHED.findall(path.read_text("utf-8"))]
    assert sorted(reached) == sorted(POINTS)
