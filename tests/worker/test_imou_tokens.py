"""Many workers whose token dies at the same instant ask for one new token between them, on the twin and on a real server."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.adapters.redis_shared import RedisShared
from tests.builders import TODAY
from tests.imou_stage import LISTING, TOKEN, a_client, a_toolbox, on_stage
from worker.harvest import harvest

NUMBER = 20
NAMES = tuple(f"camera-{number}" for number in range(NUMBER))


@pytest.fixture(params=["twin", "redis"])
def stage(request, real_client, prefix):
    memory = None if request.param == "twin" else RedisShared(real_client, prefix)
    with on_stage(names=NAMES, memory=memory) as made:
        yield made


def at_once(stage) -> None:
    """One harvest of each of so many workers, all of them begun together."""
    together = threading.Barrier(NUMBER)

    def one(number: int) -> bool:
        own = replace(stage.services, owner=f"worker {number}")
        together.wait(10)
        return harvest(own, "imou")

    with ThreadPoolExecutor(NUMBER) as pool:
        assert all(pool.map(one, range(NUMBER)))


def test_twenty_harvests_that_meet_a_dead_token_at_once_ask_for_one(stage):
    stage.services.record_sources["imou"].probe()
    yesterday = TODAY - timedelta(days=1)
    stage.services.harvests.wish(None, yesterday, yesterday)
    stage.cloud.throw({"reissue": "only"})
    a_client(stage.url, a_toolbox(stage.clock)).probe()  # a stranger's new token ends ours
    # Every answer comes late, so that the others have asked by the time the first one learns that the token is dead.
    stage.cloud.throw({"reply": "slow", "slow": 0.25})
    at_once(stage)
    codes = [each.code for each in stage.cloud.witness.calls if each.method == LISTING]
    assert codes.count("TK1002") > 1
    assert stage.calls(TOKEN) == 3  # ours at the beginning, the stranger's, and one for all
    assert [standing.outcome for _, standing in stage.services.harvests.standings()] == ["ok"] * NUMBER
    assert not stage.cloud.witness.repeated_nonces()
