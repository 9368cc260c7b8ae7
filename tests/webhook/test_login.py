"""Sessions: opened with a token or by a link that works once, ended by logging out, age, or the token's end."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine

from shared.ring import InForce, Ring
from shared.signing import Keys, login_link
from tests.builders import NOON
from tests.webhook.conftest import TOKEN, Browser

TEN_MINUTES = timedelta(minutes=10)


def is_in(browser):
    return "Log out" in browser.get("/").text


def test_without_a_session_the_first_page_is_the_log_in_page(browser):
    page = browser.get("/")
    assert page.status_code == 200
    assert 'action="/login"' in page.text
    assert "Ask for a window" not in page.text


def test_a_token_logs_in_and_logging_out_ends_it(browser):
    answer = browser.log_in()
    assert (answer.status_code, answer.location) == (303, "/")
    assert is_in(browser)
    assert browser.send("/logout").status_code == 303
    assert not is_in(browser)


def test_a_wrong_token_shows_the_log_in_page_again(browser):
    answer = browser.log_in("wrong")
    assert answer.status_code == 401
    assert "not known here" in answer.text
    assert not is_in(browser)


def test_the_sessions_cookie_is_for_this_site_and_no_script(browser):
    cookie = browser.log_in().headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Expires=" in cookie
    assert "root-token" not in cookie


@pytest.mark.parametrize("public_url", ["http://127.0.0.1:8000", "https://gleaner.example"])
def test_a_cookie_that_came_by_https_goes_back_by_https_alone_whatever_vendors_are_told(
    make_world, public_url
):
    world = make_world(changes={"public_url": public_url})
    for base_url, secure in (("http://localhost", False), ("https://localhost", True)):
        page = Browser(world.client()).get("/", base_url=base_url)
        assert ("Secure" in page.headers["Set-Cookie"]) is secure


def test_where_vendors_come_by_https_an_operator_can_still_log_in_on_the_plain_page(make_world):
    browser = Browser(make_world(changes={"public_url": "https://gleaner.example"}).client())
    assert browser.log_in().status_code == 303
    assert is_in(browser)


def test_a_session_ends_with_its_token(make_world, world, operator):
    cookie = operator.client.get_cookie("gleaner").value
    ring = Ring(InForce(world.services.keys, ("a-new-token",)))
    rotated = make_world(changes={"ring": ring}).client()
    rotated.set_cookie("gleaner", cookie)
    assert not is_in(Browser(rotated))


def test_a_session_outlives_the_rotation_of_the_key(make_world, operator):
    cookie = operator.client.get_cookie("gleaner").value
    for secrets, known in ((("new", "key of the tests"), True), (("new",), False)):
        client = make_world(changes={"ring": Ring(InForce(Keys(secrets), (TOKEN,)))}).client()
        client.set_cookie("gleaner", cookie)
        assert is_in(Browser(client)) is known


def test_a_session_ends_by_age(operator):
    with time_machine.travel(time.time() + 13 * 3600, tick=False):
        assert not is_in(operator)


def test_ten_bad_tries_close_the_door_for_a_minute_even_for_the_right_token(world, browser):
    bad = [browser.log_in("wrong").status_code for _ in range(10)]
    assert bad == [401] * 10
    refused = browser.log_in()
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    world.clock.move(timedelta(minutes=1))
    assert browser.log_in().status_code == 303


def test_bad_tries_of_another_address_close_no_door_here(world, browser):
    elsewhere = Browser(world.client())
    elsewhere.client.environ_base["REMOTE_ADDR"] = "192.0.2.1"
    for _ in range(11):
        elsewhere.log_in("wrong")
    assert browser.log_in().status_code == 303


# -- links -------------------------------------------------------------------------------------------------------------


def test_a_link_logs_in_once(world, browser):
    path = f"/login/{login_link(world.services.keys, NOON, TEN_MINUTES)}"
    assert browser.get(path).status_code == 303
    assert is_in(browser)
    again = Browser(world.client())
    assert again.get(path).status_code == 401
    assert not is_in(again)


def test_the_same_link_again_brings_whoever_is_logged_in_home(world, browser):
    path = f"/login/{login_link(world.services.keys, NOON, TEN_MINUTES)}"
    browser.get(path)
    answer = browser.get(path)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_to_look_at_a_links_head_does_not_use_it_up(world, browser):
    path = f"/login/{login_link(world.services.keys, NOON, TEN_MINUTES)}"
    browser.client.head(path)
    assert not is_in(browser)
    assert browser.get(path).status_code == 303
    assert is_in(browser)


def test_a_link_ends_by_age(world, browser):
    path = f"/login/{login_link(world.services.keys, NOON, TEN_MINUTES)}"
    world.clock.move(TEN_MINUTES)
    assert browser.get(path).status_code == 401


@pytest.mark.parametrize(
    "change", [lambda link: link[:-1], lambda link: f"9{link[1:]}", lambda link: "guess"]
)
def test_a_link_that_was_tampered_with_is_none(world, browser, change):
    link = login_link(world.services.keys, NOON, TEN_MINUTES)
    assert browser.get(f"/login/{change(link)}").status_code == 401
    assert not is_in(browser)


def test_a_link_of_the_key_before_still_works_after_its_rotation(world, browser):
    before = Keys(("older",))
    link = login_link(before, NOON, TEN_MINUTES)
    assert browser.get(f"/login/{link}").status_code == 401
    world.services = replace(world.services, ring=Ring(InForce(Keys(("newer", "older")), ("t",))))
    assert Browser(world.client()).get(f"/login/{link}").status_code == 303


# -- forms of other sites ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/login", "/logout", "/jobs", "/jobs/01jtest0000000000000000000/cancel"])
@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ({"csrf_token": ""}, {}),
        ({"csrf_token": "guess"}, {}),
        ({}, {"Origin": "http://evil.example"}),
        ({}, {"Origin": "http://localhost:81"}),
        ({}, {"Sec-Fetch-Site": "cross-site"}),
        ({}, {"Sec-Fetch-Site": "same-site"}),
        ({}, {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}),
    ],
)
def test_a_form_that_is_not_ours_does_nothing(world, operator, path, form, headers):
    answer = operator.send(path, headers, token="root-token-of-the-tests", **form)
    assert answer.status_code == 403
    assert is_in(operator)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    ],
)
def test_a_form_of_ours_is_believed_whatever_the_browser_says_of_it(browser, headers):
    assert browser.send("/login", headers, token="root-token-of-the-tests").status_code == 303


def test_the_token_of_a_form_is_made_anew_with_the_session(browser):
    before = browser.csrf()
    browser.log_in()
    assert browser.csrf() != before
