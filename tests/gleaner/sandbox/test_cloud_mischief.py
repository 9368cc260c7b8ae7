"""Each switch of the cloud, by what a client meets when it is thrown."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import requests


def pages(account: Any, count: int, most: int = 12) -> list[list[str]]:
    """Of yesterday's events, led on by the last row of each page, until an empty one."""
    found, cursor = [], "-1"
    while len(found) < most and (rows := account.ids(recordId=cursor, count=count)):
        found.append(rows)
        cursor = rows[-1]
    return found


def rows_of(account: Any) -> list[str]:
    return [row for page in pages(account, 2) for row in page]


@pytest.mark.parametrize(("reply", "status"), [("html", 200), ("502", 502), ("empty", 200)])
def test_a_reply_may_be_anything_but_json(account: Any, reply: str, status: int) -> None:
    account.throw(reply=reply)
    answer = account.post("accessToken", {"id": "1", "system": account.system(), "params": {}})
    assert answer.status_code == status
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(answer.content)
    assert account.cloud.witness.calls[-1].code == reply


def test_a_call_may_be_hung_up_on(account: Any) -> None:
    account.throw(reply="hang-up")
    with pytest.raises(requests.ConnectionError):
        account.call("accessToken")


def test_a_reply_may_be_slow(account: Any) -> None:
    account.throw(reply="slow", slow=0.2)
    before = time.monotonic()
    account.sign_in()
    assert time.monotonic() - before > 0.2


def test_only_every_third_call_may_be_met(account: Any, gate: Any) -> None:
    account.sign_in()
    account.throw(gate, reply="502", reply_every=3)
    answers = [
        account.post(
            "getCondensedRecords", {"id": "1", "system": account.system(), "params": account.query(gate)}
        )
        for _ in range(6)
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 502] * 2
    assert account.records(days=1)


def test_only_a_share_of_the_calls_may_be_met_the_same_ones_for_the_same_seed(cloud_of: Any) -> None:
    met = []
    for _ in range(2):
        account = cloud_of()
        account.throw(reply="502", reply_share=0.5, seed=3)
        met.append([account.post("accessToken", {}).status_code for _ in range(20)])
    assert met[0] == met[1]
    assert 3 < met[0].count(502) < 17


def test_a_dead_camera_leaves_the_others_alone(account: Any, porch: Any, gate: Any) -> None:
    account.throw(gate, code="DV1028")
    result = account.result(gate)
    assert (result["code"], "data" in result) == ("DV1028", False)
    assert "设备未绑定" in result["msg"]
    assert account.result(porch)["code"] == "0"


def test_any_code_can_come_even_one_that_nobody_knows(account: Any) -> None:
    account.throw(code="13202")
    assert account.call("accessToken") == {"code": "13202", "msg": "操作失败"}


def test_a_quota_ends_after_so_many_calls_and_stays_spent(account: Any, gate: Any) -> None:
    account.sign_in()
    account.throw(code="OP1013", code_after=3)
    codes = [account.result(channel)["code"] for channel in [gate] * 5]
    assert codes == ["0", "0", "0", "OP1013", "OP1013"]
    assert account.call("accessToken")["code"] == "OP1013"


def test_a_nonce_can_collide_once(account: Any) -> None:
    account.sign_in()
    account.throw(code="SN1005", code_times=1)
    assert [account.result()["code"] for _ in range(3)] == ["SN1005", "0", "0"]
    account.throw(code="SN1005")
    assert account.result()["code"] == "SN1005"


def test_a_token_may_die_after_so_many_calls(account: Any) -> None:
    account.throw(token_calls=2)
    first = account.sign_in()
    assert [account.result()["code"] for _ in range(4)] == ["0", "0", "TK1002", "TK1002"]
    assert account.sign_in() != first
    assert account.result()["code"] == "0"


def test_another_token_may_live_beside_the_first(account: Any) -> None:
    account.throw(reissue="another")
    first, second = account.sign_in(), account.sign_in()
    assert first != second
    assert [account.result(token=token)["code"] for token in (first, second)] == ["0", "0"]


def test_another_token_may_end_the_first(account: Any) -> None:
    account.throw(reissue="only")
    first, second = account.sign_in(), account.sign_in()
    assert [account.result(token=token)["code"] for token in (first, second)] == ["TK1002", "0"]


def test_a_page_may_be_smaller_than_asked_for(account: Any) -> None:
    whole = account.ids()
    account.throw(most_rows=3)
    found = pages(account, 100)
    assert len(found) > 1
    assert [len(page) for page in found[:-1]] == [3] * (len(found) - 1)
    assert [row for page in found for row in page] == whole


def test_the_largest_page_may_be_smaller(account: Any) -> None:
    account.throw(most_count=30)
    assert account.result(count=31)["code"] == "OP1003"
    assert account.result(count=30)["code"] == "0"


def test_an_inclusive_cursor_gives_its_row_again(account: Any) -> None:
    whole = account.ids()
    account.throw(cursor="inclusive")
    assert account.ids(recordId=whole[1], count=2) == whole[1:3]
    assert account.ids(recordId=whole[-1]) == whole[-1:]


def test_rows_may_come_downwards_from_page_to_page(account: Any) -> None:
    whole = account.ids()
    account.throw(order="descending")
    assert rows_of(account) == whole[::-1]
    account.throw(cursor="inclusive")
    assert account.ids(recordId=whole[-2], count=2) == whole[-2:-4:-1]


def test_rows_may_stand_upside_down_in_their_page(account: Any) -> None:
    whole = account.ids()
    account.throw(order="reversed")
    assert account.ids(count=3) == whole[2::-1]
    assert account.ids(recordId=whole[2]) == whole[:2:-1]


def test_rows_may_be_shuffled_in_their_page(account: Any) -> None:
    wide = {"beginTime": "2020-01-01 00:00:00", "count": 50}
    whole = account.ids(**wide)
    account.throw(order="shuffled")
    shuffled = account.ids(**wide)
    assert shuffled != whole
    assert sorted(shuffled) == whole
    assert account.ids(**wide) == shuffled


@pytest.mark.parametrize("count", [4, 5])
def test_rows_may_stand_twice_and_none_is_lost(account: Any, count: int) -> None:
    whole = account.ids()
    account.throw(duplicate_rows=True)
    found = pages(account, count)
    assert found[0] == sorted(whole[:3] * 2)[:count]
    assert {row for page in found for row in page} == set(whole)
    assert all(len(page) == count for page in found[:-1])


def test_a_listing_may_never_end(account: Any) -> None:
    whole = account.ids()
    account.throw(endless=True)
    assert account.ids(recordId=whole[-1], count=3) == whole[:3]
    assert len(account.ids(recordId=whole[-1], count=50)) == 50
    assert account.events(days=40) == []


def test_the_documented_types_are_texts(account: Any) -> None:
    account.throw(schema="documented")
    (record,) = account.records(days=1)
    assert type(record["recordId"]) is int
    assert (record["encryptMode"], record["method"], record["productId"]) == ("0", "0", "")
    assert {type(value) for chapter in record["mp4Videos"] for value in chapter.values()} == {str}


def test_mixed_types_are_of_every_sort_and_stay_with_their_record(account: Any) -> None:
    month = {"beginTime": "2020-01-01 00:00:00"}
    plain = account.records(**month)
    account.throw(schema="mixed")
    mixed = account.records(**month) + account.events(**month)
    for name, kinds in (
        ("recordId", {int, str}),
        ("channelId", {int, str}),
        ("encryptMode", {int, str}),
        ("size", {int, str, type(None)}),
        ("length", {int, str, float, type(None)}),
        ("type", {str, int}),
        ("businessType", {str, int}),
        ("expireTime", {str, int, type(None)}),
    ):
        assert {type(record[name]) for record in mixed} == kinds, name
    assert {type(record.get("mp4Videos", "absent")) for record in mixed} == {list, type(None), str}
    chapters = [each for record in mixed for each in record.get("mp4Videos") or ()]
    assert {type(each.get("tags", 0)) for each in chapters} == {list, str, type(None), int}
    assert any("msgIconList" in each for each in chapters)
    assert any(each["timePoint"] == "7:0" for each in chapters)
    told = [len(record["mp4Videos"]) for record in account.records(**month)]
    assert told == [len(record["mp4Videos"]) for record in plain]

    def without_secrets(record: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in record.items() if name not in ("ak", "fileToken", "thumbUrl")}

    again = account.records(**month) + account.events(**month)
    assert [without_secrets(record) for record in again] == [without_secrets(record) for record in mixed]


def test_everything_that_may_be_null_is_null(account: Any) -> None:
    account.throw(schema="nulls")
    (record,), (event, *_) = account.records(days=1), account.events()
    told = {name for name, value in record.items() if value is not None}
    assert told == {"recordId", "deviceId", "channelId", "createTime", "mp4Videos"}
    assert event["mp4Videos"] is None
    assert {name for name, value in record["mp4Videos"][0].items() if value is not None} == {"timePoint"}


def test_tags_may_be_a_text_with_commas(account: Any) -> None:
    plain = [each["tags"] for each in account.records(days=1)[0]["mp4Videos"]]
    account.throw(schema="csv")
    (record,) = account.records(days=1)
    assert [each["tags"] for each in record["mp4Videos"]] == [",".join(tags) for tags in plain]
    assert type(record["recordId"]) is str


@pytest.mark.parametrize("kind", ["fields", "no-object"])
def test_a_row_of_every_page_may_be_broken_and_no_other_is_lost(account: Any, kind: str) -> None:
    whole = account.ids()
    account.throw(broken_record=kind)
    found, cursor = [], "-1"
    while rows := account.events(recordId=cursor, count=3):
        broken, *sound = rows
        assert broken == "a record" if kind == "no-object" else broken["recordId"] is None
        assert len(rows) <= 3
        found += [row["recordId"] for row in sound]
        cursor = found[-1]
    assert found == whole


def test_every_object_may_have_fields_that_no_page_names(account: Any) -> None:
    account.throw(extra_fields=True)
    answer = account.post(
        "getCondensedRecords", {"id": "1", "system": account.system(), "params": account.query(days=1)}
    ).json()
    (record,) = answer["result"]["data"]["records"]
    for fields in (answer, answer["result"]["data"], record, record["mp4Videos"][0]):
        assert "somethingNew" in fields
    assert record["mp4Videos"][0]["timePoint"]


def test_the_id_of_a_day_may_move_as_it_grows(account: Any, porch: Any) -> None:
    account.throw(moving_id=True)
    (before,) = account.records(days=2)
    day = before["createTime"][:8]
    wish = {"device": porch.device, "day": f"{day[:4]}-{day[4:6]}-{day[6:]}"}
    made = account.steer("records", **wish).json()["made"]
    (after,) = account.records(days=2)
    assert int(after["recordId"]) > int(before["recordId"])
    assert made[0]["recordId"] == after["recordId"]
    assert after["createTime"] == before["createTime"]
    assert account.fetch(after["thumbUrl"]).status_code == 200


def test_a_record_may_vanish(account: Any) -> None:
    whole = account.ids()
    account.throw(vanish=True)
    assert account.ids() == whole[1:]
    assert account.records(days=1) == []


@pytest.mark.parametrize(("trouble", "status"), [("404", 404), ("403", 403), ("500", 500), ("expired", 403)])
def test_a_picture_may_be_refused(account: Any, porch: Any, trouble: str, status: int) -> None:
    url = account.events()[0]["thumbUrl"]
    account.throw(porch, picture=trouble)
    assert account.fetch(url).status_code == status
    assert account.cloud.witness.fetched[-1].status == status
    assert not account.cloud.witness.pictures
    account.throw(porch, picture="no")
    assert account.fetch(url).status_code == 200


def test_a_picture_may_be_cut_a_page_or_encrypted(account: Any, porch: Any, gate: Any) -> None:
    url = account.events()[0]["thumbUrl"]
    whole = account.fetch(url).content
    account.throw(porch, picture="truncated")
    with account.http.get(url, stream=True, timeout=5) as answer:
        assert answer.headers["Content-Length"] == str(len(whole))
        assert answer.raw.read(len(whole), decode_content=False) == whole[: len(whole) // 2]
    account.throw(porch, picture="html")
    assert account.fetch(url).headers["Content-Type"].startswith("text/html")
    account.throw(porch, picture="encrypted")
    assert account.events()[0]["encryptMode"] == 1
    answer = account.fetch(url)
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert len(answer.content) == len(whole)
    assert not answer.content.startswith(b"\xff\xd8")
    other = account.records(gate, days=1)[0]
    assert account.fetch(other["thumbUrl"]).content.startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    "values",
    [
        {"nonsense": 1},
        {"unit": "percent"},
        {"order": "sideways"},
        {"code": 1028},
        {"code": "no such"},
        {"reply_every": 0},
        {"reply_share": 1.5},
        {"most_count": 0},
        {"token_calls": -1},
        {"endless": 1},
        {"slow": 601},
    ],
)
def test_an_unfit_switch_of_the_cloud_is_refused_and_changes_nothing(
    account: Any, values: dict[str, Any]
) -> None:
    assert account.steer("switches", vendor="imou", switches=values).status_code == 400
    assert account.cloud.mischief.thrown() == {}


def test_the_clouds_switches_are_thrown_over_http_beside_those_of_the_platform(
    account: Any, porch: Any, door: Any
) -> None:
    account.steer("switches", switches={"offline": True})
    account.steer("switches", vendor="imou", switches={"most_rows": 2})
    answer = account.steer(
        "switches", vendor="imou", device=porch.device, switches={"most_rows": 1, "vanish": True}
    ).json()
    assert answer["switches"] == {"": {"offline": True}}
    assert answer["imou"] == {"": {"most_rows": 2}, porch.device: {"most_rows": 1, "vanish": True}}
    assert account.cloud.mischief.of(porch.device).most_rows == 1
    shown = account.fetch(account.base_url + "/sandbox/switches").json()
    assert (shown["defaults"]["offline"], shown["imou_defaults"]["schema"]) == (False, "sample")
    for wrong in (
        {"switches": {}, "vendor": "imou", "device": door.device_unicode},
        {"switches": {}, "vendor": "nobody"},
        {"switches": {}, "vendor": ["imou"]},
        {"switches": {}, "more": 1},
    ):
        assert account.steer("switches", **wrong).status_code == 400
    account.http.delete(account.base_url + "/sandbox/switches", timeout=5)
    assert account.cloud.mischief.thrown() == {}
