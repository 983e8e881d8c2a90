"""The only place that knows the order: admit, append, link, journey, credit, report."""

from hearthline.pipeline.core import Progress, silent
from hearthline.pipeline.doctor import Check, doctor
from hearthline.pipeline.explain import Explanation, explain
from hearthline.pipeline.intake import Intake, Request, add, events, rejects
from hearthline.pipeline.run import run

__all__ = [
    "Check",
    "Explanation",
    "Intake",
    "Progress",
    "Request",
    "add",
    "doctor",
    "events",
    "explain",
    "rejects",
    "run",
    "silent",
]
