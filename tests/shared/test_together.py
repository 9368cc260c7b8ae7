"""Pieces of work in turns: their questions go out as one, and none hears of another's trouble."""

import pytest

from shared import together


class Oracle:
    """Answers in lists, and notes which."""

    def __init__(self) -> None:
        self.asked = []

    def answer(self, questions):
        self.asked.append(list(questions))
        return [ValueError(each) if each == "trouble" else each.upper() for each in questions]


def asking(oracle, heard, *questions):
    def work():
        for question in questions:
            try:
                heard.append(together.ask(oracle.answer, question))
            except ValueError as error:
                heard.append(error)

    return work


def test_what_all_ask_goes_out_as_one_until_each_is_done():
    oracle, one, other, silent = Oracle(), [], [], []
    together.run([asking(oracle, one, "a", "b"), asking(oracle, other, "c"), lambda: silent.append(1)])
    assert (one, other, silent) == (["A", "B"], ["C"], [1])
    assert oracle.asked == [["a", "c"], ["b"]]


def test_trouble_is_met_by_whoever_asked_for_it():
    oracle, one, other = Oracle(), [], []
    together.run([asking(oracle, one, "trouble", "b"), asking(oracle, other, "c")])
    assert [type(each) for each in one] == [ValueError, str]
    assert other == ["C"]


def test_an_answerer_that_fails_fails_those_who_asked_it_and_nobody_else():
    oracle, heard, other = Oracle(), [], []

    def broken(questions):
        raise ValueError(f"{len(questions)} asked")

    def work():
        with pytest.raises(ValueError, match=r"[12] asked"):
            together.ask(broken, "a")
        heard.append("failed")

    together.run([work, work])
    together.run([work, asking(oracle, other, "b", "c")])
    assert (heard, other) == (["failed"] * 3, ["B", "C"])


def test_questions_to_several_are_parted():
    first, second, one, other = Oracle(), Oracle(), [], []
    together.run([asking(first, one, "a"), asking(second, other, "b")])
    assert (one, other, first.asked, second.asked) == (["A"], ["B"], [["a"]], [["b"]])


def test_one_piece_alone_is_not_among_others():
    seen = []
    together.run([lambda: seen.append(together.among_others())])
    together.run([lambda: seen.append(together.among_others())] * 2)
    assert seen == [False, True, True]
    assert not together.among_others()
    with pytest.raises(RuntimeError):
        together.ask(Oracle().answer, "a")


def test_a_piece_that_ends_with_a_value_asks_nothing():
    together.run([lambda: "done", lambda: ["done"]])
