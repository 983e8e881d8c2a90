"""How well the worth that a model gives to a touch predicts households that it was not learned from.

Rules have no likelihood, so all models are asked the same question. In the homes of one half, a model's
credit a touch of each channel says what a touch is worth; what is unattributed is the same for every home. A
home of the other half is then expected to bring in that, plus its touches times their worth. The error is
compared with that of expecting every home to be like the mean. It asks for prediction, not for cause.
"""

from dataclasses import dataclass

import numpy as np

from hearthline.experiments import off_by_lot
from hearthline.pipeline.experiments import Read
from hearthline.schema.journey import Floats, Ints

__all__ = ["Fit", "fits"]

_TOUCHES = "SELECT unit, channel, count(*) AS n FROM {touches} GROUP BY ALL ORDER BY ALL"
_BOUGHT = """
    SELECT unit, sum(net)::DOUBLE AS net FROM {orders}
    WHERE kind = 'person' AND net IS NOT NULL AND unit IS NOT NULL GROUP BY unit ORDER BY unit"""
_CREDIT = """
    SELECT t.model, t.unit, p.channel AS name, sum(t.amount)::DOUBLE AS amount FROM {touch_credits} t
    JOIN (SELECT DISTINCT place, channel FROM {touchpoints}) p USING (place)
    WHERE t.kind = 'person' AND t.unit IS NOT NULL GROUP BY ALL"""


@dataclass(frozen=True, slots=True)
class Fit:
    """How much of the squared error of the mean a model takes away in homes that it did not see, with ends.

    1 is all of it; below 0 the model predicts worse than the mean.
    """

    value: float
    low: float
    high: float


def fits(read: Read) -> dict[str, Fit]:
    """Return every model's fit; models whose credit is not told touch by touch are left out."""
    units = read("SELECT unit FROM {households} ORDER BY unit")["unit"].to_numpy().astype(np.int64)
    names = read("SELECT channel, name FROM {channels} ORDER BY channel")
    place = {name: i for i, name in enumerate(names["name"].to_pylist())}
    code = {c: i for i, c in enumerate(names["channel"].to_pylist())}
    if len(units) < 20 or not place:
        return {}
    rows = read(_TOUCHES)
    at = _rows(units, rows["unit"].to_numpy())
    touched = np.zeros((len(units), len(place)))
    column = np.array([code[c] for c in rows["channel"].to_pylist()], np.int64)
    np.add.at(touched, (at, column), rows["n"].to_numpy().astype(np.float64))
    bought = np.zeros(len(units))
    rows = read(_BOUGHT)
    bought[_rows(units, rows["unit"].to_numpy())] = rows["net"].to_numpy()
    half = off_by_lot(units, "held out")
    rows = read(_CREDIT)
    models = np.array(rows["model"].to_pylist())
    owner = half[_rows(units, rows["unit"].to_numpy())].astype(np.int64)
    channel = np.array([place[n] for n in rows["name"].to_pylist()], np.int64)
    amount = rows["amount"].to_numpy()
    found = {}
    for model in np.unique(models):
        mine = models == model
        credit = np.zeros((2, len(place)))
        np.add.at(credit, (owner[mine], channel[mine]), amount[mine])
        found[str(model)] = _fit(credit, touched, bought, half.astype(np.int64))
    return found


def _rows(units: Ints, wanted: Ints) -> Ints:
    return np.minimum(np.searchsorted(units, wanted.astype(np.int64)), len(units) - 1)


def _fit(credit: Floats, touched: Floats, bought: Floats, half: Ints) -> Fit:
    """Return the fit over both halves, each predicted from the other; the ends hold the sampling of homes."""
    error, mean_error = np.zeros(len(bought)), np.zeros(len(bought))
    for part in (0, 1):
        seen, unseen = half == part, half != part
        worth = credit[part] / np.maximum(touched[seen].sum(axis=0), 1e-12)
        base = (bought[seen].sum() - credit[part].sum()) / max(int(seen.sum()), 1)
        error[unseen] = (bought[unseen] - base - touched[unseen] @ worth) ** 2
        mean_error[unseen] = (bought[unseen] - bought[seen].mean()) ** 2
    ratio = float(error.sum() / max(mean_error.sum(), 1e-12))
    wide = 1.6449 * float(np.sqrt(((error - ratio * mean_error) ** 2).sum()) / max(mean_error.sum(), 1e-12))
    return Fit(1.0 - ratio, 1.0 - ratio - wide, 1.0 - ratio + wide)
