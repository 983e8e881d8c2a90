"""The multiplicative form: each channel multiplies the urge, saturates, and acts with a delay.

The weight of a touch k days ago is (1 - d)^2 (k + 1) d^k: low on the day itself, highest after some
days, then fading (a chain of two exponential stores; no exponential fits it). Effects multiply the
urge, so the same touch moves a home in need more than one with full shelves.
"""

from dataclasses import dataclass, field, replace
from typing import ClassVar, Final

import numpy as np

from hearthline.sim.channels import NAMES
from hearthline.sim.draws import Flags, Singles
from hearthline.sim.worlds._habits import USUAL, Habits, column

__all__ = ["Multiplicative"]

_BASE_ORDER: Final = 0.0180
_BASE_ENROL: Final = 0.0008
_HALF: Final = np.float32(0.10)  # felt at which half of a channel's effect is reached
# channel: (log-effect on ordering, log-effect on enrolling, d)
_STRENGTH: Final = {
    "smart-tv": (0.40, 0.30, 0.78),
    "car-audio": (0.40, 0.15, 0.70),
    "home-display": (0.50, 0.60, 0.70),
    "voice-search": (1.00, 0.90, 0.45),
    "appliance": (0.40, 2.60, 0.70),
    "sensor-alert": (0.02, 0.0, 0.40),
    "search-ads": (1.10, 0.80, 0.45),
    "retargeting": (0.10, 0.0, 0.50),
    "wearable": (0.0, 0.0, 0.60),
}


@dataclass(frozen=True)
class Multiplicative:
    """rate = base x urge x product over channels of exp(effect x felt / (felt + half))."""

    name: str
    habits: Habits = USUAL
    order_effect: Singles = field(default_factory=lambda: column(_STRENGTH, 0))
    enrol_effect: Singles = field(default_factory=lambda: column(_STRENGTH, 1))
    keep: Singles = field(default_factory=lambda: column(_STRENGTH, 2)[:, None])
    title: ClassVar[str] = "base x urge x product of saturating effects, delayed"

    def with_density(self, density: float) -> "Multiplicative":
        """Return the same world with that many times the touches."""
        return replace(self, habits=replace(self.habits, density=density))

    def blank(self, n: int) -> Singles:
        """Return (2, channels, n) zeros: the two stores of the delay."""
        return np.zeros((2, len(NAMES), n), dtype=np.float32)

    def remember(self, memory: Singles, touches: Flags) -> Singles:
        """Return the two stores after today."""
        out = np.empty_like(memory)
        flow = 1 - self.keep
        out[0] = memory[0] * self.keep + flow * touches
        out[1] = memory[1] * self.keep + flow * out[0]
        return out

    def order_rate(self, urge: Singles, memory: Singles) -> Singles:
        """Return base and urge times every channel's effect."""
        rate: Singles = np.float32(_BASE_ORDER) * urge * np.exp(self.order_effect @ _saturated(memory))
        return rate

    def enrol_rate(self, urge: Singles, memory: Singles) -> Singles:
        """Return base and urge times every channel's effect."""
        rate: Singles = np.float32(_BASE_ENROL) * urge * np.exp(self.enrol_effect @ _saturated(memory))
        return rate


def _saturated(memory: Singles) -> Singles:
    out: Singles = memory[1] / (memory[1] + _HALF)
    return out
