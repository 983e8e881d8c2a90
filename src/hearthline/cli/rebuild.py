"""`hearthline rebuild`."""

import typer

import hearthline as hl
from hearthline.cli._options import DEFAULT_HOME, DEMO_MARK, HomeOption, JsonOption
from hearthline.cli._screen import print_json, show, stages
from hearthline.schema import text

__all__ = ["rebuild"]


def rebuild(*, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Make the answer anew from lake and log alone, and compare it with the last one, table by table."""
    opened = hl.open_home(home)
    with stages() as told:
        found = opened.rebuild(told, demo=(opened.path / DEMO_MARK).exists())
    if as_json:
        print_json(
            {
                "tables": list(found.tables),
                "differ": list(found.differ),
                "events_before": found.before,
                "events": found.events,
            }
        )
    else:
        show(f"made anew from {text.plural(found.events, 'event')}: {_verdict(found)}")
    if found.differ and found.before == found.events:
        raise typer.Exit(1)


def _verdict(found: "hl.Rebuilt") -> str:
    tables = text.plural(len(found.tables), "table")
    if found.before is None:
        return f"{tables}; there was no answer to compare with"
    if not found.differ:
        return f"{tables}, all the same as before"
    new = found.events - found.before
    why = f"{text.plural(new, 'event')} came since" if new else "from the same events"
    return f"{len(found.differ)} of {tables} differ, {why}: {', '.join(found.differ)}"
