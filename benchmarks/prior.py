"""How far models are wrong in towns whose truth is known: the likeliest sizes of the prior's parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from published import markdown

__all__ = ["Wrong", "likeliest", "prior_table"]

Floats = NDArray[np.float64]
PARTS = ("SHARED", "KIN", "TOWARDS", "OWN", "USUAL")


@dataclass(frozen=True)
class Wrong:
    """What one model credits in one town, beside what was true; arrays of (kinds, channels) money.

    `other` is what the leading model credits; None where there is none.
    """

    credit: Floats
    error: Floats
    stage: NDArray[np.int64]
    other: Floats | None
    true: Floats

    @property
    def leads(self) -> bool:
        """Whether it is the leading model itself."""
        return self.other is not None and bool(np.array_equal(self.other, self.credit))


def likeliest(cases: Sequence[Wrong], *, beside: bool) -> Floats:
    """Return the five sizes under which the truths are likeliest; `beside`: with the other model."""

    def unlikely(sizes: Floats) -> float:
        parts = dict(zip(PARTS, np.exp(sizes).tolist(), strict=True))
        with patch.multiple("hearthline.experiments.calibration", **parts):
            told = sum(_unlikely(case, beside=beside) for case in cases)
        return told + 0.02 * float(((sizes - np.log(0.2)) ** 2).sum())  # so that none runs off to 0

    start = np.log([0.2, 0.2, 1.0, 0.2, 1.0])
    options: Any = {"maxiter": 400, "xatol": 0.03, "fatol": 0.05}
    found = minimize(unlikely, start, method="Nelder-Mead", options=options)
    return np.asarray(np.exp(found.x), np.float64)


def _unlikely(case: Wrong, *, beside: bool) -> float:
    from hearthline.experiments import prior

    other = case.other if beside and not case.leads else None
    belief = prior(case.credit, case.error, case.stage, other)
    away = case.true.ravel() - belief.mean
    whole = np.linalg.slogdet(belief.covariance)[1]
    return 0.5 * float(whole + away @ np.linalg.solve(belief.covariance, away))


def prior_table(cases: Sequence[Wrong]) -> str:
    """Return the likeliest sizes by whether a model leads, stands beside a leading one, or is alone."""
    from hearthline.experiments import calibration

    others = [c for c in cases if not c.leads]
    groups = (
        ("the leading model", [c for c in cases if c.leads], False),
        ("models beside it", others, True),
        ("the same, were they alone", others, False),
    )
    heads = ["", "all channels together", "one stage", "towards the leading model", "one channel", "usual"]
    rows = []
    for title, some, beside in groups:
        sizes = likeliest(some, beside=beside) if some else np.full(5, np.nan)
        rows.append([title, *(f"{s:.2f}" if beside or i != 2 else "" for i, s in enumerate(sizes))])
    rows.append(["in use", *(f"{getattr(calibration, part):.2f}" for part in PARTS)])
    return markdown(heads, rows)
