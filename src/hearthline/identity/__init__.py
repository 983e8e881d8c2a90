"""From identifiers to devices, persons and households, with validity intervals and guards.

The pipeline runs `SELECTS`, gives `resolve` the small tables that come out, and gets back which unit
each identity belonged to when. Deterministic links only; nothing here knows an event.
"""

from hearthline.identity.policies import BUILT_IN, Policies
from hearthline.identity.resolution import Resolution, resolve
from hearthline.schema.select import selects

__all__ = ["BUILT_IN", "SELECTS", "Policies", "Resolution", "resolve"]

SELECTS = selects("hearthline.identity", "observations")
