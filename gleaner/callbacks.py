"""What people read of callbacks: those that were kept with a job, as they came, and what came of them the second time.

Pure text in, text out, as in `show`. The service has escaped what would do something to a terminal.
"""

from collections.abc import Sequence
from textwrap import indent

from gleaner.columns import table
from gleaner.show import NONE, Json, moment, why


def raw(found: Sequence[Json]) -> str:
    """Callbacks, each with its body below it."""
    return "\n".join(map(_raw, found)) if found else "No callback is kept with this job."


def _raw(callback: Json) -> str:
    parts = (
        moment(callback["at"]),
        f"attempt {callback['attempt']}",
        _outcome(callback),
        callback["content_type"] or NONE,
        "(only the beginning was kept)" if callback["truncated"] else "",
    )
    return f"{'  '.join(filter(None, parts))}\n{indent(callback['body'] or NONE, '    ')}"


def _outcome(callback: Json) -> str:
    return ": ".join(filter(None, (callback["outcome"], callback.get("reason"))))


def replayed(found: Sequence[Json]) -> str:
    """What came of each callback that was sent through again."""
    rows = [(moment(each["at"]), str(each["attempt"]), each["outcome"], why(each)) for each in found]
    return table(("CAME", "ATTEMPT", "NOW", "WHY"), rows) if rows else raw(())
