"""The floor below the store: only what was admitted is stored.

`store` takes `Admitted` and nothing else, and only `admit` makes it: a type, not a habit.
"""

from hearthline.privacy.admit import (
    Admitted,
    admit_events,
    admit_tables,
    admitted_frame,
    admitted_of,
    cleaned_frame,
    without,
)
from hearthline.privacy.forgotten import NOBODY, Forgotten, marks_of
from hearthline.privacy.mask import mask
from hearthline.privacy.ring import Keys, Ring, key_id, ring_of

__all__ = [
    "NOBODY",
    "Admitted",
    "Forgotten",
    "Keys",
    "Ring",
    "admit_events",
    "admit_tables",
    "admitted_frame",
    "admitted_of",
    "cleaned_frame",
    "key_id",
    "marks_of",
    "mask",
    "ring_of",
    "without",
]
