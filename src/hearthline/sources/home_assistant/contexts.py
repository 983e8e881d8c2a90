"""Who set something off: Home Assistant's context, which each event carries.

A context with a user and no parent is what somebody did on a screen of Home Assistant. An automation acts in
a context of its own whose parent is the one that triggered it. A context with neither is a device's own.
"""

from typing import Any, Literal, NamedTuple

from hearthline.schema.event import Automation, Correlation, Initiator, Modality
from hearthline.sources import text

__all__ = ["Who", "of_automation", "of_context", "of_row"]

_PLATFORM = "home_assistant"
_CLOCKS = ("time", "time pattern", "time_pattern", "calendar", "sun", "sunrise", "sunset")


class Who(NamedTuple):
    """Who set an event off, by which evidence, how, and by which standing rule."""

    initiator: Initiator = Initiator()
    modality: Modality = "unknown"
    automation: Automation = Automation()
    correlation: Correlation = Correlation()
    user: str | None = None


def of_context(context: dict[str, Any]) -> Who:
    """Return who set an event off, by its context.

    >>> of_context({"id": "c2", "parent_id": "c1", "user_id": None}).initiator.evidence
    'context.parent_id'
    >>> of_context({"id": "c2", "parent_id": None, "user_id": None}).initiator.kind
    'unknown'
    """
    own, parent, user = (text(context.get(name)) for name in ("id", "parent_id", "user_id"))
    correlation = Correlation(parent=parent, root=own)
    if parent is not None:
        initiator = Initiator(kind="machine", evidence="context.parent_id")
        act = Automation(kind="rule", role="act")
        return Who(initiator, "automated", act, correlation, user)
    if user is not None:
        initiator = Initiator(kind="human", evidence="context.user_id")
        return Who(initiator, "screen", correlation=correlation, user=user)
    return Who(correlation=correlation)


def of_automation(
    entity: str | None, source: str | None, kind: Literal["rule", "routine"], evidence: str
) -> Who:
    """Return who acts when an automation runs: a clock where its trigger is one, else a machine.

    >>> of_automation("automation.morning", "time pattern", "rule", "data.source").initiator.kind
    'scheduled'
    """
    by_clock = (source or "").lower().startswith(_CLOCKS)
    act = Automation(
        kind=kind,
        role="act",
        ref_system=_PLATFORM if entity else None,
        ref_type="automation" if kind == "rule" else "script",
        ref_id=entity,
    )
    return Who(Initiator(kind="scheduled" if by_clock else "machine", evidence=evidence), "automated", act)


def of_row(row: dict[str, Any]) -> Who:
    """Return who set a row of the logbook off, by what the row says of its context."""
    user = text(row.get("context_user_id"))
    correlation = Correlation(root=text(row.get("context_id")))
    kind, domain = text(row.get("context_event_type")), text(row.get("context_domain"))
    if kind == "automation_triggered" or domain == "automation":
        evidence = "context_event_type" if kind == "automation_triggered" else "context_domain"
        source = text(row.get("context_source"))
        who = of_automation(text(row.get("context_entity_id")), source, "rule", evidence)
        return who._replace(correlation=correlation, user=user)
    if user is not None:
        return Who(
            Initiator(kind="human", evidence="context_user_id"), "screen", correlation=correlation, user=user
        )
    return Who(correlation=correlation)
