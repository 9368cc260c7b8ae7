"""Which records stand on a page of the simulated cloud's listing, and in which order.

Ids ascend with time, and a page begins behind the record that it names; the vendor's pages leave both open, and the
switches know the other ways.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import cycle, islice
from math import inf
from random import Random

from gleaner.sandbox.cloud_mischief import CloudSwitches
from gleaner.sandbox.params import FIRST_PAGE, Listing
from gleaner.sandbox.records import Record


def page(records: Iterable[Record], wish: Listing, switches: CloudSwitches) -> list[Record | None]:
    """The rows of one page; None is a row that nobody shall be able to read."""
    room = int(min(wish.count, switches.most_rows or inf))
    broken = switches.broken_record != "no"
    rows = _rows(_behind(records, wish, switches), max(1, room - broken), switches)
    if switches.order == "reversed":
        rows.reverse()
    if switches.order == "shuffled":
        Random(f"{switches.seed} {wish.device} {wish.cursor}").shuffle(rows)
    return [None, *rows] if broken and rows else [*rows]


def _behind(records: Iterable[Record], wish: Listing, switches: CloudSwitches) -> list[Record]:
    """In the listing's order, those that the cursor leaves."""
    down = switches.order == "descending"
    numbered = sorted(
        ((each.id(moving=switches.moving_id), each) for each in records),
        key=lambda pair: pair[0],
        reverse=down,
    )
    if wish.cursor == FIRST_PAGE or switches.endless:
        return [each for _, each in numbered]
    cursor, inclusive = int(wish.cursor), switches.cursor == "inclusive"
    return [
        each
        for number, each in numbered
        if (number < cursor if down else number > cursor) or (inclusive and number == cursor)
    ]


def _rows(listed: list[Record], room: int, switches: CloudSwitches) -> list[Record]:
    if switches.duplicate_rows:
        listed = [each for each in listed for _ in range(2)]
    return list(islice(cycle(listed) if switches.endless else listed, room))
