"""One number is one number: in the drawing, the table, JSON, CSV, the terminal, and the shop's own sum."""

import csv
import io
import json
import re
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import requests
from typer.testing import CliRunner

import hearthline as hl
from hearthline import reports
from hearthline.cli import app
from hearthline.render import csv as as_csv
from hearthline.render.svg import draw
from hearthline.render.tables import sections


class Page(HTMLParser):
    """The words of every table cell, and of every drawing's description."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.told: list[str] = []
        self._in: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, _: Any) -> None:
        if tag in ("td", "th"):
            self.cells.append("")
            self._in = "cell"
        elif tag == "desc":
            self.told.append("")
            self._in = "desc"

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "desc"):
            self._in = None

    def handle_data(self, data: str) -> None:
        if self._in == "cell":
            self.cells[-1] += data
        elif self._in == "desc":
            self.told[-1] += data


def got(url: str, path: str) -> requests.Response:
    return requests.get(url + path, timeout=30)


@pytest.mark.parametrize("name", reports.names())
def test_the_drawing_and_the_table_say_what_json_and_csv_say(url: str, town: Path, name: str) -> None:
    there = hl.connect(url).report(name).figure  # made of nothing but what the API sent
    page = Page(got(url, f"/reports/{name}").text)
    drawn = re.findall(r"<desc>(.*?)</desc>", draw(there, 980))
    assert [d for d in drawn if d not in "".join(f"<{t}>" for t in map(escaped, page.told))] == []
    shown = [c for s in sections(there, 200) for row in s.rows for c in row]
    words = {c.text for c in shown}
    assert words <= {
        w for cell in page.cells for w in (cell.strip(), cell.strip().partition(" (")[0], *cell.split("  "))
    } | {c.text for c in shown if any(c.text in cell for cell in page.cells)}
    rows = got(url, f"/api/reports/{name}").json()["rows"]
    lines = list(csv.DictReader(io.StringIO(got(url, f"/api/reports/{name}.csv").text)))
    for row, line in zip(rows, lines, strict=True):
        for column, value in row.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                assert float(line[column]) == value
            elif isinstance(value, str) and not value.startswith(as_csv._FORMULA):
                assert line[column] == value
            elif value is None:
                assert line[column] == ""


def escaped(text: str) -> str:
    from hearthline.render.svg.canvas import clean

    return clean(text)


def test_each_model_sums_to_the_shop_on_every_surface(url: str, town: Path) -> None:
    home = hl.open_home(town)
    shop = home.sql("SELECT sum(net)::DECIMAL(24, 6) AS net FROM orders")["net"][0].as_py()
    api = got(url, "/api/reports/attribution?kind=all").json()["rows"]
    said = CliRunner().invoke(app, ["report", "attribution", "--json", "--home", str(town)])
    terminal = [r for r in json.loads(said.stdout)["rows"] if r["kind"] == "all"]
    models = {r["model"] for r in api}
    assert len(models) > 8
    for rows in (api, terminal):
        for model in models:
            amounts = [r for r in rows if r["model"] == model]
            money = next(c for c in ("credit", "amount") if c in amounts[0])
            assert sum(Decimal(r[money]) for r in amounts) == shop, model
    parts = [r for r in got(url, "/api/reports/overview").json()["rows"] if r["kind"] != "all"]
    assert sum(Decimal(r["net"]) for r in parts) == shop
    assert got(url, "/").text.count(f"{shop:,.2f}") >= 1


def test_a_number_opens_into_orders_that_sum_to_it(url: str) -> None:
    model = got(url, "/api/run").json()["default_model"]
    rows = got(url, "/api/reports/attribution?kind=all").json()["rows"]
    lead = rows[0]
    money = next(c for c in ("credit", "amount") if c in lead)
    behind = got(url, f"/api/orders?channel={lead['channel']}&model={model}&limit=1000").json()
    assert behind["total"] == len(behind["orders"])
    assert abs(Decimal(behind["credit"]) - Decimal(lead[money])) < Decimal("0.01")
    assert sum(Decimal(o["credit"]) for o in behind["orders"]) == Decimal(behind["credit"])


@pytest.mark.parametrize("name", reports.names())
def test_every_report_is_on_a_screen_and_in_the_list(url: str, name: str) -> None:
    screen = getattr(reports.load(name), "SCREEN", None)
    assert f'href="/reports/{name}"' in got(url, "/reports").text
    if screen:
        path = "/" if screen == "overview" else f"/{screen}"
        assert f'id="{name}"' in got(url, path).text


@pytest.mark.parametrize("name", reports.names())
def test_every_number_says_its_unit_its_n_and_its_definition(url: str, name: str) -> None:
    told = got(url, f"/api/reports/{name}").json()
    for column in told["columns"]:
        if column["kind"] == "money":
            assert column["unit"]
        if "low" in column:
            assert {"low", "high"} <= set(column)
    page = got(url, f"/reports/{name}").text
    assert "How it is made" in page
    for form in ("csv", "parquet"):
        assert f'href="/api/reports/{name}.{form}"' in page


def test_notebooks_and_one_file_reports_draw_the_same_chart(town: Path, url: str) -> None:
    figure = hl.open_home(town).report("paths")
    chart = re.search(r"<svg[^>]*hl-full.*?</svg>", figure._repr_html_())
    page = re.search(r"<svg[^>]*hl-full.*?</svg>", figure.html())
    assert chart is not None
    assert page is not None
    shapes = [re.findall(r' d="[^"]+"', found[0]) for found in (chart, page)]
    shown = re.search(r"<svg[^>]*hl-full.*?</svg>", got(url, "/reports/paths").text)
    assert shown is not None
    assert shapes[0] == shapes[1] == re.findall(r' d="[^"]+"', shown[0])
