"""Derived events: everything that signals say of single households and devices, one row an event."""

from hearthline.reports import Answer
from hearthline.reports._reading import rows, table
from hearthline.schema import text
from hearthline.schema.figure import Column, Figure

POSITION = 56
SCREEN = "devices"
TITLE = "Derived events"
QUESTION = "What do signals say of single households and devices, for tools that act on it?"
DEFINITION = (
    "An event (count) that a signal derives from other events: a supply that is running out, a household "
    "that is likely to leave, a device that needs service, a state that lasts. Known since = the moment "
    "from which it could be said (UTC). The number and its unit are the signal's own: days, a probability, a "
    "count. Window: what holds at the end of the data. Without an interval: each signal's own report has it. "
    "Traps: this is a forecast and no observation; sent to a tool it needs the consent of the household."
)
COLUMNS = (
    Column("kind", "Event"),
    Column("home", "Household"),
    Column("device", "Device"),
    Column("about", "About"),
    Column("since", "Known since", "date"),
    Column("value", "Value"),
    Column("number", "Number", "number"),
    Column("unit", "Unit"),
    Column("id", "Id", help="Key of the event: the same event has the same id in every run"),
)
_SQL = """
    SELECT type AS kind, unit::VARCHAR AS home, device_id AS device,
      coalesce(signal_instance, signal_attribute) AS about, time::DATE AS since, signal_value AS value,
      signal_number AS number, signal_unit AS unit, id
    FROM derived ORDER BY type, time DESC, id"""


def build(answer: Answer) -> Figure:
    """Return all derived events, by kind, the newest first."""
    found = rows(answer, _SQL)
    kinds = len({row["kind"] for row in found})
    title = f"{text.plural(len(found), 'derived event')} of {text.plural(kinds, 'kind')}" if found else TITLE
    return Figure(
        name="derived_events",
        title=title,
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(found, COLUMNS, {}),
        notes=() if found else ("No signal says anything of a single household yet.",),
        chart=None,
        source=answer.source,
        currency=answer.currency,
    )
