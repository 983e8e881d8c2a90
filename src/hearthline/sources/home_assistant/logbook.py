"""Rows of the logbook: written for people, and the only trace of what came from Apple Home."""

import re
from typing import Any

from hearthline.schema.event import Signal
from hearthline.sources import instant, text
from hearthline.sources.home_assistant.contexts import of_automation, of_row
from hearthline.sources.home_assistant.entities import domain_of, signal_of
from hearthline.sources.home_assistant.happenings import Told

__all__ = ["is_row", "told_of_row"]

_COMMAND = re.compile(r"(?:send|sent) command ([\w./]+)")
_CHANGED = re.compile(r"(?:changed to|turned|was|is) (\w+)")
_SOURCE = re.compile(r"triggered by (.+)")
_ASSISTANTS = frozenset(("homekit", "alexa", "google_assistant"))


def is_row(row: dict[str, Any]) -> bool:
    """Return whether this is a row of the logbook.

    >>> is_row({"when": "2026-03-01T06:00:00+00:00", "entity_id": "light.hall", "state": "on"})
    True
    """
    told = text(row.get("entity_id")) or text(row.get("domain"))
    about = text(row.get("message")) or text(row.get("state"))
    return "when" in row and told is not None and about is not None and instant(row.get("when")) is not None


def told_of_row(row: dict[str, Any]) -> Told:
    """Return what a row tells: a command of an assistant, an automation that ran, or a new state."""
    entity, domain = text(row.get("entity_id")), text(row.get("domain"))
    message = text(row.get("message")) or ""
    command = _COMMAND.search(message)
    if domain in _ASSISTANTS and command is not None:
        return Told("device.command.sent", entity, signal=Signal(capability=domain, attribute=command[1]))
    if "automation" in (domain, domain_of(entity)) and "triggered" in message:
        return _ran(row, entity, message)
    value = text(row.get("state")) or (found[1] if (found := _CHANGED.match(message)) else None)
    if entity is None or value is None:
        return Told(refused="a row that tells no state")
    return Told("device.state.reported", entity, row, signal_of(entity, {"state": value}, None, change=True))


def _ran(row: dict[str, Any], entity: str | None, message: str) -> Told:
    found = _SOURCE.search(message)
    source = text(row.get("source")) or (found[1] if found else None)
    who = of_automation(entity, source, "rule", "source" if text(row.get("source")) else "message")
    signal = Signal(capability="automation", attribute="triggered", state_change=True)
    return Told("device.automation.triggered", entity, signal=signal, who=who._replace(user=of_row(row).user))
