"""Charts draw what the table says: ends, gaps, the rest and the drop-off, with nothing unescaped."""

import re
from datetime import date, timedelta
from xml.etree import ElementTree as ET

import pyarrow as pa
import pytest

from hearthline.render import svg
from hearthline.schema.figure import Chart, Column, Figure


def figure(chart, rows, currency="EUR"):
    columns = (Column(chart.value, "Share", "share", low=chart.low, high=chart.high),) if chart.low else ()
    return Figure(
        "made", "Title", "Why?", "So.", columns, pa.Table.from_pylist(rows), chart=chart, currency=currency
    )


INTERVALS = Chart("intervals", "channel", "share", low="low", high="high", series="model")


def shares(*names, models=("Hazard",)):
    return [
        {"channel": n, "model": m, "share": 0.3 - 0.02 * i + 0.01 * j, "low": 0.25 - 0.02 * i, "high": 0.4}
        for i, n in enumerate(names)
        for j, m in enumerate(models)
    ]


def drawn(chart, rows, width=800):
    return ET.fromstring(svg.draw(figure(chart, rows), width))  # noqa: S314 - our own text


def texts(root):
    return ["".join(t.itertext()) for t in root.iter("text")]


def test_a_band_reaches_from_one_end_of_the_interval_to_the_other():
    root = drawn(INTERVALS, [{"channel": "tv", "model": "", "share": 0.3, "low": 0.2, "high": 0.5}])
    band = next(e for e in root.iter("rect"))
    ticks = {t.text: float(t.get("x")) for t in root.iter("text") if (t.text or "").endswith("%")}
    left = float(band.get("x"))
    assert left == pytest.approx(ticks["20%"], abs=0.2)
    assert left + float(band.get("width")) == pytest.approx(ticks["50%"], abs=0.2)


def test_a_value_stands_beside_its_dot_in_words():
    assert "30% (20–50)" in texts(
        drawn(INTERVALS, [{"channel": "tv", "model": "", "share": 0.3, "low": 0.2, "high": 0.5}])
    )


def test_many_models_are_shown_apart_from_the_interval():
    root = drawn(INTERVALS, shares("tv", models=("Hazard", "Last", "First", "Linear", "Markov")))
    assert any(t.startswith("models ") for t in texts(root))
    assert len(list(root.iter("rect"))) == 1


def test_labels_that_are_not_drawn_are_counted():
    assert "+ 88 more, in the table" in texts(drawn(INTERVALS, shares(*(f"channel {i}" for i in range(100)))))


@pytest.mark.parametrize("width", [288, 300, 520, 800])
def test_nothing_reaches_over_the_edge(width):
    hostile = ["<script>alert('x')</script>", "a" * 200, "日本語の長い名前" * 9, "📺📻"]
    root = drawn(INTERVALS, shares(*hostile, models=("Hazard", "Last", "First", "Linear", "Markov")), width)
    for element in root.iter("rect"):
        assert 0 <= float(element.get("x")) <= float(element.get("x")) + float(element.get("width")) <= width
    assert not list(root.iter("script"))


def test_a_negative_share_has_a_real_minus_sign():
    root = drawn(INTERVALS, [{"channel": "tv", "model": "", "share": -0.05, "low": -0.1, "high": 0.02}])
    assert "−5.0% (−10 to 2.0)" in texts(root)
    assert not any(re.search(r"-\d", t) for t in texts(root))


def test_a_control_character_does_not_break_the_file():
    assert drawn(INTERVALS, shares("tv\x00\x1b[31m")) is not None


LINE = Chart("line", "day", "amount", series="what")


def test_a_missing_week_is_a_gap_in_the_line():
    start = date(2026, 1, 5)
    weeks = [{"day": start + timedelta(days=7 * w), "what": "a", "amount": float(w)} for w in range(8)]
    whole = list(drawn(LINE, weeks).iter("path"))
    parted = list(drawn(LINE, weeks[:3] + weeks[5:]).iter("path"))
    assert (len(whole), len(parted)) == (1, 2)


def test_series_are_told_apart_without_colour():
    rows = [
        {"day": date(2026, 1, d), "what": w, "amount": 1.0 * d} for d in range(1, 5) for w in ("one", "two")
    ]
    root = drawn(LINE, rows)
    assert len({e.get("stroke-dasharray") for e in root.iter("path")}) == 2
    assert {"one", "two"} <= set(texts(root))


FLOW = Chart("flow", "from", "n", target="to", order="step")
RIBBONS = [
    {"step": "First", "from": "tv", "to": "web", "n": 30},
    {"step": "First", "from": "Other", "to": "web", "n": 10},
    {"step": "Last", "from": "web", "to": "Ordered", "n": 25},
    {"step": "Last", "from": "web", "to": "No order", "n": 15},
]


def test_a_node_shows_its_sum_and_the_rest_and_the_drop_off_are_drawn():
    assert set(texts(drawn(FLOW, RIBBONS))) == {
        "First", "Last", "Outcome", "tv 30", "Other 10", "web 40", "Ordered 25", "No order 15",
    }  # fmt: skip


def test_ribbons_are_as_wide_as_their_counts():
    ribbons = list(drawn(FLOW, RIBBONS).iter("path"))
    wide = {e.find("title").text: float(e.get("stroke-width")) for e in ribbons}
    assert wide["tv to web: 30"] == pytest.approx(3 * wide["Other to web: 10"], rel=0.02)


def test_a_flow_is_a_ranked_list_on_a_phone():
    assert "tv → web" in texts(drawn(FLOW, RIBBONS, 300))


BARS = Chart("bars", "step", "homes", series="what")


def test_a_bar_of_nothing_is_still_named():
    root = drawn(BARS, [{"step": "tv", "what": "Homes", "homes": 0}])
    assert "tv" in texts(root)


def test_an_empty_table_has_no_picture():
    empty = pa.table({n: pa.array([], pa.string()) for n in ("channel", "share", "low", "high", "model")})
    assert svg.draw(Figure("n", "t", "q", "d", (), empty, chart=INTERVALS)) == ""


def test_two_values_of_one_label_never_share_a_line_on_a_phone():
    rows = [{"channel": "tv", "model": "", "share": s, "low": s - 0.1, "high": s + 0.1} for s in (0.2, 0.3)]
    root = drawn(INTERVALS, rows, 300)
    lines = [t.get("y") for t in root.iter("text") if "(" in "".join(t.itertext())]
    assert len(lines) == len(set(lines)) == 2


def test_a_course_rises_and_falls_with_its_values():
    from hearthline.render.svg.spark import spark

    root = ET.fromstring(spark([1.0, 3.0, 2.0], "three <weeks>"))  # noqa: S314 - our own text
    assert root.get("aria-label") == "three <weeks>"
    ends = [float(y) for y in re.findall(r"[\d.]+ ([\d.]+)", root.find("path").get("d"))]
    assert min(ends) == ends[1]  # the largest value is the highest point
