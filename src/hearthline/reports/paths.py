"""How orders come about: the paths of channels, their length, and the time they take."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._intervals import wilson
from hearthline.reports._reading import Row, min_homes, rows, run, table
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 30
SCREEN = "paths"
TITLE = "Paths to an order"
QUESTION = "Through which channels, in what order, and over how many days do orders come about?"
DEFINITION = (
    "A path is the order of channels that a household touched inside the look-back window before an order "
    "(at most 12 shown). Every order is in exactly one path; `No known touch` are orders without any. Paths "
    "beyond the twenty most frequent are summed up in `Other`. Journeys without an order are the drop-off: "
    "they touched and have not bought by the end of the data. A path says what came before an order and not "
    "what caused it. Intervals (90%) are Wilson's, which treat orders as independent."
)
COLUMNS = (
    Column("part", "Part"),
    Column("what", "Path"),
    Column("journeys", "Journeys", "count"),
    Column("orders", "Orders", "count"),
    Column("share", "Share of orders", "share", low="share_low", high="share_high", n="orders", why="why"),
    Column("value", "Net revenue", "money"),
)
_SHOWN = 20
_NODES = 7
_NONE = "No known touch"
_ARROW = " › "

_PATHS_SQL = """SELECT path, length, sum(journeys)::BIGINT AS journeys, sum(conversions)::BIGINT AS orders,
    sum(value)::DECIMAL(24, 6) AS value FROM paths GROUP BY path, length
    ORDER BY orders DESC, value DESC, path"""

_LENGTHS = ("0 touches", "1 touch", "2 touches", "3 touches", "4–5 touches", "6–10 touches", "11 or more")


def _length_of(touches: int) -> str:
    bounds = (0, 1, 2, 3, 5, 10)
    return next((_LENGTHS[i] for i, most in enumerate(bounds) if touches <= most), _LENGTHS[-1])


def _name(path: Sequence[str] | None) -> str:
    return _ARROW.join(path) if path else _NONE


def _shared(row: Row, whole: int, needed: int) -> Row:
    """Return the row with its share of all orders, or why there is none."""
    if whole < needed:
        return row | {"why": f"{text.plural(whole, 'order')}, {needed} needed"}
    low, high = wilson(row["orders"], whole)
    return row | {"share": row["orders"] / whole, "share_low": low, "share_high": high}


def _summed(part: str, what: str, found: Sequence[Row]) -> Row:
    return {
        "part": part,
        "what": what,
        "journeys": sum(r["journeys"] for r in found),
        "orders": sum(r["orders"] for r in found),
        "value": sum((r["value"] for r in found), Decimal(0)),
    }


def _top(found: Sequence[Row]) -> list[Row]:
    made = [_summed("Most frequent paths", _name(r["path"]), [r]) for r in found[:_SHOWN]]
    rest = found[_SHOWN:]
    if rest:
        made.append(_summed("Most frequent paths", f"Other ({text.plural(len(rest), 'path')})", rest))
    return made


def _lengths(found: Sequence[Row]) -> list[Row]:
    groups: dict[str, list[Row]] = {}
    for row in found:
        groups.setdefault(_length_of(row["length"] or 0), []).append(row)
    return [_summed("Touches before the order", n, groups[n]) for n in _LENGTHS if n in groups]


def _lags(answer: Answer) -> list[Row]:
    found = rows(answer, "SELECT days, sum(orders)::BIGINT AS orders FROM gaps GROUP BY days ORDER BY days")
    starts = [r["days"] for r in found] + [None]
    made = []
    for row, end in zip(found, starts[1:], strict=True):
        first = row["days"]
        span = f"{first} or more" if end is None else f"{first}" if end == first + 1 else f"{first}–{end - 1}"
        unit = "day" if span == "1" else "days"
        made.append({"part": "Days from the first touch", "what": f"{span} {unit}", "orders": row["orders"]})
    return made


def _open(answer: Answer) -> list[Row]:
    """Return the journeys that touched, by how they ended: the drop-off."""
    ends = {"order": "Ordered", "enrolment": "Enrolled", "open": "No order yet (drop-off)"}
    sql = """SELECT kind, count(*) AS journeys, coalesce(sum(value), 0)::DECIMAL(24, 6) AS value FROM journeys
             WHERE touches > 0 GROUP BY kind"""
    found = {r["kind"]: r for r in rows(answer, sql)}
    return [
        {"part": "How journeys with a touch end", "what": said, "journeys": found[kind]["journeys"]}
        for kind, said in ends.items()
        if kind in found
    ]


def _drawn(found: Sequence[Row], opened: int) -> pa.Table:
    """Return the ribbons from the first touch to the last and on to the order; Other is drawn."""
    frequent: Counter[str] = Counter()
    for row in found:
        for name in {row["path"][0], row["path"][-1]} if row["path"] else ():
            frequent[name] += row["orders"]
    named = {name for name, _ in sorted(frequent.items(), key=lambda i: (-i[1], i[0]))[: _NODES - 1]}
    ribbons: Counter[tuple[str, str, str]] = Counter()
    for row in found:
        first, last = (row["path"][0], row["path"][-1]) if row["path"] else (_NONE, _NONE)
        first, last = (n if n in named or n == _NONE else "Other" for n in (first, last))
        ribbons["First touch", first, last] += row["journeys"]
        ribbons["Last touch", last, "Ordered"] += row["orders"]
        ribbons["Last touch", last, "No order"] += row["journeys"] - row["orders"]
    ribbons["First touch", "Open journeys", "Open journeys"] += opened
    ribbons["Last touch", "Open journeys", "No order yet"] += opened
    drawn = sorted(((*k, v) for k, v in ribbons.items() if v > 0), key=lambda r: (r[0], -r[3], r[1], r[2]))
    names = ("step", "from", "to")
    return pa.table(
        {n: pa.array([r[i] for r in drawn], pa.string()) for i, n in enumerate(names)}
        | {"journeys": pa.array([r[3] for r in drawn], pa.int64())}
    )


def _title(found: Sequence[Row], whole: int, needed: int) -> str:
    """Return the share of orders with more than one touch before them, where there are enough."""
    if whole < needed:
        return TITLE
    several = sum(r["orders"] for r in found if (r["length"] or 0) > 1)
    said = text.share_interval(several / whole, *wilson(several, whole))
    return f"{said} of orders have more than one touch before them"


def build(answer: Answer) -> Figure:
    """Return paths, their lengths and lags, and how many journeys drop off."""
    found = rows(answer, _PATHS_SQL)
    whole = sum(r["orders"] for r in found)
    needed = min_homes(run(answer))
    lags = _lags(answer)
    ends = _open(answer)
    opened = next((r["journeys"] for r in ends if "drop-off" in r["what"]), 0)
    made = [_shared(r, whole, needed) for r in (*_top(found), *_lengths(found))]
    made += [_shared(r, sum(r["orders"] for r in lags), needed) for r in lags]
    notes = [] if whole else ["No orders with a household: there are no paths to show."]
    drawn = _drawn(found, 0 if any(r["journeys"] > r["orders"] for r in found) else opened)
    return Figure(
        name="paths",
        title=_title(found, whole, needed),
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made + ends, COLUMNS, {}),
        notes=tuple(notes),
        chart=Chart(
            "flow",
            label="from",
            value="journeys",
            target="to",
            order="step",
            data=drawn,
            title="Journeys from the first touch to the last and to the order",
        ),
        source=answer.source,
        currency=answer.currency,
        group="part",
    )
