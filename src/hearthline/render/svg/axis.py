"""Axes: round ticks, the words at them, and where a value lies."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor, log10

from hearthline.schema import text as words

__all__ = ["Axis", "axis_of", "said", "tick_said"]


@dataclass(frozen=True, slots=True)
class Axis:
    """A line of numbers between two pixels."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """Return the pixel of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def _step(span: float, most: int) -> float:
    rough = span / max(1, most)
    size = 10.0 ** floor(log10(rough))
    return next(m * size for m in (1, 2, 2.5, 5, 10) if m * size >= rough * 0.999)


def axis_of(values: Sequence[float], start: float, end: float, most: int = 5) -> Axis:
    """Return an axis that holds all values and zero, with at most about `most` round steps.

    >>> axis_of([0.02, 0.47], 0, 100).ticks
    (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
    """
    low, high = min(0.0, *values, 0.0), max(0.0, *values, 0.0)
    if high == low:
        high = low + 1.0
    step = _step(high - low, most)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    ticks = tuple(round(i * step, 12) for i in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], start, end, ticks)


def said(value: float, kind: str, currency: str = "") -> str:
    """Return a value in words, as charts show it: money in three figures."""
    if kind == "share":
        return words.share(value)
    return words.brief_money(Decimal(str(value)), currency) if kind == "money" else words.count(value)


def tick_said(value: float, kind: str, currency: str = "") -> str:
    """Return the word at a tick, which is round.

    >>> tick_said(0.05, "share")
    '5%'
    """
    return f"{value * 100:g}%".replace("-", words.MINUS) if kind == "share" else said(value, kind, currency)
