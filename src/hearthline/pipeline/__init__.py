"""The only place that knows the order: admit, append, link, journey, credit, report."""

from hearthline.pipeline.changing import Change, changes, numbers
from hearthline.pipeline.choosing import compare
from hearthline.pipeline.core import Progress, silent
from hearthline.pipeline.doctor import Check, doctor
from hearthline.pipeline.experiments import Experiments
from hearthline.pipeline.explain import (
    EXPLAINING,
    Explanation,
    Household,
    LinkExplanation,
    explain,
    explain_household,
    explain_link,
    explained,
    named,
    orders_called,
    staked_links,
)
from hearthline.pipeline.forgetting import Forget, Forgot, forget
from hearthline.pipeline.hash_keys import (
    DestroyedKey,
    ListedKey,
    destroy_hash_key,
    hash_keys,
    rotate_hash_key,
)
from hearthline.pipeline.identities import link, take_back
from hearthline.pipeline.intake import Intake, Request, add, events, rejects
from hearthline.pipeline.loading import Loaded, load
from hearthline.pipeline.matching import Compare, Matched, match
from hearthline.pipeline.plans import Plans
from hearthline.pipeline.rebuilding import Rebuilt, rebuild
from hearthline.pipeline.rereading import mend, mended
from hearthline.pipeline.run import run
from hearthline.pipeline.upkeep import Kept, upkeep

__all__ = [
    "EXPLAINING",
    "Change",
    "Check",
    "Compare",
    "DestroyedKey",
    "Experiments",
    "Explanation",
    "Forget",
    "Forgot",
    "Household",
    "Intake",
    "Kept",
    "LinkExplanation",
    "ListedKey",
    "Loaded",
    "Matched",
    "Plans",
    "Progress",
    "Rebuilt",
    "Request",
    "add",
    "changes",
    "compare",
    "destroy_hash_key",
    "doctor",
    "events",
    "explain",
    "explain_household",
    "explain_link",
    "explained",
    "forget",
    "hash_keys",
    "link",
    "load",
    "match",
    "mend",
    "mended",
    "named",
    "numbers",
    "orders_called",
    "rebuild",
    "rejects",
    "rotate_hash_key",
    "run",
    "silent",
    "staked_links",
    "take_back",
    "upkeep",
]
