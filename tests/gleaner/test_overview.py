"""What `gleaner status` says of the room in the archive."""

import pytest

from gleaner.overview import status

GB = 10**9


@pytest.mark.parametrize(
    ("free", "promised", "reserve", "said"),
    [
        (12 * GB, 0, 5 * GB, "12.0 GB, 5.0 GB left alone"),
        (12 * GB, 2 * GB, 5 * GB, "12.0 GB, 2.0 GB of it promised to running fetches, 5.0 GB left alone"),
        (7 * GB, 2 * GB, 5 * GB, "7.0 GB, 2.0 GB of it promised to running fetches, 5.0 GB left alone: NO ROOM, jobs wait"),
        (5 * GB, 0, 5 * GB, "5.0 GB, 5.0 GB left alone: NO ROOM, jobs wait"),
        (12 * GB, 0, 0, "12.0 GB"),
        (None, None, 5 * GB, "-"),
        (12 * GB, None, None, "12.0 GB"),
    ],
)  # fmt: skip
def test_room_is_told_with_what_of_it_is_spoken_for(free, promised, reserve, said):
    found = {"states": {}, "free_bytes": free, "promised_bytes": promised, "reserve_bytes": reserve}
    (line,) = [line for line in status(found).splitlines() if line.startswith("free")]
    assert line.removeprefix("free").strip() == said
