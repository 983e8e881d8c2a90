"""What keeps strangers out: policy, cookies, forms, scopes, masks, limits and the audit log; each is tried."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import requests

from hearthline.server.api.limits import Limit
from hearthline.server.api.routes import ROUTES
from hearthline.server.dashboard.pages import ROUTES as PAGES
from web.conftest import TOKENS, allowed
from web.serving import serving

SCREENS = (
    "/",
    "/attribution",
    "/paths",
    "/household",
    "/devices",
    "/replenishment",
    "/identity",
    "/stream",
    "/trust",
)


def got(url: str, path: str, **more: Any) -> requests.Response:
    return requests.get(url + path, timeout=30, allow_redirects=False, **more)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def lists(answer: requests.Response) -> dict[str, list[str]]:
    parts = answer.headers["content-security-policy"].split(";")
    return {name: values for name, *values in (p.split() for p in parts)}


@pytest.mark.parametrize("path", [*SCREENS, "/api/run", "/api/nope", "/nope", "/reports/attribution.svg"])
def test_every_answer_tells_the_browser_what_it_may_do(url: str, path: str) -> None:
    answer = got(url, path)
    policy = lists(answer)
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == ["'self'"]
    assert policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", SCREENS)
def test_no_page_holds_a_script_a_style_or_a_handler_of_its_own(url: str, path: str) -> None:
    page = got(url, path).text
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert re.findall(r"<style|\bstyle=|\bon[a-z]+=", page) == []
    assert re.findall(r"""(?:src|href)=["'](?!/|#|data:)[^"']*:""", page) == []


def test_what_is_shown_is_escaped(url: str) -> None:
    evil = "<img src=x onerror=alert(1)>"
    for path in (
        "/household?q=",
        "/stream?told=",
        "/orders?channel=",
        "/reports/attribution?channel=",
        "/attribution?kind=",
    ):
        assert evil not in got(url, path + evil).text
    assert got(url, "/household?q=" + evil).text.count("&lt;img") >= 1


@pytest.mark.parametrize("route", [r for r in (*PAGES, *ROUTES) if "{" not in r.path], ids=lambda r: r.path)
def test_nothing_is_read_without_a_token(locked: str, route: Any) -> None:
    if route.path in ("/login", "/health"):
        return
    assert got(locked, route.path).status_code == 401
    assert got(locked, route.path, headers=bearer("ingest")).status_code == 401


def test_a_token_becomes_a_cookie_that_scripts_and_other_sites_do_not_get(locked: str) -> None:
    answer = requests.post(locked + "/login", data={"token": "reader"}, timeout=30, allow_redirects=False)
    cookie = answer.headers["set-cookie"].lower()
    assert answer.status_code == 303
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert got(locked, "/", cookies={"hearthline": "reader"}).status_code == 200
    assert requests.post(locked + "/login", data={"token": "guessed"}, timeout=30).status_code == 401


@pytest.mark.parametrize(
    ("token", "headers", "word", "status"),
    [
        ("reader", {}, True, 403),  # may not write
        ("writer", {}, False, 403),  # a form that is not ours
        ("writer", {"origin": "https://evil.example"}, True, 403),
        ("writer", {"sec-fetch-site": "cross-site"}, True, 403),
        ("writer", {}, True, 303),
    ],
)
def test_a_write_needs_its_scope_and_our_own_form(
    locked: str, token: str, headers: dict[str, str], word: bool, status: int
) -> None:
    cookies = {"hearthline": token}
    page = got(locked, "/stream", cookies=cookies).text
    may_write = "write" in TOKENS[token]
    assert ("/stream/retry" in page) == may_write
    found = re.search(
        r'name="csrf" value="(\w+)"', got(locked, "/stream", cookies={"hearthline": "writer"}).text
    )
    assert found is not None
    data = {"csrf": found[1] if word else "0" * 32, "reason": "not-json"}
    where = locked + "/stream/retry"
    answer = requests.post(
        where, data=data, cookies=cookies, headers=headers, timeout=30, allow_redirects=False
    )
    assert answer.status_code == status


def test_another_name_for_this_computer_is_refused(url: str) -> None:
    assert got(url, "/", headers={"host": "evil.example"}).status_code == 421
    assert got(url, "/", headers={"host": "localhost:80"}).status_code == 200


def test_the_theme_leads_nowhere_else(url: str) -> None:
    for back in ("https://evil.example", "//evil.example", "/\\evil.example"):
        assert got(url, "/theme", params={"to": "dark", "back": back}).headers["location"] == "/"


def test_identifiers_are_masked_unless_the_scope_allows(locked: str) -> None:
    order = got(locked, "/api/orders", headers=bearer("reader")).json()["orders"][0]["order_id"]
    masked, whole = (
        got(locked, f"/api/explain/{order}", headers=bearer(t)).json()["links"] for t in ("reader", "whole")
    )
    assert len(masked) == len(whole) > 0
    assert all(re.fullmatch(r"[\w.]+ #[0-9a-f]{6}", k["left_id"]) for k in masked)
    assert not any("#" in k["left_id"] for k in whole)
    values = {k["left_id"].partition(":")[2] for k in whole}
    page = got(locked, f"/orders/{order}", headers=bearer("reader")).text
    assert not any(v in page for v in values if len(v) > 8)


def test_who_looked_at_a_household_is_written_down_without_a_name(locked: str, town: Path) -> None:
    first = got(locked, "/api/orders", headers=bearer("reader")).json()["orders"][0]
    for path in (
        f"/orders/{first['order_id']}",
        f"/household/{first['unit']}",
        f"/api/households/{first['unit']}",
    ):
        assert got(locked, path, headers=bearer("reader")).status_code == 200
    lines = [json.loads(x) for x in (town / "audit" / "looks.ndjson").read_text().splitlines()][-3:]
    assert [(x["what"], x["shown"]) for x in lines] == [
        ("order", "masked"),
        ("household", "masked"),
        ("household", "masked"),
    ]
    assert all("reader" not in x["who"] and x["who"].startswith("token ") for x in lines)
    assert first["unit"] in got(locked, "/trust", headers=bearer("reader")).text


def test_a_loop_is_slowed_and_told_when_to_ask_again(town: Path) -> None:
    with serving(town, allowed, Limit(burst=5, rate=0.001)) as url:
        found = [got(url, "/api/run", headers=bearer("reader")) for _ in range(8)]
        assert [a.status_code for a in found] == [200] * 5 + [429] * 3
        assert found[-1].headers["retry-after"]
        assert (
            got(url, "/api/run", headers=bearer("whole")).status_code == 200
        )  # another visitor is not slowed
        guesses = [got(url, "/api/run", headers=bearer(f"guess-{i}")).status_code for i in range(8)]
        assert guesses[-1] == 429


def test_a_damaged_answer_says_how_to_make_it_anew(broken: str) -> None:
    for path in SCREENS:
        answer = got(broken, path, headers={"accept": "text/html"})
        assert answer.status_code == 503
        assert "Traceback" not in answer.text
        assert "<nav" in answer.text  # the page keeps its shell
    told = got(broken, "/api/run").json()["error"]
    assert "hearthline run" in told["cure"]
    assert told["id"]
    assert told["cure"]
