"""Where voice breaks: from what is asked to what is answered and ordered, by question and assistant."""

from collections.abc import Sequence

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._intervals import wilson
from hearthline.reports._reading import Row, min_homes, rows, run, table
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 44
SCREEN = "devices"
TITLE = "Voice, from question to order"
QUESTION = "What do people ask by voice, what is answered, and what do they order afterwards?"
DEFINITION = (
    "Asked = events with an intent whose way is voice. Answered = those that the assistant says were "
    "handled; a platform that does not say so gives a dash and not a zero: one that only says what it did "
    "not understand (its fallback) says nothing of the others. Failed = questions of which it says that it "
    "did not understand or handle them. Ordered = homes that asked and placed an order by hand, in any way, "
    "within 30 days after their first question. Voice orders are placed by voice, or within ten minutes of a "
    "purchase that the assistant reports. A home counts once in each line. Intervals (90%) are Wilson's, "
    "over questions or homes. What comes after a question is not said to be caused by it."
)
COLUMNS = (
    Column("part", "Part"),
    Column("what", "What"),
    Column("asked", "Asked", "count"),
    Column("answered", "Answered", "count", why="answered_why"),
    Column("share", "Answered", "share", "% of asked", low="low", high="high", n="asked", why="why"),
    Column("failed", "Failed", "count", help="Questions that the assistant did not understand or handle"),
    Column(
        "failed_share",
        "Failed",
        "share",
        "% of asked",
        low="failed_low",
        high="failed_high",
        n="asked",
        why="failed_why",
    ),
    Column("homes", "Homes", "count"),
    Column("ordered", "Ordered", "count", help="Homes that ordered by hand within 30 days"),
    Column(
        "ordered_share",
        "Ordered",
        "share",
        "% of homes",
        low="ordered_low",
        high="ordered_high",
        n="homes",
        why="ordered_why",
    ),
)
_STEPS = ("Homes that asked", "Homes that ordered within 30 days", "Voice orders")

_ASKED = """
    SELECT e.intent_name AS intent, split_part(e.source, '/', 3) AS assistant, m.unit,
           epoch_ms(e.time) AS at_ms, e.intent_handled AS handled
    FROM events e LEFT JOIN members m ON m.identity = e.identity
         AND epoch_ms(e.time) >= m.valid_from_ms AND epoch_ms(e.time) < m.valid_to_ms
    WHERE e.modality = 'voice' AND e.intent_name IS NOT NULL"""
_BY = """
    WITH asked AS ({asked}),
    hand AS (SELECT unit, epoch_ms(time) AS at_ms FROM orders
             WHERE kind = 'person' AND unit IS NOT NULL AND coalesce(status, 'placed') = 'placed'),
    firsts AS (SELECT {by} AS what, unit, min(at_ms) AS first_ms FROM asked
               WHERE unit IS NOT NULL GROUP BY ALL),
    bought AS (SELECT what, count(DISTINCT f.unit) AS homes,
                      count(DISTINCT f.unit) FILTER (h.unit IS NOT NULL) AS ordered
               FROM firsts f LEFT JOIN hand h ON h.unit = f.unit
                    AND h.at_ms BETWEEN f.first_ms AND f.first_ms + 2592000000 GROUP BY what),
    talks AS (SELECT assistant FROM asked WHERE handled GROUP BY assistant),
    counts AS (SELECT {by} AS what, count(*) AS asked,
                      count(handled) FILTER (assistant IN (FROM talks)) AS said,
                      count(*) FILTER (handled) AS answered,
                      count(*) FILTER (handled IS NOT DISTINCT FROM false) AS failed FROM asked GROUP BY ALL)
    SELECT c.*, coalesce(b.homes, 0) AS homes, coalesce(b.ordered, 0) AS ordered
    FROM counts c LEFT JOIN bought b USING (what) ORDER BY c.asked DESC, c.what"""
_VOICE_ORDERS = "SELECT count(*) AS n FROM voice_orders WHERE how = 'direct'"


def _answered(row: Row, needed: int) -> Row:
    if not row["said"]:
        return {"answered": None, "answered_why": "not said", "why": "the assistant does not say"}
    if row["said"] < needed:
        return {"why": f"{text.plural(row['said'], 'question')}, {needed} needed"}
    low, high = wilson(row["answered"], row["said"])
    return {"share": row["answered"] / row["said"], "low": low, "high": high}


def _failed(row: Row, needed: int) -> Row:
    if not row["failed"] or row["asked"] < needed:
        return {"failed": row["failed"] or None, "failed_why": "none is told" if not row["failed"] else "few"}
    low, high = wilson(row["failed"], row["asked"])
    return {"failed_share": row["failed"] / row["asked"], "failed_low": low, "failed_high": high}


def _ordered(row: Row, needed: int) -> Row:
    if row["homes"] < needed:
        return {"ordered_why": f"{text.plural(row['homes'], 'home')}, {needed} needed"}
    low, high = wilson(row["ordered"], row["homes"])
    return {"ordered_share": row["ordered"] / row["homes"], "ordered_low": low, "ordered_high": high}


def _by(answer: Answer, by: str, part: str, needed: int) -> list[Row]:
    found = rows(answer, _BY.format(asked=_ASKED, by=by))
    return [
        r | {"part": part} | _answered(r, needed) | _failed(r, needed) | _ordered(r, needed) for r in found
    ]


def _funnel(whole: Row, orders: int) -> list[tuple[str, int]]:
    """Return the funnel's steps with their counts; a step that nobody reports is left out."""
    steps = [(_STEPS[0], whole["homes"]), (_STEPS[1], whole["ordered"])]
    return [*steps, (_STEPS[2], orders)] if orders else steps


def _notes(whole: Sequence[Row], orders: int) -> list[str]:
    if not whole:
        return ["No question by voice in this data: connect the voice skill (`hearthline sources`)."]
    notes = []
    if not whole[0]["said"]:
        failed = whole[0].get("failed")
        notes.append(
            f"The assistants only say what they did not understand: {text.plural(failed, 'question')}."
            if failed
            else "No assistant says whether it could answer: unhandled demand is not known, and not zero."
        )
    if not orders:
        notes.append("No order was confirmed by voice.")
    return notes


def build(answer: Answer) -> Figure:
    """Return questions by voice, what was answered, and what was ordered afterwards."""
    needed = min_homes(run(answer))
    whole = _by(answer, "'All questions by voice'", "All", needed)
    (found,) = rows(answer, _VOICE_ORDERS)
    orders = found["n"]
    intents = _by(answer, "intent", "By question", needed)
    made = [*whole, *intents, *_by(answer, "assistant", "By assistant", needed)]
    unhandled = [r | {"part": "Unhandled demand"} for r in intents if r["failed"]]
    made += sorted(unhandled, key=lambda r: -r["failed"])
    title = TITLE
    if whole and whole[0].get("ordered_share") is not None:
        one = whole[0]
        said = text.share_interval(one["ordered_share"], one["ordered_low"], one["ordered_high"])
        title = f"{said} of homes that ask by voice order by hand within 30 days"
    steps = _funnel(whole[0], orders) if whole else []
    return Figure(
        name="voice",
        title=title,
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, {}),
        notes=tuple(_notes(whole, orders)),
        chart=Chart(
            "bars",
            label="step",
            value="count",
            data=pa.table({"step": pa.array([s for s, _ in steps], pa.string()),
                           "count": pa.array([n for _, n in steps], pa.int64())}),
            title="From a question to an order",
        ),
        source=answer.source,
        currency=answer.currency,
        group="part",
    )  # fmt: skip
