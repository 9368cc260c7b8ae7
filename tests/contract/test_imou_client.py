"""The Imou client against a small cloud: envelopes, the shared token, the quota, and what each refusal becomes."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.adapters.memory import MemoryShared
from shared.domain.camera import Camera
from shared.errors import AnswerUnknown, Final, Invalid, Transient, Whose
from shared.vendors.imou.codes import TABLE, Kind, failure
from shared.vendors.imou.envelope import Wire
from shared.vendors.imou.token import Tokens, base_of, lasting
from tests.contract.imou_cloud import (
    APP_ID,
    APP_SECRET,
    DAY,
    HANG_UP,
    camera,
    client,
    ids,
    listed,
    row,
    running_cloud,
    settings,
    toolbox,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 20, 16, tzinfo=UTC)
DECEMBER = datetime(2026, 11, 30, 16, tzinfo=UTC)


@pytest.fixture
def cloud():
    with running_cloud() as server:
        yield server


def refusal_of(act):
    with pytest.raises((Transient, Final)) as caught:
        act()
    return caught.value


def refused(cloud, *answers):
    """What a listing becomes whose calls, after the token's, are answered so, the last for as long as it is asked."""
    source = client(cloud)
    source.probe()
    cloud.will_say(*answers, answers[-1], answers[-1])
    return refusal_of(lambda: listed(source))


# -- envelopes ---------------------------------------------------------------------------------------------------------


def test_no_nonce_and_no_id_is_used_twice():
    class Listener:
        """Hears what goes out, and always says yes."""

        def __init__(self):
            self.heard = []

        def post_json(self, url, body, headers, timeout, dated):
            self.heard.append((body["system"]["nonce"], body["id"]))
            return 200, b'{"result": {"code": "0"}}'

    http = Listener()
    tools = toolbox(_Clock(), http)
    wire = Wire(settings("http://cloud"), tools, _NoMeter())
    for _ in range(10_000):
        wire.ask("http://cloud", "accessToken", {})
    assert len({nonce for nonce, _ in http.heard}) == len({echo for _, echo in http.heard}) == 10_000


class _Clock:
    def now(self):
        return NOON


class _NoMeter:
    def count(self, reserved=False):
        """Nothing."""


@pytest.mark.parametrize("code", ["SN1005", "SN1002"])
def test_an_envelope_that_is_refused_goes_out_anew(cloud, code):
    source = client(cloud)
    cloud.rows = [row(1)]
    source.probe()
    cloud.will_say(code, code)
    assert ids(source) == ["1001"]
    sent = [body for method, body in cloud.heard if method == "getCondensedRecords"][:3]
    assert len({body["system"]["nonce"] for body in sent}) == len({body["id"] for body in sent}) == 3


def test_a_nonce_that_is_refused_three_times_is_a_fault_of_this_listing(cloud):
    no = refused(cloud, *["SN1005"] * 3, "never asked")
    assert (no.code, no.whose, len(cloud.answers)) == ("vendor-error", Whose.JOB, 3)


def test_a_clock_that_is_wrong_is_said_to_be(cloud):
    source = client(cloud)
    cloud.judge = lambda method, body: ("SN1002", None)
    no = refusal_of(source.probe)
    assert (no.code, no.whose, cloud.calls["accessToken"]) == ("vendor-auth", Whose.VENDOR, 3)
    assert "check the clock of this machine" in no.detail


@pytest.mark.parametrize(
    ("answer", "code", "whose"),
    [
        ((200, b"<html>hello</html>"), "vendor-unreadable", Whose.JOB),
        ((200, b""), "vendor-unreadable", Whose.JOB),
        ((200, b"\xff\xfe"), "vendor-unreadable", Whose.JOB),
        ((200, b"[" * 100000), "vendor-unreadable", Whose.JOB),
        ((200, b"[]"), "vendor-unreadable", Whose.JOB),
        ((200, b'{"result": {"msg": "no code"}}'), "vendor-unreadable", Whose.JOB),
        ((200, b'{"result": {"code": true}}'), "vendor-unreadable", Whose.JOB),
        ((200, b'{"result": {"code": "0", "data": {"records": "many"}}}'), "vendor-unreadable", Whose.JOB),
        ((500, b""), "vendor-error", Whose.JOB),
        ((504, b""), "vendor-error", Whose.JOB),
        ((502, b""), "vendor-away", Whose.VENDOR),
        ((503, b""), "vendor-away", Whose.VENDOR),
        ((429, b""), "vendor-away", Whose.VENDOR),
        ((401, b""), "vendor-auth", Whose.VENDOR),
        ((403, b""), "vendor-auth", Whose.VENDOR),
        ((404, b""), "vendor-error", Whose.VENDOR),
        ((302, b""), "vendor-error", Whose.VENDOR),
    ],
)
def test_an_answer_that_is_none_of_the_clouds_is_trouble_that_passes(cloud, answer, code, whose):
    no = refused(cloud, answer)
    assert isinstance(no, Transient)
    assert (no.code, no.whose, no.answered) == (code, whose, False)


@pytest.mark.parametrize(
    "garbled", [HANG_UP, (200, b"<html>"), (502, b"")], ids=["lost", "unreadable", "away"]
)
def test_a_page_whose_answer_is_garbled_is_asked_for_again_twice(cloud, garbled):
    cloud.rows = [row(each) for each in range(7)]
    cloud.cap = 3
    source = client(cloud)
    source.probe()
    cloud.will_say(garbled, garbled)
    assert len(listed(source)) == 7
    cloud.will_say(garbled, garbled, garbled)
    assert refusal_of(lambda: listed(source)).code in ("answer-lost", "vendor-unreadable", "vendor-away")


def test_a_connection_that_breaks_off_leaves_the_answer_unknown(cloud):
    no = refused(cloud, HANG_UP)
    assert isinstance(no, AnswerUnknown)
    assert no.code == "answer-lost"


@pytest.mark.parametrize("body", [b'{"result": {"code": "0"}}', b'{"result": {"code": 0, "data": null}}'])
def test_a_yes_without_data_is_an_empty_listing(cloud, body):
    source = client(cloud)
    source.probe()
    cloud.will_say((200, body))
    assert listed(source) == []


def test_without_credentials_nothing_is_sent_and_they_are_named(cloud):
    no = refusal_of(client(cloud, IMOU_APP_SECRET="").probe)
    assert (no.code, no.whose, no.asked) == ("vendor-auth", Whose.VENDOR, False)
    assert no.detail == "IMOU_APP_SECRET is not set"
    assert not cloud.heard


def test_a_camera_of_another_vendor_has_no_packages_and_cannot_be_listed(cloud):
    source, other = client(cloud), Camera("other")
    assert (source.packages(other), source.packages(camera())) == ((), ("aiCloudRecord", "aiInsight"))
    no = refusal_of(lambda: list(source.listing(other, "aiInsight", DAY)))
    assert isinstance(no, Invalid)
    assert no.code == "camera-unknown"


def test_days_are_those_of_the_wires_zone(cloud):
    assert client(cloud).zone == SHANGHAI


# -- the token ---------------------------------------------------------------------------------------------------------


def test_one_token_serves_all_processes(cloud):
    tools = toolbox(cloud.clock)
    listed(client(cloud, tools))
    listed(client(cloud, tools))
    assert cloud.calls["accessToken"] == 1


def test_another_account_or_another_host_has_a_token_of_its_own(cloud):
    tools = toolbox(cloud.clock)
    client(cloud, tools).probe()
    assert client(cloud, tools)._tokens._key != client(cloud, tools, IMOU_APP_ID="lcother")._tokens._key
    elsewhere = client(cloud, tools, IMOU_BASE_URL=cloud.url + "/gate")
    assert client(cloud, tools)._tokens._key != elsewhere._tokens._key


@pytest.mark.parametrize(
    ("left", "kept"),
    [
        (259176, 258876),
        ("259176", 258876),
        (100, 50),
        (600, 300),
        (10**12, 258900),
        (None, 3300),
        ("soon", 3300),
        (0, 3300),
        (-1, 3300),
        (float("nan"), 3300),
    ],
)
def test_a_token_is_kept_until_five_minutes_before_its_end(left, kept):
    assert lasting(left) == timedelta(seconds=kept)


def test_a_token_that_is_about_to_end_is_replaced_before_it_does(cloud):
    source = client(cloud)
    listed(source)
    cloud.clock.move(timedelta(seconds=258875))
    listed(source)
    assert cloud.calls["accessToken"] == 1
    cloud.clock.move(timedelta(seconds=2))
    listed(source)
    assert cloud.calls["accessToken"] == 2


@pytest.mark.parametrize("code", ["TK1002", "TK1003", "SUB1005"])
def test_a_dead_token_is_replaced_once_and_the_call_made_again(cloud, code):
    source = client(cloud)
    cloud.rows = [row(1)]
    source.probe()
    cloud.will_say(code)
    assert ids(source) == ["1001"]
    assert cloud.calls["accessToken"] == 2


def test_a_token_that_dies_at_once_ends_the_call(cloud):
    cloud.mortal = 0.5
    no = refusal_of(lambda: listed(client(cloud)))
    assert (no.code, no.whose) == ("vendor-auth", Whose.VENDOR)
    assert dict(cloud.calls) == {"accessToken": 2, "getCondensedRecords": 2}


def test_a_token_that_dies_every_few_calls_costs_no_record(cloud):
    cloud.mortal, cloud.cap = 3, 2
    cloud.rows = [row(number) for number in range(20)]
    assert len(ids(client(cloud))) == 20


def test_twenty_threads_that_meet_a_dead_token_ask_for_one(cloud):
    tools, number = toolbox(cloud.clock), 20
    client(cloud, tools).probe()
    cloud.tokens.append("At_the one that nobody has")
    together = threading.Barrier(number)

    def list_one(index):
        together.wait(5)
        return listed(client(cloud, tools), device=f"CAM{index}")

    met = threading.Barrier(number)

    def all_meet(path):
        if path.endswith("getCondensedRecords") and cloud.calls["getCondensedRecords"] < number:
            met.wait(5)

    cloud.gate = all_meet
    with ThreadPoolExecutor(number) as pool:
        list(pool.map(list_one, range(number)))
    assert dict(cloud.calls) == {"accessToken": 2, "getCondensedRecords": 2 * number}


def test_a_token_that_never_comes_is_waited_for_only_so_long(cloud):
    tools, own = toolbox(cloud.clock), settings(cloud.url)
    wire = Wire(own, tools, _NoMeter())
    tokens = Tokens(own, tools, wire, patience=0.2)
    tools.memory.hold(tokens._key, "somebody", timedelta(hours=1))
    no = refusal_of(tokens.get)
    assert (no.code, no.whose, no.asked) == ("vendor-away", Whose.VENDOR, False)
    assert not cloud.heard


def test_who_gets_the_lease_looks_once_more_for_a_token_before_asking(cloud):
    class Overtaken(MemoryShared):
        """Somebody else's token comes just before each lease is taken."""

        def hold(self, name, owner, ttl):
            sealed = tools.seal.close('["At_somebody else\'s", "http://cloud"]')
            self.swap(name, None, sealed, ttl)
            return super().hold(name, owner, ttl)

    tools = replace(toolbox(cloud.clock), memory=Overtaken(cloud.clock))
    tokens = Tokens(settings(cloud.url), tools, Wire(settings(cloud.url), tools, _NoMeter()))
    assert tokens.get().value == "At_somebody else's"
    assert not cloud.heard


def test_who_waits_gets_the_token_that_somebody_else_asked_for(cloud):
    tools = toolbox(cloud.clock)
    source = client(cloud, tools)
    tools.memory.hold(source._tokens._key, "somebody", timedelta(hours=1))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: listed(client(cloud, tools)))
        source.probe()
        assert waiting.result(5) == []
    assert cloud.calls["accessToken"] == 1


def test_a_failure_to_get_a_token_gives_the_lease_back(cloud):
    source = client(cloud)
    cloud.will_say((500, b""))
    assert refusal_of(lambda: listed(source)).code == "vendor-error"
    assert listed(source) == []


@pytest.mark.parametrize("data", ["{}", '{"accessToken": ""}', '{"accessToken": 7}', "null"])
def test_a_yes_without_a_token_is_unreadable(cloud, data):
    cloud.will_say((200, b'{"result": {"code": "0", "data": %s}}' % data.encode()))
    assert refusal_of(client(cloud).probe).code == "vendor-unreadable"


@pytest.mark.parametrize(
    ("domain", "base"),
    [
        ("openapi-fk.easy4ip.com", "https://openapi-fk.easy4ip.com"),
        ("https://openapi-sg.easy4ip.com", "https://openapi-sg.easy4ip.com"),
        ("https://openapi-or.easy4ip.com:443/openapi", "https://openapi-or.easy4ip.com"),
        ("https", None),
        ("http://openapi-sg.easy4ip.com", None),
        ("https://openapi-sg.easy4ip.com:8443", None),
        ("https://user@openapi-sg.easy4ip.com", None),
        ("https://openapi-sg.easy4ip.com.evil.example", None),
        ("evil.example/openapi-sg.easy4ip.com", None),
        ("https://[", None),
        ("", None),
        (None, None),
        (["openapi-sg.easy4ip.com"], None),
    ],
)
def test_only_the_vendors_own_hosts_may_take_over(domain, base):
    own = "https://openapi.lechange.cn"
    assert base_of(domain, own) == (base or own)


def test_who_is_not_one_of_the_vendors_hosts_stays_in_charge(cloud):
    cloud.domain = "openapi-fk.easy4ip.com"
    assert listed(client(cloud)) == []
    assert base_of(cloud.domain, "http://openapi.lechange.cn") == "http://openapi.lechange.cn"


# -- the quota ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "span", "until"),
    [("IMOU_CALLS_PER_DAY", "day", MIDNIGHT), ("IMOU_CALLS_PER_MONTH", "month", DECEMBER)],
)
def test_at_a_limit_of_ours_nothing_goes_out_any_more(cloud, name, span, until):
    source = client(cloud, **{name: "5"})
    for _ in range(4):
        listed(source)
    heard = len(cloud.heard)
    for act in (lambda: listed(source), source.probe):
        no = refusal_of(act)
        assert (no.code, no.whose, no.asked, no.until) == ("quota-spent", Whose.VENDOR, False, until)
        assert no.detail.startswith(f"5 calls were made this {span}, the most that {name} allows")
    assert (heard, len(cloud.heard)) == (5, 5)
    assert [quota.used for quota in source.quotas()] == [5, 5]
    cloud.clock.at = until
    assert listed(source) == []


def test_every_attempt_counts_those_for_tokens_and_those_that_fail_too(cloud):
    source = client(cloud)
    cloud.will_say((500, b""), HANG_UP)
    refusal_of(source.probe)
    refusal_of(source.probe)
    source.probe()
    cloud.will_say("SN1005", "TK1002")
    listed(source)
    assert [quota.used for quota in source.quotas()] == [len(cloud.heard)] * 2 == [7, 7]


def test_the_quota_says_what_was_used_and_what_it_will_come_to(cloud):
    source = client(cloud, IMOU_CALLS_PER_DAY="100")
    for _ in range(6):
        source.probe()
    day, month = source.quotas()
    assert (day.span, day.used, day.limit, day.until, day.forecast) == ("day", 6, 100, MIDNIGHT, 12)
    assert (month.span, month.used, month.limit, month.until) == ("month", 6, 30000, DECEMBER)
    assert month.forecast == round(6 * 30 / 19.5)
    cloud.clock.at = MIDNIGHT
    assert next((each.used, each.forecast) for each in source.quotas()) == (0, 0)


# -- refusals ----------------------------------------------------------------------------------------------------------

MEANS = {
    Kind.AGAIN: ("vendor-error", Whose.JOB, True, None),
    Kind.TOKEN: ("vendor-auth", Whose.VENDOR, False, None),
    Kind.CONFIG: ("vendor-auth", Whose.VENDOR, False, None),
    Kind.DAY_SPENT: ("vendor-quota", Whose.VENDOR, True, MIDNIGHT),
    Kind.MONTH_SPENT: ("vendor-quota", Whose.VENDOR, True, DECEMBER),
    Kind.FLOW_SPENT: ("vendor-quota", Whose.JOB, True, None),
    Kind.CAMERA_OFFLINE: ("device-offline", Whose.CAMERA, True, None),
    Kind.CAMERA_BUSY: ("device-busy", Whose.CAMERA, True, None),
    Kind.SERVER: ("vendor-error", Whose.JOB, True, None),
    Kind.UNKNOWN: ("vendor-error", Whose.JOB, True, None),
    Kind.CAMERA: ("camera-refused",),
    Kind.REQUEST: ("vendor-refused",),
}
CODES = [*TABLE, "OP1026", "13202", "？"]


@pytest.mark.parametrize("code", [code for code in CODES if code not in ("0", "OP1019", "RC1001", "SN1002")])
def test_each_code_becomes_the_error_of_its_class(code):
    no = failure(code, "msg", NOON, SHANGHAI)
    kind = TABLE[code][0] if code in TABLE else Kind.UNKNOWN
    if isinstance(no, Final):
        assert (no.code,) == MEANS[kind]
    else:
        assert (no.code, no.whose, no.answered, no.until) == MEANS[kind]
    assert code in no.detail
    assert no.detail.endswith("msg")


@pytest.mark.parametrize("code", ["OP1013", "DV1028", "SN1001", "OP1002", "DV1007", "OP1001", "OP1026"])
def test_a_refusal_ends_a_listing_after_one_call(cloud, code):
    cloud.codes["CAM1"] = code
    source = client(cloud)
    no = refusal_of(lambda: listed(source))
    assert no.code == failure(code, "", NOON, SHANGHAI).code
    assert cloud.calls["getCondensedRecords"] == 1
    assert listed(source, device="CAM2") == []


def test_a_value_that_is_refused_for_good_is_asked_three_times_at_most(cloud):
    cloud.codes["CAM1"] = "OP1003"
    assert refusal_of(lambda: listed(client(cloud))).code == "vendor-refused"
    assert cloud.calls["getCondensedRecords"] == 3


@pytest.mark.parametrize("code", ["OP1019", "RC1001"])
def test_nothing_recorded_is_an_empty_listing(cloud, code):
    cloud.codes["CAM1"] = code
    assert listed(client(cloud)) == []
    assert cloud.calls["getCondensedRecords"] == 1


def test_a_wrong_set_up_is_told_with_its_remedy(cloud):
    no = refusal_of(client(cloud, IMOU_APP_SECRET="wrong").probe)
    assert no.code == "vendor-auth"
    assert no.detail.startswith("check IMOU_APP_ID, IMOU_APP_SECRET, IMOU_SIGN and IMOU_BASE_URL: SN1001: ")


def test_a_detail_is_short_and_holds_no_address_and_no_control_character():
    no = failure("OP1001", "see\x00 https://h/p?sign=1 At_0123abc \u202e" + "x" * 500, NOON, SHANGHAI)
    assert no.detail.startswith("OP1001: the operation failed: see <address> <secret> x")
    assert len(no.detail) == 200


# -- secrets -----------------------------------------------------------------------------------------------------------


def test_no_secret_is_in_memory_in_an_error_or_in_a_repr(cloud):
    tools = toolbox(cloud.clock)
    hush = dict.fromkeys(("ak", "fileToken", "userId", "streamAddr", "recordPath", "region"), "HUSH")
    cloud.rows = [row(1, **hush, thumbUrl="http://h/p?sign=HUSH", unknownAk="HUSH")]
    source = client(cloud, tools)
    (page, _) = source.listing(camera(), "aiInsight", DAY)
    token = cloud.tokens[-1]
    said = b'{"result": {"code": "OP1001", "msg": "token %s, %s"}}' % (token.encode(), APP_SECRET.encode())
    cloud.will_say((200, said))
    no = refusal_of(lambda: listed(source))
    assert "<secret>" in no.detail
    seen = [
        repr(tools.memory._values),
        repr(page.records[0].record),
        *map(repr, (source, source._tokens, source._tokens.get(), source._settings, no, no.__cause__)),
        no.detail,
        str(source.quotas()),
    ]
    for secret in (token, APP_SECRET, "HUSH"):
        assert [text for text in seen if secret in text] == []
    assert APP_ID not in seen[0]
    assert tools.seal.open(tools.memory.get(source._tokens._key)).startswith(f'["{token}"')


def test_a_token_that_was_sealed_with_a_lost_key_counts_as_none(cloud):
    tools = toolbox(cloud.clock)
    source = client(cloud, tools)
    tools.memory.swap(source._tokens._key, None, "not sealed by us")
    assert listed(source) == []
    assert cloud.calls["accessToken"] == 1


@pytest.mark.parametrize("token", ["At_\\ud800", "At_" + "x" * 5000, "At_ x", "At_é", "\\u0000"])
def test_a_token_that_cannot_be_sent_is_no_token(cloud, token):
    cloud.will_say((200, f'{{"result": {{"code": "0", "data": {{"accessToken": "{token}"}}}}}}'.encode()))
    source = client(cloud)
    no = refusal_of(source.probe)
    assert no.code == "vendor-unreadable"
    assert token not in str(no)
    source.probe()
    assert listed(source) == []


@pytest.mark.timeout(20)  # it took minutes
def test_a_code_of_any_length_costs_no_time(cloud):
    code = "a." * 200_000
    no = refused(cloud, (200, f'{{"result": {{"code": "{code}"}}}}'.encode()))
    assert len(no.detail) <= 200


@pytest.mark.parametrize("left", [1e-9, -5, 0, 0.001])
def test_a_token_that_is_said_to_end_at_once_is_not_asked_for_in_a_hot_loop(left):
    assert lasting(left).total_seconds() >= 30
