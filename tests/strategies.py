"""Hypothesis strategies for the project's nouns."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st
from scipy import sparse

from hearthline.schema.journey import Journeys, journeys_of

__all__ = ["batches"]

_CHANNELS = 4
_STRATA = 3
_LOOKBACK_H = 240.0


@st.composite
def batches(draw: st.DrawFn, least: int = 0, most: int = 8) -> Journeys:
    """Batches of journeys over 4 channels and 3 strata: empty ones, repeats, old and direct touches."""
    touch = st.integers(0, _CHANNELS - 1)
    paths = draw(st.lists(st.lists(touch, max_size=5).map(tuple), min_size=least, max_size=most))
    converted = draw(st.lists(st.booleans(), min_size=len(paths), max_size=len(paths)))
    dice = np.random.default_rng(draw(st.integers(0, 2**16)))
    n = len(paths)
    # rounded, so that touches fall together, at the end and at the edge of the window
    gaps = [
        tuple(np.sort(dice.uniform(-9.0, 250.0, len(p)).round().clip(0, _LOOKBACK_H))[::-1]) for p in paths
    ]
    plain = journeys_of(
        paths,
        value=(dice.exponential(50.0, n) + 0.01).tolist(),
        converted=converted,
        channels=_CHANNELS,
        gap_h=gaps,
    )
    stratum = dice.integers(0, _STRATA, n)
    return replace(
        plain,
        unit=dice.integers(0, 6, n),
        stratum=stratum,
        strata_h=_hours(plain.span_h, stratum, dice.choice([0.0, 0.3, 1.0])),
        expired=sparse.csr_array(dice.integers(0, 3, (n, _CHANNELS)).astype(float)),
        lookback_h=np.full(_CHANNELS, _LOOKBACK_H),
        direct=dice.random(_CHANNELS) < 0.3,
    )


def _hours(span_h: np.ndarray, stratum: np.ndarray, elsewhere: float) -> sparse.csr_array:
    """Return hours mostly in the last stratum; a part in stratum 0, whatever the last one is."""
    n = len(span_h)
    place = (np.concatenate([np.arange(n)] * 2), np.concatenate([stratum, np.zeros(n, np.int64)]))
    hours = np.concatenate([span_h * (1.0 - elsewhere), span_h * elsewhere])
    return sparse.csr_array((hours, place), shape=(n, _STRATA))
