"""The only place that knows the order: admit, append, link, journey, credit, report."""

from hearthline.pipeline.core import Progress, silent
from hearthline.pipeline.doctor import Check, doctor
from hearthline.pipeline.explain import (
    Explanation,
    Household,
    LinkExplanation,
    explain,
    explain_household,
    explain_link,
)
from hearthline.pipeline.identities import link, take_back
from hearthline.pipeline.intake import Intake, Request, add, events, rejects
from hearthline.pipeline.run import run

__all__ = [
    "Check",
    "Explanation",
    "Household",
    "Intake",
    "LinkExplanation",
    "Progress",
    "Request",
    "add",
    "doctor",
    "events",
    "explain",
    "explain_household",
    "explain_link",
    "link",
    "rejects",
    "run",
    "silent",
    "take_back",
]
