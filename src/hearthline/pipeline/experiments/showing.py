"""An experiment as it stands, as a figure: what may be said today, and what only at the end."""

import pyarrow as pa

from hearthline.experiments import Difference
from hearthline.pipeline.experiments.book import Planned
from hearthline.pipeline.experiments.measuring import Measured, measured, unbalanced
from hearthline.pipeline.experiments.reading import Read, money_of
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure
from hearthline.store.answer import PublishedAnswer

__all__ = ["analysis_figure"]

QUESTION = "What did the channel cause, and may it be said already?"
DEFINITION = (
    "Difference = net revenue of a household with the channel minus one without it since the start, by the "
    "arm that a household was put into (also where it met the channel all the same), adjusted by what it "
    "brought in during as many days before. Caused = difference times the households that had the channel. "
    "At the end = interval (90%) for a single look at the planned end. Any day = interval (90%) that holds "
    "on all days at once, so that one may look as often as one likes and stop when it leaves out 0. Where "
    "nothing can be learned of the channel, the heading says why and nothing is said to be caused. Only "
    "households that were known before the start count, or those of the list."
)
COLUMNS = (
    Column("orders", "Orders"),
    Column("each", "Difference a home", "money"),
    Column("always", "Any day", "money", low="always_low", high="always_high"),
    Column("once", "At the end", "money", low="each_low", high="each_high"),
    Column("caused", "Caused", "money", low="caused_low", high="caused_high"),
)
_KINDS = {"all": "All orders", "person": "Placed by a person", "automated": "Without a person"}
_MONEY = pa.decimal128(24, 6)
_NAMES = ("each", "always", "always_low", "always_high", "once", "each_low", "each_high")
_SCHEMA = pa.schema(
    [("orders", pa.string()), *((n, _MONEY) for n in (*_NAMES, "caused", "caused_low", "caused_high"))]
)


def analysis_figure(read: Read, planned: Planned, answer: PublishedAnswer) -> Figure:
    """Return what an experiment shows so far; see `Experiments.analyse`."""
    found = measured(read, planned)
    rows = [_row(kind, seen, found) for kind, seen in found.found.items()]
    return Figure(
        name="experiment_analysis",
        title=_title(found, answer.currency),
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=pa.Table.from_pylist(rows, schema=_SCHEMA),
        notes=tuple(_notes(found)),
        chart=Chart(
            "intervals",
            label="orders",
            value="always",
            low="always_low",
            high="always_high",
            title="Difference a home, with the 90% interval that holds on all days",
        ),
        source=answer.source,
        currency=answer.currency,
        extra=_tiles(found),
        command=f"hearthline experiment analyse {planned.name}",
    )


def _row(kind: str, seen: Difference, found: Measured) -> dict[str, object]:
    low, high = _ends(seen, found)
    values = (seen.each, seen.each, seen.always_low, seen.always_high, seen.each, seen.low, seen.high)
    money = dict(zip(_NAMES, values, strict=True))
    if not found.why:
        money |= {"caused": seen.each * seen.on, "caused_low": low * seen.on, "caused_high": high * seen.on}
    return {"orders": _KINDS[kind], **{name: money_of(value) for name, value in money.items()}}


def _ends(seen: Difference, found: Measured) -> tuple[float, float]:
    """Return the interval that holds today: that of one look at the end, and that of any day before it."""
    return (seen.low, seen.high) if found.state == "ended" else (seen.always_low, seen.always_high)


def _title(found: Measured, currency: str) -> str:
    name, channel = found.planned.name, found.planned.channel
    if not found.found:
        return f"{name}: nothing can be said about {channel}: {found.why}"
    if found.why:
        return f"{name}: nothing can be learned about {channel}: {found.why}"
    seen = found.found["all"]
    low, high = _ends(seen, found)
    ends = text.amount_interval(low, high, currency)
    if low > 0.0 or high < 0.0:
        did = "brought in" if low > 0.0 else "cost"
        each = text.exact_money(money_of(abs(round(seen.each, 2))), currency)
        return f"{channel} {did} {each} a home ({ends}, {_when(found)})"
    return f"Whether {channel} brought in anything is open: {ends} a home ({_when(found)})"


def _when(found: Measured) -> str:
    return "at the end" if found.state == "ended" else f"after {text.plural(found.days, 'day')}"


def _tiles(found: Measured) -> dict[str, str]:
    arms, unseen = found.arms, found.arms.unseen
    tiles = {
        "State": found.state,
        "Days": f"{found.days} of {(found.planned.end - found.planned.start).days + 1}",
        "Homes, on": text.count(int((~arms.off).sum()) + unseen[0]),
        "Homes, off": text.count(int(arms.off.sum()) + unseen[1]),
    }
    if found.found:
        tiles["Saved by the time before"] = f"{found.found['all'].saved:.0%} of the variance"
    return tiles


def _notes(found: Measured) -> list[str]:
    notes = []
    if found.state == "running":
        notes.append(
            "It is not over: only the interval for any day holds."
            + ("" if found.why else " Models learn from it when it is over.")
        )
    said = unbalanced(found.balance)
    if said and said not in found.why:
        notes.append(f"{said[0].upper()}{said[1:]}: do not use the result.")
    if found.found and found.why:
        notes.append(
            "A difference between such arms is chance or something else, not the channel: no lift is made "
            "of it and models do not learn from it. See whether the channel was off where it should be, and "
            "who was put into which arm."
        )
    elif found.leak > 0.02:
        notes.append(
            f"Households that should be without the channel met it {found.leak:.0%} as often as the others: "
            "models scale its lift to the whole."
        )
    if found.arms.torn:
        notes.append(f"{text.plural(found.arms.torn, 'household')} in both arms of the list: left out.")
    unseen = sum(found.arms.unseen)
    if unseen:
        notes.append(
            f"{text.plural(unseen, 'identifier')} of the list never seen: counted as bringing in nothing."
        )
    return notes
