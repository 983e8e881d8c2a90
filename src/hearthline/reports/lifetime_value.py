"""IoT customer lifetime value: what a home has spent and is expected to spend, connected and not."""

from decimal import Decimal

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._opening import opened
from hearthline.reports._reading import Row, rows, run, table
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 53
SCREEN = "household"
TITLE = "IoT customer lifetime value"
QUESTION = (
    "What is a home with connected devices worth, so far and in the next twelve months, and how sure is that?"
)
DEFINITION = (
    "Value (currency per home) = (net revenue so far + net revenue expected over the horizon) / homes that "
    "ordered; revenue, not margin. Expected = orders to come (BG/NBD or Pareto/NBD, whichever makes the "
    "orders so far likelier; the rate and the leaving shifted by how often connected devices are used) x "
    "value of an order (Gamma-Gamma); it is a prediction and stands apart. Connected = somebody used a "
    "speaker, display, television, appliance, wearable, vehicle or other connected device; phones and "
    "browsers are none. Window: all orders so far, horizon 12 months. Interval (90%): drawn parameters and "
    "drawn futures; n is homes. Plain = the same without use of devices. Hold- out: the last third of the "
    "days foretold from the first two. Traps: homes are counted from their first order, so that young ones "
    "pull the sum so far down; connected homes differ in much else, so the difference is no effect of "
    "devices; machine-placed orders make a home look frequent."
)
COLUMNS = (
    Column("part", "Part"),
    Column("what", "Homes"),
    Column("homes", "Number", "count"),
    Column("spent", "Revenue so far", "money"),
    Column("expected", "Expected in 12 months", "money", low="low", high="high"),
    Column("plain", "Expected, plain", "money", help="Without use of devices"),
    Column("value", "Value of a home", "money", low="value_low", high="value_high"),
    Column("alive", "Still a customer", "number", unit="%"),
    Column("orders", "Orders", "number", help="So far; in the hold-out: expected, with its interval",
           low="orders_low", high="orders_high"),
    Column("came", "Orders that came", "count"),
)  # fmt: skip
_HIDDEN = {"unit": pa.int64()}
_TOTALS = 'SELECT * FROM lifetime_totals ORDER BY "group" <> \'all\', "group"'
_HOMES = """SELECT unit, unit::VARCHAR AS what, spent, expected, low, high, expected_plain AS plain,
    100 * alive AS alive, orders FROM lifetime_values WHERE expected IS NOT NULL
    ORDER BY expected DESC, unit LIMIT 50"""
_MONEY = ("spent", "expected", "low", "high", "plain", "value", "value_low", "value_high")


def _exact(row: Row) -> Row:
    """Return the row with its money to the cent, and the ends of intervals around their values."""
    out = dict(row)
    for value, low, high in (("expected", "low", "high"), ("value", "value_low", "value_high")):
        if out.get(value) is not None and out.get(low) is not None:
            out[low], out[high] = min(out[low], out[value]), max(out[high], out[value])
    cents = Decimal("0.01")
    return out | {n: Decimal(str(out[n])).quantize(cents) for n in _MONEY if out.get(n) is not None}


def _group(row: Row) -> Row:
    n = max(row["households"], 1)
    out = {"part": "Groups", "what": row["group"], "homes": row["households"], "spent": row["spent"]}
    out |= {
        "expected": row["expected"],
        "low": row["low"],
        "high": row["high"],
        "plain": row["expected_plain"],
    }
    names = {"value": "expected", "value_low": "low", "value_high": "high"}
    return _exact(out | {name: (row["spent"] + row[of]) / n for name, of in names.items()})


def _held_out(row: Row) -> Row | None:
    if row["held_out_orders"] is None or row["held_out_low"] is None:
        return None
    value, low, high = row["held_out_orders"], row["held_out_low"], row["held_out_high"]
    ends = {"orders": value, "orders_low": min(low, value), "orders_high": max(high, value)}
    return {
        "part": "Hold-out",
        "what": "orders of the last third of the days",
        "came": row["held_out_true"],
        **ends,
    }


def _too_far(answer: Answer, horizon: int) -> list[str]:
    """Return what is to be said where more days are foretold than were seen."""
    about = run(answer)
    if not about:
        return []
    days = (about["last_day"] - about["first_day"]).days + 1
    if horizon <= days:
        return []
    said = f"{horizon} days are foretold from {days}: who leaves only after that long was never seen"
    return [f"{said}, and the interval does not hold it. Rather too high than too low."]


def build(answer: Answer) -> Figure:
    """Return value by group, the hold-out, and the homes that are expected to spend most."""
    totals = rows(answer, _TOTALS)
    made = [_group(r) for r in totals]
    held = next((h for r in totals if (h := _held_out(r))), None)
    made += [held] if held else []
    homes = [_exact(r) | {"part": "Homes expected to spend most"} for r in rows(answer, _HOMES)]
    notes, title = [], TITLE
    groups = {r["what"]: r for r in made}
    one = groups.get("connected")
    if one:
        ends = " and ".join(text.brief_money(one[n], answer.currency) for n in ("value_low", "value_high"))
        title = (
            f"A connected home is worth {text.brief_money(one['value'], answer.currency)} (between {ends})"
        )
    if not totals:
        notes.append("Too few homes ordered twice to foretell anything; what was spent is in `homes`.")
    if held:
        inside = held["orders_low"] <= held["came"] <= held["orders_high"]
        notes.append(
            f"Hold-out: {held['orders']:,.0f} orders foretold (between {held['orders_low']:,.0f} and "
            f"{held['orders_high']:,.0f}), {held['came']:,} came: {'inside' if inside else 'outside'} the "
            "interval."
        )
    if totals and totals[0]["log_likelihood"] is not None:
        gain = totals[0]["log_likelihood"] - totals[0]["log_likelihood_plain"]
        notes.append(f"Use of devices adds {gain:+.1f} to the log-likelihood, for two parameters more.")
        notes += _too_far(answer, totals[0]["horizon_days"])
    return Figure(
        name="lifetime_value",
        title=title,
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table([*made, *homes], COLUMNS, _HIDDEN),
        notes=(*notes, *opened("lifetime_value", [*made, *homes])),
        chart=Chart(
            "intervals",
            label="what",
            value="value",
            low="value_low",
            high="value_high",
            data=table([r for r in made if r["part"] == "Groups"], COLUMNS, _HIDDEN),
            title="Value of a home, so far and in twelve months, with its 90% interval",
        ),
        source=answer.source,
        currency=answer.currency,
        group="part",
    )
