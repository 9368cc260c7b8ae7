"""Several pieces of work in one thread, in turns: whenever all of them wait for an answer, their questions go out as one.

Each is written as if it were alone, and asks by `ask`. What it asks is answered by whoever runs them, for all at once, so
that a crowd costs about as many round trips as one. Whatever else a piece of work waits for, all wait for.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from greenlet import getcurrent, greenlet

Answerer = Callable[[Sequence[Any]], Sequence[Any]]
"""Answers several questions at once: to each a value, or an exception that whoever asked it is to meet."""


@dataclass(frozen=True, slots=True)
class _Asked:
    answerer: Answerer
    question: Any


class _Piece(greenlet):
    """A piece of work."""


def among_others() -> bool:
    """Whether this is called by a piece of work that runs with others."""
    return isinstance(getcurrent(), _Piece)


def ask(answerer: Answerer, question: Any) -> Any:
    """The answer, which comes when all others ask, too, or are done. RuntimeError for whoever is no piece of work."""
    if (those_who_run_it := getcurrent().parent) is None:
        raise RuntimeError("nobody is there to ask with")
    answer = those_who_run_it.switch(_Asked(answerer, question))
    if isinstance(answer, Exception):
        raise answer
    return answer


def run(works: Sequence[Callable[[], object]]) -> None:
    """Do them all. What one of them raises ends the rest, so none should."""
    if len(works) == 1:
        works[0]()
        return
    pieces = [_Piece(work) for work in works]
    asked = _still_asking((piece, piece.switch()) for piece in pieces)
    while asked:
        answers = _answers([question for _, question in asked])
        met = zip(asked, answers, strict=True)
        asked = _still_asking((piece, piece.switch(answer)) for (piece, _), answer in met)


def _still_asking(said: Iterable[tuple[_Piece, Any]]) -> list[tuple[_Piece, _Asked]]:
    return [(piece, word) for piece, word in said if isinstance(word, _Asked)]


def _answers(asked: Sequence[_Asked]) -> Sequence[Any]:
    """To all at once, as long as all ask the same. An answerer that fails has failed all who asked it."""
    answerer = asked[0].answerer
    if not all(each.answerer == answerer for each in asked):
        return [_answers([each])[0] for each in asked]
    try:
        return answerer([each.question for each in asked])
    except Exception as error:  # noqa: BLE001 - it is raised where the question was asked
        return [error] * len(asked)
