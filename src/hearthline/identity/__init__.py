"""From identifiers to devices, persons and households, with validity intervals and guards.

The pipeline runs `SELECTS`, gives `resolve` the small tables that come out, and gets back which person
and unit each identity belonged to when. Nothing here knows an event.
"""

from hearthline.identity.hiding import found_without_logins
from hearthline.identity.networks import networked
from hearthline.identity.parts import SEEN, Known, changed, news, seen_now, together_again
from hearthline.identity.policies import Policies, Policy
from hearthline.identity.resolution import Observed, Resolution, resolve
from hearthline.identity.stable import BEFORE, CHANGES, steady
from hearthline.identity.statements import BY_HAND, STATEMENTS
from hearthline.schema.select import selects

__all__ = [
    "BEFORE",
    "BY_HAND",
    "CHANGES",
    "NIGHTS",
    "SEEN",
    "SELECTS",
    "STATEMENTS",
    "Known",
    "Observed",
    "Policies",
    "Policy",
    "Resolution",
    "changed",
    "found_without_logins",
    "networked",
    "news",
    "resolve",
    "seen_now",
    "steady",
    "together_again",
]

SELECTS = selects("hearthline.identity", "observations")
NIGHTS = selects("hearthline.identity", "nights")
"""Run where some identities name a network; needs the table `networked` (`identity`)."""
