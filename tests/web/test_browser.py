"""The screens in a real Chromium: readable, reachable, narrow, quiet, and never outside (`make test-browser`)."""

import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hearthline.server.dashboard.screens import SCREENS
from web.serving import serving

pytestmark = pytest.mark.browser
PATHS = {s.key: s.path for s in SCREENS}
THEMES = ("light", "dark")
# What the pages show besides the nine: all are held to the same.
MORE = ("/reports", "/api", "/reports/attribution?kind=all", "/orders?channel=smart-tv", "/nope")


@pytest.fixture(scope="module")
def axe() -> Any:
    """The rules of axe-core, as a script for a page."""
    from axe_playwright_python.sync_playwright import Axe

    return Axe()


class Looker:
    """Opens pages and keeps what they complain about and what they ask of others."""

    def __init__(self, browser: Any, **look: Any) -> None:
        self.context = browser.new_context(**({"viewport": {"width": 1280, "height": 800}} | look))
        self.complaints: list[str] = []
        self.asked: set[str] = set()
        self.page = self.context.new_page()
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.add(request.url))

    def _said(self, message: Any) -> None:
        # A page that refuses says so in its status, which the browser reports as if it were an error.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def open(self, url: str) -> Any:
        """Return the page at an address, painted and quiet."""
        self.page.goto(url, wait_until="load")
        self.page.evaluate("document.fonts.ready")
        return self.page


Look = Callable[..., Looker]


@pytest.fixture
def look(chromium: Any) -> Iterator[Look]:
    """Return what opens a context; it is closed with the test, and its complaints are the test's failure."""
    made: list[Looker] = []

    def opened(**how: Any) -> Looker:
        made.append(Looker(chromium, **how))
        return made[-1]

    yield opened
    for looker in made:
        looker.context.close()
        assert looker.complaints == []
        ours = ("http://127.0.0.1:", "blob:http://127.0.0.1:", "data:")
        assert [a for a in looker.asked if not a.startswith(ours)] == []


@pytest.fixture(scope="module")
def inside(chromium: Any, url: str) -> dict[str, str]:
    """The addresses of one home, one order and one event."""
    page = chromium.new_page()
    page.goto(f"{url}/household")
    links = [a.get_attribute("href") for a in page.query_selector_all(".cards a")]
    order = next(x for x in links if x.startswith("/orders/"))
    home = next(x for x in links if x.startswith("/household/"))
    page.goto(url + order)
    event = page.query_selector('a[href^="/event"]').get_attribute("href")
    page.close()
    return {"order": order, "home": home, "event": event}


def until(page: Any, script: str, seconds: float = 20.0) -> None:
    """Wait until a script is true; Playwright's own waiting needs `eval`, which the policy forbids."""
    end = time.monotonic() + seconds
    while not page.evaluate(script):
        assert time.monotonic() < end, script
        page.wait_for_timeout(50)


def violations(axe: Any, page: Any, *rules: str) -> list[str]:
    """Return what axe finds wrong, each with its first place."""
    options = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    found = axe.run(page, options=options).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in found]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("state", ["url", "empty", "broken"])
def test_no_screen_hinders_anybody(
    state: str, theme: str, look: Look, axe: Any, inside: dict[str, str], request: pytest.FixtureRequest
) -> None:
    """Axe finds nothing: nine screens and what they open, light and dark, full, empty and in error."""
    base, looker = request.getfixturevalue(state), look(color_scheme=theme)
    more = (
        (*inside.values(), *MORE)
        if (state, theme) == ("url", "light")
        else (*inside.values(),)
        if state == "url"
        else ()
    )
    paths = [*PATHS.values(), *more]
    rules = () if theme == "light" else ("color-contrast",)
    found = {p: violations(axe, looker.open(base + p), *rules) for p in paths}
    assert {p: v for p, v in found.items() if v} == {}


_TEXTS = """() => [...document.querySelectorAll(".hl-svg")].filter((s) => s.getBoundingClientRect().width).flatMap((svg) =>
  [...svg.querySelectorAll("text, tspan")].map((t) => ({
    ink: getComputedStyle(t).fill, size: parseFloat(getComputedStyle(t).fontSize),
    scale: svg.getBoundingClientRect().width / svg.viewBox.baseVal.width,
    ground: getComputedStyle(document.body).backgroundColor, words: t.textContent,
    over: [...svg.querySelectorAll(".hl-ribbon")].map((r) => [getComputedStyle(r).stroke, 0.28]) })))"""


def channels(colour: str) -> list[float]:
    return [float(x) / 255 for x in re.findall(r"[\d.]+", colour)[:3]]


def luminance(colour: list[float]) -> float:
    r, g, b = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in colour)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: list[float], other: list[float]) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_words_in_charts_are_read_on_the_ground_and_over_ribbons(theme: str, look: Look, url: str) -> None:
    """Axe cannot judge text in SVG over ribbons, so each is computed, at the worst ribbon, without its halo."""
    looker, least = look(color_scheme=theme), {}
    for path in ("/", "/paths", "/devices", "/trust"):
        for text in looker.open(url + path).evaluate(_TEXTS):
            ground, ink = channels(text["ground"]), channels(text["ink"])
            grounds = [ground]
            for stroke, part in text["over"]:
                grounds.append(
                    [part * s + (1 - part) * g for s, g in zip(channels(stroke), ground, strict=True)]
                )
            least[path, text["words"]] = min(contrast(ink, g) for g in grounds)
            assert text["size"] * text["scale"] >= 11.9, text["words"]
    assert len(least) > 80
    worst = min(least, key=lambda k: least[k])
    assert least[worst] >= 4.5, worst


@pytest.mark.parametrize("width", [320, 390])
def test_no_page_scrolls_sideways(
    width: int, look: Look, url: str, empty: str, inside: dict[str, str]
) -> None:
    looker = look(viewport={"width": width, "height": 800})
    pages = [url + p for p in (*PATHS.values(), *inside.values(), *MORE)] + [
        empty + p for p in PATHS.values()
    ]
    wide = "[document.documentElement.scrollWidth, innerWidth]"
    found = {p: looker.open(p).evaluate(wide) for p in pages}
    assert {p: w for p, w in found.items() if w[0] > w[1]} == {}


_REACHED = """() => { const e = document.activeElement, s = getComputedStyle(e), all = [...document.querySelectorAll("*")];
  return { at: all.indexOf(e), tag: e.tagName, ring: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2,
           words: (e.textContent || e.id).trim().slice(0, 40) }; }"""
_CONTROLS = """() => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), summary, [tabindex='0']")]
  .filter((e) => e.checkVisibility({ visibilityProperty: true }) && e.closest("dialog") === null).length"""


@pytest.mark.parametrize("key", list(PATHS))
def test_the_keyboard_reaches_everything_in_order_with_a_ring(key: str, look: Look, url: str) -> None:
    page = look().open(url + PATHS[key])
    controls, reached = page.evaluate(_CONTROLS), []
    for _ in range(min(controls, 70)):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(_REACHED))
    assert reached[0]["words"] == "Skip to the content"
    assert [r["at"] for r in reached] == sorted({r["at"] for r in reached})
    assert [r["words"] for r in reached if not r["ring"]] == []
    assert (
        page.evaluate(
            'document.querySelectorAll(\'[tabindex]:not([tabindex="0"]):not([tabindex="-1"])\').length'
        )
        == 0
    )


def test_keys_open_screens_and_the_help(look: Look, url: str) -> None:
    page = look().open(url + "/")
    page.keyboard.press("?")
    assert page.locator("dialog#help").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_url("**/trust")
    page.keyboard.press("/")
    page.wait_for_url("**/household")


def test_it_reads_without_scripts(look: Look, url: str) -> None:
    page = look(java_script_enabled=False).open(url + "/attribution")
    page.get_by_role("link", name="By a machine", exact=True).click()
    assert "kind=machine" in page.url
    assert page.locator("h1").inner_text()
    assert page.locator(".hl-svg:visible").count() >= 1
    page.locator("summary", has_text="All numbers").first.click()
    assert page.locator("details[open] table").first.is_visible()


def test_it_prints_what_it_says_and_nothing_around_it(look: Look, url: str) -> None:
    page = look().open(url + "/attribution")
    page.emulate_media(media="print")
    assert not page.locator(".side").is_visible()
    assert not page.locator(".filters").first.is_visible()
    assert page.locator("h1").is_visible()
    assert page.locator(".hl-svg:visible").count() >= 1
    assert len(page.pdf()) > 20_000


def test_old_numbers_are_dimmed_until_the_new_ones_are_there(look: Look, url: str) -> None:
    looker = look()
    page = looker.open(url + "/attribution")
    before = page.locator("h1").inner_text()
    looker.context.route(
        "**/attribution?kind=machine", lambda route: (page.wait_for_timeout(0), held.append(route))
    )
    held: list[Any] = []
    page.get_by_role("link", name="By a machine", exact=True).click()
    until(page, "getComputedStyle(document.querySelector('main')).opacity < 0.6")
    assert page.locator("h1").inner_text() == before
    held[0].continue_()
    until(page, "document.querySelector('h1').innerText !== " + repr(before))
    until(page, "getComputedStyle(document.querySelector('main')).opacity > 0.9")
    assert page.url.endswith("kind=machine")


def test_what_arrives_is_shown_by_itself(look: Look, town: Path, tmp_path: Path) -> None:
    """A batch is counted and a new answer replaces the page's numbers, without a reload."""
    import hearthline as hl

    home = tmp_path / "town"
    shutil.copytree(town, home)
    with serving(home) as url:
        looker = look()
        page = looker.open(url + "/stream")
        page.wait_for_selector("#pulse[data-state=live]")
        page.evaluate("window.sameDocument = true")
        before = page.locator("#arrived dd").first.inner_text()
        file = tmp_path / "more.csv"
        rows = [f"2026-02-0{d}T10:00:00Z,d-{d},speaker,asked,home-new-{d},voice-search" for d in range(1, 8)]
        file.write_text("ts,device_id,device_type,event,household,channel\n" + "\n".join(rows) + "\n")
        opened = hl.open_home(home)
        opened.add(file)
        until(page, f"document.querySelector('#arrived dd').innerText !== {before!r}")
        scope = page.locator(".scope").inner_text()
        opened.run(demo=True)
        until(page, f"document.querySelector('.scope').innerText !== {scope!r}")
        assert page.evaluate("window.sameDocument") is True


def test_a_chart_is_taken_along_as_a_picture(look: Look, url: str, tmp_path: Path) -> None:
    page = look().open(url + "/")
    with page.expect_download() as download:
        page.get_by_role("link", name="PNG").first.click()
    file = tmp_path / "chart.png"
    download.value.save_as(file)
    assert file.read_bytes().startswith(b"\x89PNG")


def test_an_analyst_finds_four_answers_by_following_links(look: Look, url: str) -> None:
    """Which channel earned most, how sure, why it differs from last touch, what one household did."""
    page = look().open(url + "/")
    assert re.search(r"lead|earned", page.locator("h1").inner_text())
    first = page.locator(".hl-svg:visible").first.locator("g > title").first.text_content()
    assert re.search(r"\d+(\.\d)?% \([\d.]+–[\d.]+\)", first or "")
    assert page.get_by_text("Why it differs from last touch").is_visible()
    page.get_by_role("link", name="Household").click()
    page.locator(".cards a").last.click()
    page.wait_for_selector(".hl-svg:visible")
    assert re.search(r"\d+ orders? after \d+ touch", page.locator("h1").inner_text())
    page.locator("section[aria-labelledby=orders-title] tbody a").first.click()
    page.locator("section[aria-labelledby=events-title] tbody a").first.click()
    assert page.locator("pre.raw").inner_text().strip()


def test_numbers_say_their_definition_and_open_down(look: Look, url: str) -> None:
    page = look().open(url + "/attribution")
    page.locator("summary", has_text="How it is made").first.click()
    assert "Credit of a channel" in page.locator("details[open] p").first.inner_text()
    page.locator("table.hl-matrix td a").first.click()
    assert "owe something to" in page.locator("h1").inner_text()
