"""Removal effects of a first-order chain in closed form, on plain arrays."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # at run time this needs no more than numpy, so that a table of paths is read at once
    from hearthline.schema.journey import Floats

__all__ = ["closed_form"]


def closed_form(step: "Floats", buy: "Floats", start: "Floats", start_buy: float) -> tuple[float, "Floats"]:
    """Return the chance to convert, and each state's removal effect N[s, c] h[c] / (N[c, c] h[s]).

    Args:
        step: (c, c) transition probabilities between states, without self-loops.
        buy: (c,) probability to convert next.
        start: (c,) probability to start in each state.
        start_buy: probability to convert without any state.

    >>> conversion, effect = closed_form(
    ...     np.array([[0.0, 0.25], [0.0, 0.0]]), np.array([0.5, 1.0]), np.array([0.8, 0.2]), 0.0
    ... )
    >>> round(conversion, 3), effect.round(3).tolist()
    (0.8, [0.75, 0.5])
    """
    inverse = np.linalg.inv(np.eye(len(buy)) - step)
    reach = inverse @ buy
    visits = start @ inverse
    conversion = float(start @ reach) + start_buy
    if conversion <= 0.0:
        return 0.0, np.zeros(len(buy))
    effect = visits * reach / (np.diag(inverse) * conversion)
    return conversion, np.clip(effect, 0.0, 1.0)
