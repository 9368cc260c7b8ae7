"""The picture of the lifecycle in the README is the one that its table draws."""

from pathlib import Path

import pytest

from shared.domain.diagram import BEGIN, END, mermaid, put_into
from shared.domain.job import ENDED, State
from shared.domain.lifecycle import TABLE

README = Path(__file__).parent.parent.parent / "README.md"


def test_the_readme_shows_the_lifecycle_as_it_is():
    assert README.exists(), "there is no README.md"
    text = README.read_text("utf-8")
    assert text.count(BEGIN) == text.count(END) == 1, f"README.md has no place between {BEGIN} and {END}"
    shown = text.partition(BEGIN)[2].partition(END)[0].strip()
    assert shown == mermaid(), "`make docs` draws it anew"


def test_every_move_of_the_table_is_drawn_and_nothing_else():
    drawn = {
        tuple(line.strip().split(": ")[0].split(" --> ")) for line in mermaid().splitlines() if ": " in line
    }
    moves = {(start, end) for row in TABLE for start in row.states for end in row.leads_to if start != end}
    assert drawn == moves


def test_ended_states_are_marked():
    marked = next(line for line in mermaid().splitlines() if line.strip().startswith("class "))
    assert {state for state in State if f"{state}" in marked} == ENDED


def test_drawing_it_again_changes_nothing():
    text = f"before\n{BEGIN}\nanything\n{END}\nafter\n"
    assert put_into(put_into(text)) == put_into(text) == f"before\n{BEGIN}\n{mermaid()}\n{END}\nafter\n"


def test_a_text_without_a_place_for_it_is_refused():
    with pytest.raises(ValueError, match="no place"):
        put_into("nothing here")
