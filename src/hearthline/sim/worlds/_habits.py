"""How much of the homes' and senders' habits a world has: whom touches seek out, and what leads to what."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from hearthline.sim.channels import NAMES
from hearthline.sim.draws import Singles

__all__ = ["USUAL", "Habits", "column"]


@dataclass(frozen=True, slots=True)
class Habits:
    """Factors of what every town has; all 1 in the usual one.

    Attributes:
        targeting: of how strongly senders choose homes that like the brand, on the log scale (confounding).
        needing: of how strongly touches follow an empty shelf (confounding).
        leading: of how often touches lead to touches (mediation).
        density: of all touches.
    """

    targeting: float = 1.0
    needing: float = 1.0
    leading: float = 1.0
    density: float = 1.0


USUAL: Final = Habits()


def column(strength: Mapping[str, tuple[float, ...]], part: int) -> Singles:
    """Return (channels,) one part of the channels' strengths."""
    return np.array([strength[name][part] for name in NAMES], dtype=np.float32)
