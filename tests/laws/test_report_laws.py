"""Laws over every report that is discovered, on every kind of answer, on every surface."""

import csv
import io
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from hearthline import render, reports
from hearthline.render.html import page
from hearthline.render.tables import matrix, sections
from hearthline.schema.text import MISSING
from reports.answers import CASES

DOCS = Path(__file__).parents[2] / "docs"
_BUILT = {}


def built(case, report):
    """Return a figure, made once for all laws."""
    if (case, report) not in _BUILT:
        answer = _BUILT.get(case) or _BUILT.setdefault(case, CASES[case]())
        _BUILT[case, report] = reports.load(report).build(answer)
    return _BUILT[case, report]


@pytest.fixture(params=sorted(CASES))
def case(request):
    return request.param


@pytest.fixture(params=reports.names())
def figure(request, case):
    return built(case, request.param)


@pytest.fixture(params=reports.names())
def report(request):
    return request.param


def test_a_report_says_what_it_asks_and_how_it_is_made(report):
    module = reports.load(report)
    assert module.TITLE.strip()
    assert module.QUESTION.endswith("?")
    assert len(module.DEFINITION) > 100


def test_a_figure_has_the_name_and_words_of_its_report(figure):
    module = reports.load(figure.name)
    assert (figure.question, figure.definition) == (module.QUESTION, module.DEFINITION)
    assert figure.title.strip()
    assert figure.source


def test_every_column_that_is_named_exists(figure):
    have = set(figure.rows.column_names)
    named = {n for c in figure.columns for n in (c.name, c.low, c.high, c.n, c.why) if n}
    assert named <= have
    assert figure.group is None or figure.group in have
    assert figure.across is None or figure.across in have


def test_a_chart_draws_columns_that_exist(figure):
    if figure.chart is None:
        return
    data = figure.rows if figure.chart.data is None else figure.chart.data
    chart = figure.chart
    named = (chart.label, chart.value, chart.series, chart.low, chart.high, chart.order, chart.target)
    assert {n for n in named if n} <= set(data.column_names)


def test_every_share_stands_between_the_ends_of_its_interval(figure):
    for column in (c for c in figure.columns if c.kind == "share"):
        assert column.low, f"{column.name} has no interval"
        assert column.high, f"{column.name} has no interval"
        for row in figure.rows.to_pylist():
            value, low, high = row[column.name], row[column.low], row[column.high]
            assert (value is None) == (low is None) == (high is None)
            assert value is None or low <= value <= high


def test_a_dash_in_place_of_a_share_has_a_reason(figure):
    for section in sections(figure):
        for i, column in enumerate(section.columns):
            if column.kind == "share":
                assert all(row[i].why for row in section.rows if row[i].text == MISSING), column.name


def test_money_is_exact_and_has_a_currency(figure):
    for column in (c for c in figure.columns if c.kind == "money"):
        assert figure.currency
        values = figure.rows[column.name].to_pylist()
        assert all(v is None or isinstance(v, Decimal) for v in values)


def _said(value):
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value


def test_json_holds_the_table(figure):
    ready = render.to_json(figure)
    plain = [{k: _said(v) for k, v in row.items()} for row in figure.rows.to_pylist()]
    assert ready["rows"] == plain
    assert [c["name"] for c in ready["columns"]] == [c.name for c in figure.columns]


def test_csv_holds_the_table(figure):
    read = list(csv.DictReader(io.StringIO(render.to_csv(figure))))
    rows = figure.rows.to_pylist()
    assert len(read) == len(rows)
    for got, row in zip(read, rows, strict=True):
        for name, value in row.items():
            if isinstance(value, float):
                assert float(got[name]) == value
            elif isinstance(value, bool | int):
                assert got[name].lower() == str(value).lower()
            else:
                assert got[name].removeprefix("'") == str(_said(value) or "").removeprefix("'")


def test_no_cell_of_a_csv_runs_as_a_formula(figure):
    numeric = {c.name for c in figure.columns if c.kind != "text"}
    for row in csv.DictReader(io.StringIO(render.to_csv(figure))):
        for name, value in row.items():
            if value[:1] in tuple("=+-@\t\r") and name not in numeric:
                float(value)  # a number, with its sign; anything else is an error


def test_parquet_holds_the_table(figure, tmp_path):
    render.to_parquet(figure, tmp_path / "figure.parquet")
    read = pq.read_table(tmp_path / "figure.parquet")
    assert read.to_pylist() == figure.rows.to_pylist()
    assert read.schema.metadata[b"hearthline.title"].decode() == figure.title


class _Reader(HTMLParser):
    """What a browser would make of a page: tags, attributes, and whether they close."""

    void = frozenset(("meta",))

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.open, self.text = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, k, v) for k, v in attrs]
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, k, v) for k, v in attrs]

    def handle_endtag(self, tag):
        while self.open and self.open[-1] != tag and self.open[-1] in self.void:
            self.open.pop()
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read_html(text):
    reader = _Reader()
    reader.feed(text)
    return reader


def test_a_page_holds_no_markup_of_its_data_and_makes_no_request(figure):
    text = page([figure], 'A "title" <b>', banner="<i>demo</i>")
    reader = read_html(text)
    assert not reader.open or set(reader.open) <= reader.void
    assert not {"script", "img", "link", "iframe", "b", "i", "object"} & set(reader.tags)
    for tag, name, value in reader.attributes:
        assert not name.startswith("on"), (tag, name)
        assert name not in ("src", "srcset", "action", "style")
        assert name != "href" or value.startswith("#")
    style = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_a_page_has_real_tables_with_captions_and_scopes(figure):
    reader = read_html(page([figure], "Title"))
    assert reader.tags.count("table") == reader.tags.count("caption")
    scopes = [(t, v) for t, k, v in reader.attributes if k == "scope"]
    assert len(scopes) == reader.tags.count("th")
    assert not figure.rows.num_rows or "table" in reader.tags


def test_a_chart_has_a_name_for_those_who_do_not_see_it(figure):
    drawn = render.to_svg(figure)
    if drawn:
        assert 'role="img"' in drawn
        assert re.search(r'aria-label=(".+?"|\'.+?\')', drawn)
        assert "<title>" in drawn
        assert "<desc>" in drawn


def _printed(figure, width, *, terminal):
    console = Console(width=width, file=io.StringIO(), force_terminal=terminal, color_system=None)
    render.to_terminal(figure, console)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_terminal_is_never_too_narrow(figure, width):
    for terminal in (True, False):
        lines = _printed(figure, width, terminal=terminal).splitlines()
        measure = Console().render_str
        assert max(measure(re.sub(r"[\[\]]", " ", line)).cell_len for line in lines) <= width


def test_no_number_is_cut_on_a_screen(figure):
    text = _printed(figure, 80, terminal=True)
    left_out = " ".join(re.findall(r"not shown at this width: ([^\n]*(?:\n[^\n]+)*)", text))
    for section in matrix(figure, 12) or sections(figure, 14):
        for i, column in enumerate(section.columns):
            if column.kind in ("money", "share", "count") and column.title not in left_out:
                for row in section.rows:
                    said = f"{row[i].text} ({row[i].interval})" if row[i].interval else row[i].text
                    assert said in text, (column.title, said)


def test_a_pipe_gets_no_signs_of_a_terminal(figure):
    text = _printed(figure, 80, terminal=False)
    assert "\x1b" not in text
    assert "━" not in text


def test_rows_that_are_left_out_are_counted(figure):
    text = _printed(figure, 120, terminal=False)
    if figure.rows.num_rows > 300:
        assert "more rows: hearthline report" in text


def test_missing_is_a_dash_and_never_a_word_of_a_machine(figure):
    text = " ".join(read_html(page([figure], "Title")).text)
    for word in ("None", "nan", "NaN", "inf", "null"):
        assert not re.search(rf"\b{word}\b", text), word
    assert MISSING == "\N{EN DASH}"


def test_every_report_is_in_the_docs_and_the_docs_name_no_other():
    told = set(re.findall(r"^## `(\w+)`", (DOCS / "reports.md").read_text(), re.MULTILINE))
    assert told == set(reports.names())


def test_the_docs_say_what_each_report_says_of_itself(report):
    module, told = reports.load(report), (DOCS / "reports.md").read_text()
    words = " ".join(told.split())
    assert module.QUESTION in words
    assert " ".join(module.DEFINITION.split()) in words
    part = told[told.index(f"## `{report}`") :].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)`", part, re.MULTILINE) == [c.name for c in module.COLUMNS]
