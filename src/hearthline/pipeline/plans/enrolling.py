"""What more money for enrolment campaigns brings over the enrolments' lives, as a figure."""

import numpy as np
import pyarrow as pa

from hearthline.attribution import lives_of
from hearthline.pipeline.experiments import Read, money_of
from hearthline.pipeline.forecasts.reading import enrolled_in
from hearthline.pipeline.plans.reading import Known
from hearthline.plans import lifetimes, summed
from hearthline.schema import text
from hearthline.schema.errors import NothingToAnswer
from hearthline.schema.figure import Column, Figure
from hearthline.schema.journey import Floats
from hearthline.schema.settings import AttributionSettings
from hearthline.store.answer import PublishedAnswer

__all__ = ["enrol_figure"]

DEFINITION = (
    "Enrolments = those that the default model credits to the channel. More money, a part of what was spent "
    "in the same weeks, brings more of them by the channel's bend (see plan budget). Life = expected net "
    "revenue of the orders that a new enrolment brings within the horizon of forecasts ([attribution] "
    "horizon_days): after each order it may end, with a chance of its own, learned for each kind from all "
    "enrolments as report expected_value does, so one that was silent too long counts as ended; kinds come "
    "as often as they did. Displaced orders, which would have come by hand anyway, are left out. Worth = "
    "more enrolments times life. Per 1 spent = worth / more spend. Intervals (90%) hold survival, the value "
    "of an order, the bend, and what the model may have wrong about all that the channel causes (as in plan "
    "budget); drawn 4,000 times."
)
COLUMNS = (
    Column("channel", "Channel"),
    Column("enrolments", "Enrolments", "number"),
    Column("spend", "More spend", "money"),
    Column("more", "More enrolments", "number", low="more_low", high="more_high"),
    Column("life", "Life of one", "money", low="life_low", high="life_high"),
    Column("worth", "Worth", "money", low="worth_low", high="worth_high"),
    Column("earned", "Per 1 spent", "number", low="earned_low", high="earned_high"),
)
_CREDIT = """
    SELECT e.channel, e.enrolments FROM {enrolment_credit} e JOIN {models} m USING (model)
    WHERE m.is_default AND e.channel <> '(baseline)' AND e.enrolments > 0 ORDER BY e.enrolments DESC"""
_ON = "SELECT goes_on FROM {enrolment_ledger} ORDER BY enrolment_id"
_SEED = 100  # of lives: other draws than those of responses
_PARTS = ("more", "life", "worth", "earned")


def enrol_figure(
    read: Read, known: Known, part: float, displaced: float | None, answer: PublishedAnswer
) -> Figure:
    """Return what a part more money brings in enrolments, channel by channel.

    Raises:
        NothingToAnswer: no order of an enrolment is known.
    """
    run = read("SELECT * FROM {run}").to_pylist()[0]
    days = float(run.get("horizon_days") or AttributionSettings().horizon_days)
    gone = float(run["displacement"] or 0.0) if displaced is None else displaced
    life = life_of(read, days, gone, len(known.responses.revenue))
    rows = [
        _row(row["channel"], float(row["enrolments"]), known, part, life)
        for row in read(_CREDIT).to_pylist()
        if row["channel"] in known.names
    ]
    best = max(rows, key=lambda r: float(str(r["earned"])), default=None)
    title = "No channel with spend is credited with an enrolment"
    if best is not None:
        ends = text.interval(f"{best['earned_low']:.2f}", f"{best['earned_high']:.2f}")
        title = f"{part:.0%} more for {best['channel']} brings {best['earned']:.2f} ({ends}) per 1 spent"
    types = [(n, pa.decimal128(24, 6)) if n in _MONEY else (n, pa.float64()) for n in _COLUMNS]
    return Figure(
        name="plan_enrolments",
        title=title,
        question="What would more money for enrolments bring over their lives?",
        definition=DEFINITION,
        columns=COLUMNS,
        rows=pa.Table.from_pylist(rows, schema=pa.schema([("channel", pa.string()), *types])),
        notes=_notes(gone, days, known, answer.currency),
        command="hearthline plan enrol",
        source=answer.source,
        currency=answer.currency,
        extra={"Life of an enrolment": text.brief_money(money_of(float(life.mean())), answer.currency)},
    )


_COLUMNS = ("enrolments", "spend", *(f"{p}{e}" for p in _PARTS for e in ("", "_low", "_high")))
_MONEY = frozenset(n for n in _COLUMNS if n.startswith(("spend", "life", "worth")))


def life_of(read: Read, horizon_days: float, displaced: float, draws: int) -> Floats:
    """Return (draws,) net revenue that a new enrolment is expected to bring within the horizon.

    Raises:
        NothingToAnswer: no order of an enrolment is known.
    """
    enrolled, orders = enrolled_in(read)
    if not orders:
        raise NothingToAnswer("plan: no order of an enrolment is known; connect what lets machines order")
    on = read(_ON)["goes_on"].to_numpy(zero_copy_only=False).astype(np.bool_)
    whole = np.zeros(draws)
    for kind, life in lives_of(enrolled, on).items():
        seed = _SEED + 2 * kind
        brought = life.survival.lives(horizon_days / life.gap_days, draws, seed)
        worth = lifetimes(brought, life.each, life.error, displaced, seed + 1)
        whole += worth * (life.known / len(on))
    return whole


def _row(channel: str, count: float, known: Known, part: float, life: Floats) -> dict[str, object]:
    """Return one channel's row: what a part more money would have brought in all weeks of the data."""
    place = known.place(channel)
    spend = known.spent.whole[channel] * part
    right = np.maximum(known.responses.revenue[:, place] / max(float(known.credited[place]), 1e-12), 0.0)
    more = count * right * ((1.0 + part) ** known.responses.bend[:, place] - 1.0)
    found: dict[str, object] = {"channel": channel, "enrolments": round(count, 1), "spend": money_of(spend)}
    for name, draws in zip(_PARTS, (more, life, more * life, more * life / spend), strict=True):
        for end, value in zip(("", "_low", "_high"), summed(draws), strict=True):
            key = f"{name}{end}"
            found[key] = money_of(value) if key in _MONEY else round(value, 3)
    return found


def _notes(gone: float, days: float, known: Known, currency: str) -> tuple[str, ...]:
    notes = [
        f"{gone:.0%} of the orders of an enrolment are taken as displaced: they would have come by hand.",
        f"Lives are counted for {days:g} days: [attribution] horizon_days.",
    ]
    if not gone:
        notes.append("None displaced is the best case: set [attribution] displacement, or --displaced.")
    if not known.tested:
        notes.append("No experiment was learned from: the model may be wrong about the channel altogether.")
    spent = known.spent
    if spent.told < spent.of:
        notes.append(f"Spend is told for {spent.told} of {spent.of} weeks; the others are taken to be alike.")
    return (*notes, *spent.notes(currency))
