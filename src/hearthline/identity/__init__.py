"""From identifiers to devices, persons and households, with validity intervals and guards.

The pipeline runs `SELECTS`, gives `resolve` the small tables that come out, and gets back which person
and unit each identity belonged to when. Nothing here knows an event.
"""

from hearthline.identity.doubt import Doubt, doubt_in
from hearthline.identity.hiding import found_without_logins
from hearthline.identity.links import LINKS
from hearthline.identity.networks import networked
from hearthline.identity.parts import SEEN, Known, changed, news, seen_now, together_again
from hearthline.identity.policies import Policies, Policy
from hearthline.identity.renaming import NAMES, RULE, Renamed, one_name
from hearthline.identity.resolution import Observed, Resolution, resolve
from hearthline.identity.stable import BEFORE, CHANGES, steady
from hearthline.identity.statements import BY_HAND, STATEMENTS
from hearthline.identity.withdrawals import WITHDRAWN, subjects
from hearthline.schema.select import selects

__all__ = [
    "BEFORE",
    "BY_HAND",
    "CHANGES",
    "LINKS",
    "NAMES",
    "NIGHTS",
    "RULE",
    "SEEN",
    "SELECTS",
    "STATEMENTS",
    "WITHDRAWN",
    "Doubt",
    "Known",
    "Observed",
    "Policies",
    "Policy",
    "Renamed",
    "Resolution",
    "changed",
    "doubt_in",
    "found_without_logins",
    "networked",
    "news",
    "one_name",
    "resolve",
    "seen_now",
    "steady",
    "subjects",
    "together_again",
]

SELECTS = selects("hearthline.identity", "observations")
NIGHTS = selects("hearthline.identity", "nights")
"""Run where some identities name a network; needs the table `networked` (`identity`)."""
