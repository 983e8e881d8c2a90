"""When a supply is used up: the distribution of its last day, for every signal that looks ahead."""

from typing import Final

import numpy as np
import pyarrow as pa
from scipy.special import ndtr, ndtri

from hearthline.signals import Asked
from hearthline.signals._columns import DAY_US, Floats, days_of, micros

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
        kind = np.array([names.get(k, len(names)) for k in rows["kind"].to_pylist()], dtype=np.int64)
        weekday0 = (micros(asked.as_of) / DAY_US + 3) % 7
        self.day = np.arange(0, FAR * 2)
        self.clock = _clock(weekday, weekday0, self.day)
        self.kind = kind
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
        asked = np.broadcast_to(np.asarray(days, dtype=np.float64), self.rate.shape)
        ahead = np.empty_like(self.rate)
        for k in range(len(self.clock)):
            own = self.kind == k
            ahead[own] = np.interp(asked[own], self.day, self.clock[k])
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
        out: Floats = np.empty_like(operational)
        for k in range(len(self.clock)):
            own = self.kind == k
            out[own] = np.interp(operational[own], self.clock[k], self.day, right=np.inf)
        return out


def _clock(weekday: Floats, weekday0: float, day: Floats) -> Floats:
    """Return (kinds, days) operational days by each calendar day from now."""
    step = np.floor(day[:-1] + weekday0).astype(np.int64) % 7
    part = (weekday0 % 1) * np.ones_like(day[:-1])
    today, tomorrow = weekday[:, step], weekday[:, (step + 1) % 7]
    passing = (1 - part) * today + part * tomorrow
    out: Floats = np.concatenate([np.zeros((len(weekday), 1)), np.cumsum(passing, axis=1)], axis=1)
    return out


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
