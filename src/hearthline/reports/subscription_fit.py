"""Which subscriptions have the wrong rhythm, and what mending them is worth."""

from decimal import Decimal
from math import sqrt

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._intervals import Z90, wilson
from hearthline.reports._opening import opened
from hearthline.reports._reading import MONEY, Row, min_homes, rows, run, table
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 51
SCREEN = "replenishment"
TITLE = "Subscriptions that fit"
QUESTION = "Which subscriptions have the wrong rhythm, and what is mending them worth?"
DEFINITION = (
    "A subscription fits when one delivery lasts as long as the time to the next, within the tolerance "
    "(`[signals.options.subscriptions]`). Use is known from sensors or counted uses; else from orders by "
    "hand before it began, over the part of use that such orders cover in homes with a sensor (20 are "
    "needed; without them all of it), or from top-ups beside it. A change is proposed when it is surer than "
    "the option `sure`. Worth a year (currency) = net revenue with the change less without: deliveries "
    "gained and not topped up by hand already (more often, other size), or the option `kept` x the year's "
    "revenue less deliveries given up (others, may be negative). `kept`, and that a rhythm which fits lasts "
    "as long as one that does not, are assumptions until an experiment says more; so worth has no interval. "
    "Expected = sum of the chances that the rhythm is wrong by more than the tolerance, whether or not it "
    "is known of which; its interval (90%) treats homes as independent. Share = subscriptions of that "
    "proposal / all that run, with Wilson's interval (90%); n is subscriptions. Trap: a home that no sensor "
    "reads and that buys nothing by hand may pile packs up unseen."
)
COLUMNS = (
    Column("part", "Part"),
    Column("home", "Home"),
    Column("proposal", "Proposal"),
    Column("subscriptions", "Subscriptions", "count"),
    Column("share", "Share", "share", low="low", high="high", n="subscriptions", why="why"),
    Column("expected", "Expected", "number", low="expected_low", high="expected_high"),
    Column("rhythm", "Comes every", "number", unit="days"),
    Column("fits", "Lasts", "number", unit="days"),
    Column("days", "Propose every", "number", unit="days"),
    Column("packs", "Packs", "count"),
    Column("sure", "Sure", "number", unit="%"),
    Column("worth", "Worth a year", "money"),
    Column("because", "Because"),
)
_RUNNING = """
    FROM subscriptions s JOIN enrolments e ON e.enrolment_id = s.enrolment
    WHERE e.ended IS NULL"""
_COUNTS = f"""
    SELECT s.proposal, count(*) AS subscriptions, sum(s.worth) AS worth, median(s.rhythm) AS rhythm,
           median(s.fits) AS fits
    {_RUNNING} GROUP BY s.proposal
    ORDER BY s.proposal = 'keep', s.proposal = 'watch', subscriptions DESC, s.proposal"""
_WRONG = f"""
    SELECT sum(s.seldom) AS seldom, sum(s.seldom * (1 - s.seldom)) AS seldom_spread, sum(s.often) AS often,
      sum(s.often * (1 - s.often)) AS often_spread, sum(s.seldom + s.often) AS either,
      sum((s.seldom + s.often) * (1 - s.seldom - s.often)) AS either_spread, count(s.seldom) AS subscriptions
    {_RUNNING}"""
_SAID = {"either": "wrong rhythm", "seldom": "comes too seldom", "often": "comes too often"}
_SINGLE = """
    SELECT s.unit, s.enrolment, s.proposal, s.rhythm, s.fits, s.days, s.packs, 100 * s.sure AS sure, s.worth,
           s.why AS because
    FROM subscriptions s WHERE s.proposal NOT IN ('keep', 'watch')
    ORDER BY s.worth DESC, s.enrolment LIMIT 200"""


def _money(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(f"{value:.2f}")


def _expected(answer: Answer) -> list[Row]:
    """Return how many are expected to have the wrong rhythm, whether or not it is known of which."""
    (found,) = rows(answer, _WRONG)
    if not found["subscriptions"]:
        return []
    made: list[Row] = []
    for name, said in _SAID.items():
        half = Z90 * sqrt(max(found[f"{name}_spread"], 0.0))
        ends = {"expected_low": max(found[name] - half, 0.0)}
        ends |= {"expected_high": min(found[name] + half, float(found["subscriptions"]))}
        row = {"part": "Expected, all running", "proposal": said, "subscriptions": found["subscriptions"]}
        made.append(row | {"expected": found[name], "why": "a sum of chances"} | ends)
    return made


def build(answer: Answer) -> Figure:
    """Return proposals by kind, and each subscription that should change, the most valuable first."""
    needed, counts = min_homes(run(answer)), rows(answer, _COUNTS)
    whole = sum(r["subscriptions"] for r in counts)
    made: list[Row] = []
    for row in counts:
        row |= {"part": "Proposals", "worth": _money(row["worth"])}
        if whole < needed:
            row["why"] = f"{text.plural(whole, 'subscription')}, {needed} needed"
        else:
            low, high = wilson(row["subscriptions"], whole)
            row |= {"share": row["subscriptions"] / whole, "low": low, "high": high}
        made.append(row)
    single = [
        r | {"part": "Single subscriptions", "home": str(r["unit"]), "worth": _money(r["worth"])}
        for r in rows(answer, _SINGLE)
    ]
    change = sum(r["subscriptions"] for r in counts if r["proposal"] not in ("keep", "watch"))
    worth = sum(
        (r["worth"] or Decimal(0) for r in made if r["proposal"] not in ("keep", "watch")), Decimal(0)
    )
    title, expected = TITLE, _expected(answer)
    if expected:
        wrong, money = expected[0], text.brief_money(worth, answer.currency)
        span = f"{wrong['expected']:,.0f} ({wrong['expected_low']:,.0f} to {wrong['expected_high']:,.0f})"
        title = (
            f"About {span} of {wrong['subscriptions']} subscriptions with two orders have the wrong rhythm, "
            f"{change} of them known well enough to change: {money} of revenue a year, if the assumptions "
            "hold"
        )
    elif whole:
        title = (
            f"{change} of {text.plural(whole, 'running subscription')} should change: "
            f"{text.brief_money(worth, answer.currency)} of net revenue a year, if the assumptions hold"
        )
    return Figure(
        name="subscription_fit",
        title=title,
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table([*expected, *made, *single], COLUMNS, {"unit": pa.int64(), "enrolment": pa.string()}),
        notes=(
            *(() if whole else ("No running subscription in this data: connect the shop's subscriptions.",)),
            *opened("subscription_fit", made),
        ),
        chart=Chart(
            "bars",
            label="proposal",
            value="subscriptions",
            data=pa.table(
                {
                    "proposal": pa.array([r["proposal"] for r in counts], pa.string()),
                    "subscriptions": pa.array([r["subscriptions"] for r in counts], pa.int64()),
                    "worth": pa.array([r["worth"] for r in made], MONEY),
                }
            ),
            title="Running subscriptions by what is proposed",
        ),
        source=answer.source,
        currency=answer.currency,
        group="part",
    )
