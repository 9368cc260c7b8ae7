"""Every class of the cloud's codes once through the front door: what becomes of the camera, of the others and of the circuit,
and what an operator reads of it. The client and the worker are the real ones, the cloud is the sandbox over real HTTP."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import pytest

from shared.vendors.imou.codes import Kind, kind_of
from tests.builders import TODAY
from tests.imou_stage import LISTING, NAMES, TOKEN, Stage, device_of, on_stage

SICK, *OTHERS = NAMES
SICK_DEVICE = device_of(SICK)
YESTERDAY = TODAY - timedelta(days=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Case:
    """`calls`: how many listings of the camera the code costs at once; `again`: when at the latest it is tried again."""

    code: str
    outcome: str
    said: str
    calls: int = 1
    again: timedelta = timedelta(minutes=1)
    tokens: int = 1


ONE_CAMERAS = {  # thrown at one camera's device: nobody else may notice
    Kind.TOKEN: Case("TK1003", "vendor-auth", "illegal token", calls=2, tokens=2),
    Kind.AGAIN: Case("SN1005", "vendor-error", "nonce", calls=3),
    Kind.REQUEST: Case("OP1002", "vendor-refused", "a parameter is missing", again=DAY),
    Kind.FLOW_SPENT: Case("FL1004", "vendor-quota", "no flow is left"),
    Kind.CAMERA: Case("DV1028", "camera-refused", "not bound", again=DAY),
    Kind.CAMERA_OFFLINE: Case("DV1007", "device-offline", "offline"),
    Kind.CAMERA_BUSY: Case("DV1009", "device-busy", "busy"),
    Kind.SERVER: Case("OP1001", "vendor-error", "the operation failed"),
    Kind.UNKNOWN: Case("OP1026", "vendor-error", "操作失败"),
}
EVERYBODYS = {  # thrown at the account
    Kind.CONFIG: "SN1001",
    Kind.DAY_SPENT: "OP1014",
    Kind.MONTH_SPENT: "OP1013",
}


@pytest.fixture
def stage():
    with on_stage() as made:
        made.services.record_sources["imou"].probe()
        yield made


def wish(stage: Stage) -> None:
    stage.services.harvests.wish(None, YESTERDAY, YESTERDAY)


def waiting(stage: Stage) -> list[str]:
    """The cameras for which somebody ought to come now."""
    return [
        subject.camera.name for subject, standing in stage.services.harvests.standings() if standing.wanted
    ]


def circuit(stage: Stage) -> dict:
    return stage.told("status")["circuits"]["imou"]


def test_every_class_of_code_has_its_case_here():
    assert {*ONE_CAMERAS, *EVERYBODYS, Kind.NO_DATA, Kind.OK} == {*Kind}
    assert all(kind_of(case.code) == kind for kind, case in ONE_CAMERAS.items())
    assert all(kind_of(code) == kind for kind, code in EVERYBODYS.items())


@pytest.mark.parametrize("case", ONE_CAMERAS.values(), ids=ONE_CAMERAS)
def test_a_cameras_code_is_its_own_trouble_and_is_told_with_its_text(stage, case):
    stage.cloud.throw({"code": case.code}, SICK_DEVICE)
    wish(stage)
    stage.round()
    told = stage.harvest_of(SICK)
    assert (told["state"], told["outcome"], told["days"]) == (
        "postponed",
        case.outcome,
        [YESTERDAY.isoformat()],
    )
    assert case.code in told["detail"]
    assert case.said in told["detail"]
    assert stage.calls(LISTING, SICK_DEVICE) == case.calls
    assert stage.calls(TOKEN) == case.tokens
    for name in OTHERS:
        assert (stage.harvest_of(name)["state"], stage.harvest_of(name)["outcome"]) == ("idle", "ok")
    assert not circuit(stage)["open"]
    assert circuit(stage)["code"] is None


@pytest.mark.parametrize("case", ONE_CAMERAS.values(), ids=ONE_CAMERAS)
def test_once_the_code_is_gone_the_camera_goes_on_by_itself(stage, case):
    stage.cloud.throw({"code": case.code}, SICK_DEVICE)
    wish(stage)
    stage.round()
    stage.cloud.throw({"code": ""}, SICK_DEVICE)
    stage.after(seconds=case.again.total_seconds() / 2 if case.again == DAY else 1)
    stage.round()
    assert stage.calls(LISTING, SICK_DEVICE) == case.calls  # not before its time
    stage.after(seconds=case.again.total_seconds())
    stage.round()
    told = stage.harvest_of(SICK)
    assert (told["state"], told["outcome"], told["detail"]) == ("idle", "ok", "")


@pytest.mark.parametrize("case", ONE_CAMERAS.values(), ids=ONE_CAMERAS)
def test_a_camera_that_is_refused_all_day_delays_no_other(case):
    with on_stage(every=3600) as stage:
        stage.cloud.throw({"code": case.code}, SICK_DEVICE)
        for _ in range(6):
            stage.round()
            assert not stage.services.circuits.get("imou").open
            assert not [subject for subject in waiting(stage) if subject != SICK]
            stage.after(minutes=30)
        assert min(len(stage.listed_days(device_of(name))) for name in OTHERS) > 3
        assert stage.harvest_of(SICK)["outcome"] == case.outcome


def test_nothing_recorded_is_a_day_that_was_listed(stage):
    stage.cloud.throw({"code": "OP1019"}, SICK_DEVICE)
    wish(stage)
    stage.round()
    told = stage.harvest_of(SICK)
    assert (told["state"], told["outcome"], told["detail"], told["days"]) == ("idle", "ok", "", [])
    assert stage.calls(LISTING, SICK_DEVICE) == 1


@pytest.mark.parametrize("kind", [Kind.DAY_SPENT, Kind.MONTH_SPENT])
def test_a_spent_quota_met_by_one_stops_everybody_and_is_told_in_plain_words(stage, kind):
    stage.cloud.throw({"code": EVERYBODYS[kind]})
    wish(stage)
    stage.round()
    assert stage.calls(LISTING) == 1
    told = circuit(stage)
    assert (told["open"], told["code"]) == (True, "vendor-quota")
    assert EVERYBODYS[kind] in told["reason"]
    assert told["until"] > stage.clock.at.isoformat()
    stage.after(hours=1)
    stage.round()
    assert stage.calls(LISTING) == 1
    assert {stage.harvest_of(name)["state"] for name in OTHERS} == {"wanted"}
    stage.cloud.throw({"code": ""})
    stage.after(days=11)
    stage.round()
    assert {stage.harvest_of(name)["outcome"] for name in NAMES} == {"ok"}
    assert not circuit(stage)["open"]


def test_a_wrong_set_up_stops_everybody_after_a_few_calls_and_names_the_remedy(stage):
    stage.cloud.throw({"code": "SN1001"})
    wish(stage)
    for _ in range(20):
        stage.round()
        stage.after(seconds=15)
    told = circuit(stage)
    assert (told["open"], told["code"]) == (True, "vendor-auth")
    assert "IMOU_APP_SECRET" in told["reason"]
    assert stage.calls(LISTING) <= 2 * len(NAMES)
    stage.cloud.throw({"code": ""})
    stage.after(hours=1)
    stage.round()
    assert {stage.harvest_of(name)["outcome"] for name in NAMES} == {"ok"}


def test_an_unknown_code_is_tried_again_ever_more_rarely_and_keeps_code_and_text(stage):
    stage.cloud.throw({"code": "ZZZZ999999"}, SICK_DEVICE)
    wish(stage)
    calls = [0]
    for _ in range(3):
        for _ in range(60):
            stage.round()
            stage.after(minutes=1)
        calls.append(stage.calls(LISTING, SICK_DEVICE))
        told = stage.harvest_of(SICK)
        assert (told["outcome"], told["detail"]) == ("vendor-error", "ZZZZ999999: 操作失败")
    first, *later = [after - before for before, after in pairwise(calls)]
    assert first <= 10
    assert later == [1, 1]
