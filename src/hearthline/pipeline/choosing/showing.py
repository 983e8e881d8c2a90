"""The models side by side and a recommendation, and where they disagree, as figures."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from hearthline.pipeline.choosing.disagreement import disagreements
from hearthline.pipeline.choosing.fit import fits
from hearthline.pipeline.experiments import Read, money_of
from hearthline.schema import text
from hearthline.schema.figure import Column, Figure
from hearthline.store.answer import PublishedAnswer

__all__ = ["WEIGHTS", "choice_figure", "disagreement_figure", "recommended"]

WEIGHTS = {"away": 3.0, "truth": 2.0, "fit": 1.0}
"""How much each kind of evidence counts: an experiment here, simulated towns, prediction."""
_BASELINE = "(baseline)"
DEFINITION = (
    "Experiments = how many lifts the model, taken at its word, agrees with, and how far it is from them: "
    "the root of the mean squared distance in standard errors; a right model is at 1. Simulated = part of "
    "the credit that lies on the wrong channel in simulated towns, whose truth is known; orders by hand and "
    "others are weighted by this home's own revenue. Held-out fit = how much of the squared error of the "
    "mean the model's worth of a touch takes away in homes of the other half, orders by hand; its interval "
    "(90%) holds the sampling of homes. It asks for prediction: a model can predict well and be wrong about "
    "causes. Score = mean rank, weighted 3 for experiments, 2 for simulated truth, 1 for fit, over what is "
    "known; the least is recommended."
)
COLUMNS = (
    Column("model", "Model"),
    Column("score", "Score", "number"),
    Column("agrees", "Experiments"),
    Column("away", "Away", "number", help="Standard errors from the lifts, root mean square; 1 is best"),
    Column("truth", "Simulated", "number", help="Part of the credit on the wrong channel"),
    Column("fit", "Held-out fit", "number", low="fit_low", high="fit_high"),
    Column("leads", "Leads with"),
    Column("unattributed", "Baseline", "money"),
)
_AGREES = """
    SELECT model, count(*) FILTER (agrees) AS agrees, count(*) AS lifts, sqrt(avg(away * away)) AS away
    FROM {agreements} GROUP BY model"""
_MODELS = """
    SELECT m.model, m.title, m.is_default,
      arg_max(s.channel, s.amount) FILTER (s.channel <> '(baseline)') AS leads,
      max(s.amount) FILTER (s.channel = '(baseline)') AS unattributed
    FROM {models} m LEFT JOIN {shares} s ON s.model = m.model AND s.kind = 'all'
    WHERE m.state = 'ok' GROUP BY ALL ORDER BY m.is_default DESC, m.title"""
_KINDS = """
    SELECT coalesce(sum(net) FILTER (kind = 'person'), 0)::DOUBLE AS person,
      coalesce(sum(net) FILTER (kind <> 'person'), 0)::DOUBLE AS automated
    FROM {orders} WHERE net IS NOT NULL"""


def _ranks(values: Sequence[float | None], *, high_is_best: bool) -> list[float | None]:
    """Return ranks from 1, ties sharing theirs; None where nothing is known.

    >>> _ranks([3.0, None, 1.0, 3.0], high_is_best=False)
    [2.5, None, 1.0, 2.5]
    """
    known = [v for v in values if v is not None]
    sign = -1.0 if high_is_best else 1.0
    return [
        None if v is None else sum(sign * k < sign * v for k in known) + (known.count(v) + 1) / 2.0
        for v in values
    ]


def recommended(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with their score, the best first; without any evidence the order stays.

    A kind of evidence counts only where it is known of every model: else the unknown would win by silence.
    """
    scores = [0.0] * len(rows)
    whole = 0.0
    for name, weight in WEIGHTS.items():
        values = [row.get(name) for row in rows]
        if any(v is None for v in values):
            continue
        ranks = _ranks(values, high_is_best=name == "fit")
        scores = [s + weight * (r or 0.0) for s, r in zip(scores, ranks, strict=True)]
        whole += weight
    for row, score in zip(rows, scores, strict=True):
        row["score"] = round(score / whole, 2) if whole else None
    return sorted(rows, key=lambda row: row["score"] or 0.0)


def choice_figure(read: Read, truth: Mapping[str, Mapping[str, float]], answer: PublishedAnswer) -> Figure:
    """Return all models with the evidence for each, the recommended one first."""
    agrees = {r["model"]: r for r in read(_AGREES).to_pylist()}
    fit, mix = fits(read), read(_KINDS).to_pylist()[0]
    rows = []
    for row in read(_MODELS).to_pylist():
        lifts, held = agrees.get(row["model"]), fit.get(row["model"])
        rows.append(
            {
                "key": row["model"],
                "model": row["title"],
                "is_default": row["is_default"],
                "agrees": f"{lifts['agrees']} of {lifts['lifts']}" if lifts else None,
                "away": round(lifts["away"], 2) if lifts else None,
                "truth": _mixed(truth.get(row["model"]), mix),
                "fit": None if held is None else round(held.value, 4),
                "fit_low": None if held is None else round(held.low, 4),
                "fit_high": None if held is None else round(held.high, 4),
                "leads": row["leads"],
                "unattributed": row["unattributed"],
            }
        )
    rows = recommended(rows)
    types = {"is_default": pa.bool_(), "unattributed": pa.decimal128(24, 6)}
    floats = ("score", "away", "truth", "fit", "fit_low", "fit_high")
    names = ("key", "model", "is_default", "score", "agrees", *floats[1:], "leads", "unattributed")
    schema = pa.schema([(n, types.get(n, pa.float64() if n in floats else pa.string())) for n in names])
    return Figure(
        name="compare",
        title=_title(rows),
        question="Which model should be believed, and on what evidence?",
        definition=DEFINITION,
        columns=COLUMNS,
        rows=pa.Table.from_pylist(rows, schema=schema),
        notes=_notes(rows, mix),
        source=answer.source,
        currency=answer.currency,
        command="hearthline compare",
    )


def _mixed(errors: Mapping[str, float] | None, mix: Mapping[str, float]) -> float | None:
    """Return the error under this home's own mix of orders."""
    if not errors:
        return None
    weights = {kind: mix[kind] for kind in errors if mix.get(kind)}
    whole = sum(weights.values())
    return round(sum(errors[k] * w for k, w in weights.items()) / whole, 3) if whole else None


def _title(rows: list[dict[str, Any]]) -> str:
    if not rows or rows[0]["score"] is None:
        return "Models side by side"
    best = rows[0]
    if best["away"] is None and best["truth"] is None:
        return f"{best['model']} predicts best; no experiment says which model is true"
    tied = [r["model"] for r in rows if r["score"] == best["score"]]
    if len(tied) > 1:
        return f"{' and '.join(tied[:2])} have the best evidence together"
    return f"{best['model']} has the best evidence" + (", and is the default" if best["is_default"] else "")


def _notes(rows: list[dict[str, Any]], mix: Mapping[str, float]) -> tuple[str, ...]:
    notes = []
    if all(r["away"] is None for r in rows):
        notes.append(
            "No experiment: what channels cause is untested. `hearthline experiment design CHANNEL`."
        )
    if all(r["truth"] is None for r in rows):
        notes.append("No simulated truth here: `hearthline compare --simulate` takes some minutes.")
    whole = mix["person"] + mix["automated"]
    if whole:
        notes.append(
            f"{mix['automated'] / whole:.0%} of this home's revenue comes from orders without a person."
        )
    if rows and rows[0]["score"] is not None and not rows[0]["is_default"]:
        notes.append(f'To lead with it: default = "{rows[0]["key"]}" under [attribution] in hearthline.toml.')
    return tuple(notes)


DISAGREEMENT = (
    "Two models are compared order by order, orders by hand: the money that one puts on another channel, "
    "or on the baseline, is half of the sum of absolute differences. Journeys are grouped by the channels "
    "that they hold. Less to and more to say which channel loses and gains most over these orders when "
    "one goes from the default model to the other; why says what that channel's touches have in common: "
    "first, last, or that the default model takes the orders to come anyway. The order is the one with "
    "the largest difference: `hearthline explain ORDER` shows its touches."
)
DISAGREEMENT_COLUMNS = (
    Column("model", "Model"),
    Column("journey", "Channels in the journey"),
    Column("orders", "Orders", "count"),
    Column("money", "Moved", "money"),
    Column("less_to", "Less to"),
    Column("more_to", "More to"),
    Column("why", "Why"),
    Column("example", "Order"),
)


def disagreement_figure(read: Read, answer: PublishedAnswer, limit: int = 5) -> Figure:
    """Return where each model disagrees with the default one, the largest disagreement first."""
    known = read(_MODELS).to_pylist()
    lead = next((m for m in known if m["is_default"]), None)
    rows: list[dict[str, Any]] = []
    moved: dict[str, float] = {}
    for model in known if lead else ():
        if model is not lead and lead is not None:
            found = disagreements(read, lead["model"], model["model"], limit)
            moved[model["title"]] = float(np.sum([f["money"] for f in found]))
            rows += [{**f, "model": model["title"], "money": money_of(f["money"])} for f in found]
    rows.sort(key=lambda r: -moved[r["model"]])
    types = {"orders": pa.int64(), "money": pa.decimal128(24, 6)}
    schema = pa.schema([(c.name, types.get(c.name, pa.string())) for c in DISAGREEMENT_COLUMNS])
    return Figure(
        name="compare_journeys",
        title=_where(rows, lead["title"] if lead else "", answer.currency),
        question="Where do models disagree, and in which journeys?",
        definition=DISAGREEMENT,
        columns=DISAGREEMENT_COLUMNS,
        rows=pa.Table.from_pylist([{n: r[n] for n in schema.names} for r in rows], schema=schema),
        notes=() if rows else ("No two models disagree about any order.",),
        source=answer.source,
        currency=answer.currency,
        command="hearthline compare",
        group="model",
    )


def _where(rows: list[dict[str, Any]], lead: str, currency: str) -> str:
    if not rows:
        return "Where models disagree"
    most = rows[0]
    money = text.brief_money(most["money"], currency)
    less, more = (_plain(most[n]) for n in ("less_to", "more_to"))
    journey = f"journeys with {most['journey']}"
    return f"{most['model']} moves {money} from {less} to {more} in {journey} (against {lead})"


def _plain(channel: str) -> str:
    return "the baseline" if channel == _BASELINE else channel
