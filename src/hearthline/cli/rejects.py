"""`hearthline rejects`."""

from typing import Annotated

import typer

import hearthline as hl
from hearthline.cli._options import DEFAULT_HOME, HomeOption, JsonOption, LimitOption, at_home
from hearthline.cli._rows import print_rows
from hearthline.cli._screen import print_json, results, show, table
from hearthline.schema import text

__all__ = ["rejects"]

_ALL = 10**9


rejects = typer.Typer(invoke_without_command=True)
_Reason = Annotated[str | None, typer.Option("--reason", help="Only those of one reason.")]


@rejects.callback()
def shown(
    context: typer.Context,
    *,
    reason: _Reason = None,
    limit: LimitOption = 20,
    mended: Annotated[
        bool, typer.Option("--mended", help="Those that were read since, and are refused no longer.")
    ] = False,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Show what was refused: how often, why, where, and what to do; with --reason, line by line."""
    if context.invoked_subcommand is not None:
        return
    opened = hl.open_home(home)
    if mended:
        from hearthline import pipeline
        from hearthline.store.home import HomeFolder

        read = pipeline.mended(HomeFolder.open(opened.path), limit)
        print_rows(read.select(["mended", "place", "wrong"]) if not as_json else read, as_json=as_json)
        return
    if as_json or reason is not None:
        rows = opened.rejects(reason, limit)
        shown = (
            ["source", "reason", "place", "wrong", "cure", "received", "raw"]
            if as_json
            else ["place", "wrong", "cure"]
        )
        print_rows(rows.select(shown), as_json=as_json)
        return
    every = opened.rejects(None, _ALL)
    if not every.num_rows:
        show("nothing is refused")
        return
    known = ["source", "reason", "cure"]
    last = {
        tuple(row[n] for n in known): row["place"]
        for row in reversed(every.select([*known, "place"]).to_pylist())
    }
    counts = every.group_by(known).aggregate([("reason", "count")]).to_pylist()
    ordered = sorted(counts, key=lambda row: (-row["reason_count"], *(row[n] for n in known)))
    lines = [
        (text.count(c["reason_count"]), c["source"], c["reason"], last[tuple(c[n] for n in known)], c["cure"])
        for c in ordered
    ]
    heads = ("rejects", "source", "reason", "the last one at", "what to do")
    results().print(table(heads, lines, right=(0,)))
    show(f"next: hearthline rejects --reason {ordered[0]['reason']}{at_home(home)}")


@rejects.command("retry")
def retry(*, reason: _Reason = None, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Read what was refused again, after a new version or a mended source; what can be read now is added."""
    from hearthline.server.api.retry import retry as tried_again

    found = tried_again(hl.open_home(home).path, reason)
    if as_json:
        print_json({"tried": found.tried, "read": found.read, "events": found.events})
        return
    show(f"{found.tried} tried, {found.read} can be read now: {text.count(found.events)} events added")
    if found.rows:
        rows = text.plural(found.rows, "row")
        show(f"{rows} of tables: read the file again, with what its cure says: hearthline run FILE --map ...")
    if found.events:
        show(f"next: hearthline run --home {home}")
