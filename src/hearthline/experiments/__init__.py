"""Experiments: who is left out, how long it must last, what came out, and what models learn from it.

Arrays only, as in the models: no channel's name has a meaning here, and nothing is read or written.
`off_by_lot` assigns, `Power` designs, `difference` analyses (safe under continuous looking), `Lift` is
what an experiment found, whoever ran it, and `prior` and `updated` calibrate a model's credit to lifts.
"""

from hearthline.experiments.calibration import ALONE, Belief, Observed, agreement, prior, updated
from hearthline.experiments.choosing import chosen
from hearthline.experiments.difference import LEVEL, Difference, balanced, difference
from hearthline.experiments.lifts import KINDS, Lift, Listed, read_arms, read_lifts
from hearthline.experiments.lots import keys_of, off_by_lot
from hearthline.experiments.power import Power, detectable, needed, power_of

__all__ = [
    "ALONE",
    "KINDS",
    "LEVEL",
    "Belief",
    "Difference",
    "Lift",
    "Listed",
    "Observed",
    "Power",
    "agreement",
    "balanced",
    "chosen",
    "detectable",
    "difference",
    "keys_of",
    "needed",
    "off_by_lot",
    "power_of",
    "prior",
    "read_arms",
    "read_lifts",
    "updated",
]
