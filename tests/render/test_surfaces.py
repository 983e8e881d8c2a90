"""The terminal, the page and the files say the same, and say what they leave out."""

import io
from decimal import Decimal

import pyarrow as pa
from rich.console import Console

from hearthline import render
from hearthline.schema.figure import Chart, Column, Figure

COLUMNS = (
    Column("what", "Channel"),
    Column("share", "Share", "share", low="low", high="high", why="why"),
    Column("net", "Net", "money"),
)


def figure(*rows, notes=(), **more):
    names = {"what": pa.string(), "share": pa.float64(), "low": pa.float64(), "high": pa.float64(),
             "why": pa.string(), "net": pa.decimal128(24, 6)}  # fmt: skip
    table = pa.table({n: pa.array([r.get(n) for r in rows], t) for n, t in names.items()})
    return Figure(
        "made", "A finding", "Why?", "So.", COLUMNS, table, notes, source="town", currency="EUR", **more
    )


TV = {"what": "tv", "share": 0.34, "low": 0.31, "high": 0.37, "net": Decimal("1234.5")}
FEW = {"what": "watch", "why": "11 homes, 30 needed", "net": Decimal(-3)}


def printed(made, width=80, *, terminal=False):
    console = Console(width=width, file=io.StringIO(), force_terminal=terminal, color_system=None)
    render.to_terminal(made, console)
    return console.file.getvalue()


def test_a_share_stands_with_its_interval():
    assert "34% (31–37)" in printed(figure(TV))


def test_a_dash_comes_with_its_reason():
    for text in (printed(figure(TV, FEW)), render.to_html([figure(TV, FEW)], "t")):
        assert "–" in text
        assert "11 homes, 30 needed" in text


def test_money_has_a_real_minus_and_its_currency_in_the_heading():
    text = printed(figure(FEW))
    assert "−3.00" in text
    assert text.index("Net") < text.index("EUR") < text.index("watch")


def test_rows_left_out_are_counted():
    assert "86 more rows: hearthline report made --csv" in printed(figure(*[TV] * 100))


def test_columns_left_out_are_named():
    assert "not shown at this width: Net" in printed(
        figure(TV | {"what": "a long name of a channel"}), width=40
    )


def test_a_terminal_draws_the_interval_and_a_pipe_does_not():
    assert "━●━" in printed(figure(TV), terminal=True).replace(" ", "")
    assert "●" not in printed(figure(TV))


def test_markup_of_the_console_in_a_name_is_only_text():
    assert "[bold red]x[/]" in printed(figure(TV | {"what": "[bold red]x[/]"}))


def test_formulas_are_neutral_in_csv_and_negative_money_stays_a_number():
    text = render.to_csv(figure(FEW | {"what": "=1+1"}))
    assert "'=1+1" in text
    assert ',"-3.000000"' in text


def test_json_keeps_every_digit():
    row = render.to_json(figure(TV | {"net": Decimal("0.100000")}))["rows"][0]
    assert row["net"] == "0.100000"


def test_a_note_is_on_every_surface():
    made = figure(TV, notes=("It does not add up",))
    assert "It does not add up" in printed(made)
    assert "It does not add up" in render.to_html([made], "t")
    assert render.to_json(made)["notes"] == ["It does not add up"]


def test_sections_without_a_value_in_a_column_do_not_show_it():
    made = figure(TV, {"what": "x"}, group="what")
    tables = render.to_html([made], "t").split("<table>")
    assert "Net, EUR" in tables[1]
    assert "Net, EUR" not in tables[2]


def test_a_fragment_is_small_enough_for_a_notebook():
    assert len(render.to_fragment(figure(TV))) < 20_000


def test_a_page_has_the_banner_and_contents():
    text = render.to_html([figure(TV)], "Homes", banner="Demo data")
    assert "Demo data" in text
    assert 'href="#made"' in text
    assert 'id="made"' in text


def test_money_in_a_picture_of_its_own_is_said_as_money():
    drawn = pa.table({
        "what": ["tv, all", "tv, all"], "whose": ["Experiment", "Linear"],
        **{n: pa.array([Decimal(a), Decimal(b)], pa.decimal128(24, 6))
           for n, a, b in (("amount", "1234.5", "900"), ("low", "1100", "800"), ("high", "1300", "950"))},
    })  # fmt: skip
    chart = Chart("intervals", "of", "amount", "whose", "low", "high", data=drawn.rename_columns(
        ["of", "whose", "amount", "low", "high"]), title="Found and said")  # fmt: skip
    made = figure(TV, chart=chart)
    said = " ".join(printed(made, 100).split())
    assert "Experiment EUR" in said
    assert "1,234.50 (1,100–1,300)" in said
    page = render.to_html([made], "t")
    for part in (
        said.split("Found and said")[1].split("34%")[0],
        page.split("Found and said")[1].split("<table")[0],
    ):
        assert "%" not in part
