"""The additive form: a base rate plus, for every past touch, a lift that fades exponentially."""

from dataclasses import dataclass, field, replace
from typing import ClassVar, Final

import numpy as np

from hearthline.sim.channels import NAMES
from hearthline.sim.draws import Flags, Singles
from hearthline.sim.worlds._habits import USUAL, Habits, column

__all__ = ["Additive"]

_BASE_ORDER: Final = 0.0180
_BASE_ENROL: Final = 0.0008
# channel: (lift of the ordering rate, lift of the enrolment rate, what is left after a day)
_STRENGTH: Final = {
    "smart-tv": (0.0050, 0.00010, 0.90),
    "car-audio": (0.0050, 0.00005, 0.85),
    "home-display": (0.0070, 0.00030, 0.85),
    "voice-search": (0.0350, 0.00080, 0.65),
    "appliance": (0.0060, 0.00300, 0.85),
    "sensor-alert": (0.0, 0.0, 0.50),
    "search-ads": (0.0350, 0.00060, 0.65),
    "retargeting": (0.0025, 0.0, 0.70),
    "wearable": (0.0, 0.0, 0.80),
}


@dataclass(frozen=True)
class Additive:
    """rate = base x urge + sum over touches of lift x decay^days."""

    name: str
    habits: Habits = USUAL
    order_lift: Singles = field(default_factory=lambda: column(_STRENGTH, 0))
    enrol_lift: Singles = field(default_factory=lambda: column(_STRENGTH, 1))
    decay: Singles = field(default_factory=lambda: column(_STRENGTH, 2)[:, None])
    title: ClassVar[str] = "base x urge + sum of lift x decay^days"

    def with_density(self, density: float) -> "Additive":
        """Return the same world with that many times the touches."""
        return replace(self, habits=replace(self.habits, density=density))

    def blank(self, n: int) -> Singles:
        """Return (channels, n) zeros: faded touches by channel."""
        return np.zeros((len(NAMES), n), dtype=np.float32)

    def remember(self, memory: Singles, touches: Flags) -> Singles:
        """Return the faded memory with today's touches at full strength."""
        faded: Singles = memory * self.decay + touches
        return faded

    def order_rate(self, urge: Singles, memory: Singles) -> Singles:
        """Return the sum of base and lifts."""
        rate: Singles = np.float32(_BASE_ORDER) * urge + self.order_lift @ memory
        return rate

    def enrol_rate(self, urge: Singles, memory: Singles) -> Singles:
        """Return the sum of base and lifts."""
        rate: Singles = np.float32(_BASE_ENROL) * urge + self.enrol_lift @ memory
        return rate
