"""When a supply is used up: the distribution of its last day, for every signal that looks ahead."""

from typing import Final

import numpy as np
import pyarrow as pa
from scipy.special import ndtr, ndtri

from hearthline.signals import Asked
from hearthline.signals._clock import AHEAD, Clock
from hearthline.signals._columns import Floats, days_of

__all__ = ["FAR", "Ahead"]

FAR: Final = 366.0
"""Days that are looked ahead."""


class Ahead:
    """The distribution of each supply's last day, in calendar days from the as-of.

    Use over an operational time t is about normal around u = rate x t, with the variance `packs_sd`^2 +
    spread u + drift u^2; it never goes back, so P(used up by t) = P(use by t >= left).
    """

    def __init__(self, rows: pa.Table, kinds: pa.Table, asked: Asked) -> None:
        get = {n: rows[n].to_numpy() for n in ("packs", "packs_sd", "rate", "spread", "drift")}
        self.left, self.rate, self.spread = get["packs"], np.maximum(get["rate"], 1e-6), get["spread"]
        self.base = get["packs_sd"] ** 2
        self.drift = get["drift"]
        names = {name: i for i, name in enumerate(kinds["kind"].to_pylist())}
        weekday = np.array([*kinds["weekday"].to_pylist(), [1.0] * 7])
        season = np.array([*kinds["season"].to_pylist(), [1.0] * 12])
        self.kind = np.array([names.get(k, len(names)) for k in rows["kind"].to_pylist()], dtype=np.int64)
        self.clock = Clock(weekday, season, asked.as_of, 1.0)
        self.gone = np.maximum(-days_of(rows["since"], asked.as_of), 0)  # since what is left was told
        self.before = self._passed(self.rate * self.gone)

    def _passed(self, use: Floats) -> Floats:
        """Return the chance that so much expected use exceeds what was left."""
        sd = np.sqrt(self.base + self.spread * use + self.drift * use**2)
        out: Floats = ndtr((use - self.left) / np.maximum(sd, 1e-9))
        return out

    def left_now(self) -> Floats:
        """Return what is left now, in packs."""
        out: Floats = np.maximum(self.left - self.rate * self.gone, 0)
        return out

    def chance(self, days: float | Floats) -> Floats:
        """Return the chance that it is used up within so many calendar days, given that it is not yet."""
        asked = np.minimum(np.broadcast_to(np.asarray(days, dtype=np.float64), self.rate.shape), AHEAD)
        ahead = self.clock.ticks(asked, self.kind)
        then = self._passed(self.rate * (self.gone + ahead))
        counted = self.gone > 0
        given = np.where(counted, (then - self.before) / np.maximum(1 - self.before, 1e-6), then)
        out: Floats = np.clip(given, 0, 1)
        return out

    def quantile(self, p: float) -> Floats:
        """Return the calendar days within which it is used up with chance p; 0 when it may be already."""
        counted = self.gone > 0
        z = ndtri(np.clip(np.where(counted, self.before + p * (1 - self.before), p), 1e-6, 1 - 1e-6))
        use = _root(self.left, self.base, self.spread, self.drift, z)
        operational = np.maximum(use / self.rate - self.gone, 0)
        return self.clock.days(operational, self.kind)


def _root(left: Floats, base: Floats, spread: Floats, drift: Floats, z: Floats) -> Floats:
    """Return the use u with (u - left) = z sd(u): a quadratic; infinite where none is."""
    a = 1 - z**2 * drift
    b = 2 * left + z**2 * spread
    c = left**2 - z**2 * base
    inner = np.sqrt(np.maximum(b**2 - 4 * a * c, 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        use = np.where(z >= 0, (b + inner) / (2 * a), (b - inner) / (2 * a))
        low = np.where(z >= 0, use, 2 * c / (b + inner))  # the same, without cancellation
    out: Floats = np.where((a <= 0) & (z > 0), np.inf, np.maximum(low, 0))
    return out
