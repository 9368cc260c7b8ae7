"""The one small system on which the everyday forms run."""

from collections.abc import Iterator

import pytest

from tests.crash.stage import Stage, stage


@pytest.fixture(scope="session")
def small_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A running system of a few cameras."""
    with stage(tmp_path_factory.mktemp("crash"), 6) as running:
        yield running
