"""The lifecycle as a Mermaid diagram, drawn from the table, so that the picture in the README cannot lie.

One arrow for each pair of states, labelled with the events that lead along it; staying is not drawn, and ended states
are bold. Run as a module with the name of a text file, it puts the diagram between the file's two markers.
"""

import sys
from pathlib import Path

from shared.domain.job import ENDED, State
from shared.domain.lifecycle import TABLE

BEGIN, END = "<!-- lifecycle -->", "<!-- /lifecycle -->"
PER_LINE = 2  # events in one line of a label


def mermaid() -> str:
    """The diagram, fenced for Markdown."""
    arrows = [f"    {start} --> {end}: {_label(events)}" for (start, end), events in _arrows().items()]
    ended = ", ".join(state for state in State if state in ENDED)
    style = ["    classDef over stroke-width:3px,font-weight:bold", f"    class {ended} over"]
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {State.WANTED}", *arrows, *style, "```"])


def put_into(text: str) -> str:
    """The text with the diagram between its markers. ValueError when it has no such place."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"there is no place for the diagram between {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{mermaid()}\n{END}{after}"


def _arrows() -> dict[tuple[State, State], list[str]]:
    """What leads from a state to another, in the order of the states and of the table."""
    pairs: dict[tuple[State, State], list[str]] = {(a, b): [] for a in State for b in State if a != b}
    for row in TABLE:
        for pair, events in pairs.items():
            if pair[0] in row.states and pair[1] in row.leads_to:
                events.append(row.event.__name__)
    return {pair: events for pair, events in pairs.items() if events}


def _label(events: list[str]) -> str:
    lines = [", ".join(events[at : at + PER_LINE]) for at in range(0, len(events), PER_LINE)]
    return "<br>".join(lines)


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(put_into(page.read_text("utf-8")), "utf-8")
