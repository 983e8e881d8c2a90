"""Each model's error in a simulated home, as a figure: the truth that `hearthline demo` kept beside it."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from hearthline.schema.figure import Chart, Column, Figure

__all__ = ["truth_figure"]

_SERIES = {"Orders by people": "person", "Orders without a person": "automated"}
_COLUMNS = (
    Column("model", "Model"),
    Column("person", "Error, orders by people", "share", help="Part of the credit on the wrong channel"),
    Column("person_credited", "Credited", "number", unit="for each 1.00 caused"),
    Column("automated", "Error, orders without a person", "share"),
    Column("automated_credited", "Credited there", "number", unit="for each 1.00 caused"),
)
_DEFINITION = (
    "Error = part of a model's credit that lies on the wrong channel: half the sum of differences between "
    "its shares and the true ones. True = what is lost when a channel is switched off and the same town "
    "lives again. Credited = money given to channels for each 1.00 that they caused; above 1 a model gives "
    "channels orders that would have come anyway. One town and one seed: an example, no benchmark; "
    "`make truth` measures on seeds that were used for nothing else."
)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def truth_figure(home: Path) -> Figure | None:
    """Return the error of each model, smallest first; None where the home's truth is not known."""
    try:
        kept = json.loads((home / "truth.json").read_bytes())
        found = [
            {"model": str(m["title"]), **{c.name: _number(m.get(c.name)) for c in _COLUMNS[1:]}}
            for m in kept["models"]
        ]
        title = str(kept["title"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    found.sort(key=lambda m: (m["person"] is None, m["person"] or 0.0))
    drawn = [
        {"model": m["model"], "of": said, "error": m[name]}
        for m in found
        for said, name in _SERIES.items()
        if m[name] is not None
    ]
    kinds = {"model": pa.string()} | {c.name: pa.float64() for c in _COLUMNS[1:]}
    return Figure(
        name="truth",
        title=title,
        question="How wrong is each model, where the truth is known?",
        definition=_DEFINITION,
        columns=_COLUMNS,
        rows=pa.table({n: pa.array([m[n] for m in found], k) for n, k in kinds.items()}),
        chart=Chart(
            "intervals",
            label="model",
            value="person",
            series="of",
            data=pa.table(
                {
                    "model": pa.array([d["model"] for d in drawn], pa.string()),
                    "of": pa.array([d["of"] for d in drawn], pa.string()),
                    "person": pa.array([d["error"] for d in drawn], pa.float64()),
                }
            ),
            title="Part of the credit on the wrong channel; less is better",
        ),
        source="one simulated town",
    )
