"""Moments: when each home is best asked: its own routine, and when homes answer."""

from typing import Final

import numpy as np
import pyarrow as pa

from hearthline.signals import Asked, Tables
from hearthline.signals._columns import Floats, made, schema, sorted_by

__all__ = ["NEEDS", "OPTIONS", "PAPER", "READS", "TABLES", "TELLS", "TITLE", "derive"]

TITLE: Final = "Moments"
TELLS: Final = (
    "For each home the hours of its working days and of its weekends in which it does most by hand, and in "
    "which it is best asked: its own hours, shrunk to those of all homes."
)
PAPER: Final = (
    "a home's hours with those of all homes as the prior (Dirichlet and multinomial), which counts for as "
    "much as foretells each act from the others best (leave-one-out likelihood: Minka 2000)"
)
READS: Final = {
    "acts": """
        SELECT unit, isodow(local) > 5 AS weekend, hour(local)::BIGINT AS hour, count(*) AS acts
        FROM (
          SELECT unit, time + to_minutes(coalesce(tz_offset_min, 0)) AS local
          FROM homed_events
          WHERE initiator_kind = 'human' OR modality IN ('voice', 'gesture')
        ) GROUP BY ALL
    """,
}
NEEDS: Final = ()
TABLES: Final = {
    "moments": schema(
        unit=(pa.int64(), "key of the household"),
        weekend=(pa.bool_(), "Saturday and Sunday, or Monday to Friday"),
        hour=(pa.int64(), "local hour in which the home is best asked, 0 to 23"),
        share=(pa.float64(), "part of what the home does by hand that is expected in that and the next hour"),
        lift=(pa.float64(), "that, against the same two hours of all homes"),
        against=(pa.float64(), "that, against any two hours alike"),
        acts=(pa.int64(), "what it did by hand on such days"),
    )
}
OPTIONS: Final = {"prior": 0.0}
_PRIORS: Final = tuple(2.5 * 2.0**k for k in range(11))


def derive(seen: Tables, asked: Asked) -> Tables:
    """Return `moments`, two rows a home (working days, weekends), sorted by home.

    The option `prior` is for how many acts the hours of all homes count (0: for as many as foretell best).
    """
    rows = sorted_by(seen["acts"], "unit", "weekend", "hour")
    names, home = np.unique(rows["unit"].to_numpy(), return_inverse=True)
    weekend = rows["weekend"].to_numpy(zero_copy_only=False).astype(np.int64)
    counts = np.zeros((len(names) * 2, 24))
    np.add.at(counts, (home * 2 + weekend, rows["hour"].to_numpy()), rows["acts"].to_numpy())
    fleet = np.stack([counts[w::2].sum(axis=0) + 1 for w in (0, 1)])
    fleet /= fleet.sum(axis=1, keepdims=True)
    both = np.arange(len(counts)) % 2
    prior = asked.options["prior"] or _prior(counts, fleet[both])
    expected = (counts + prior * fleet[both]) / (counts.sum(axis=1, keepdims=True) + prior)
    pair, usual = _next(expected), _next(fleet)[both]
    best = np.argmax(pair, axis=1)
    at = np.arange(len(counts))
    columns = {
        "unit": np.repeat(names, 2),
        "weekend": both.astype(np.bool_),
        "hour": best,
        "share": pair[at, best],
        "lift": pair[at, best] / usual[at, best],
        "against": pair[at, best] * 12,
        "acts": counts.sum(axis=1).astype(np.int64),
    }
    return {"moments": made(TABLES["moments"], columns)}


def _prior(counts: Floats, usual: Floats) -> float:
    """Return for how many acts the usual hours count: what foretells each act from the home's others best.

    Homes that hardly differ get a large one: of 24 hours some are full by luck, and the fullest is no habit.
    """
    others = counts.sum(axis=1, keepdims=True) - 1

    def likelihood(prior: float) -> float:
        left = (np.maximum(counts - 1, 0) + prior * usual) / (np.maximum(others, 0) + prior)
        return float((counts * np.log(left)).sum())

    return max(_PRIORS, key=likelihood)


def _next(share: Floats) -> Floats:
    """Return what lies in each hour and the one after it."""
    out: Floats = share + np.roll(share, -1, axis=1)
    return out
