"""`hearthline forget`."""

from typing import Annotated

import typer

import hearthline as hl
from hearthline.cli._options import DEFAULT_HOME, HomeOption, JsonOption
from hearthline.cli._screen import print_json, results, show, stages, table
from hearthline.schema import text

__all__ = ["forget"]


def forget(
    identifiers: Annotated[
        list[str],
        typer.Argument(
            metavar="ID...", help="NAMESPACE:VALUE, such as email:ann@example.com, or a value alone."
        ),
    ],
    *,
    household: Annotated[
        bool, typer.Option("--household", help="Their whole household, not the person alone.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go; change nothing.")] = False,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Take a person out of everything, drop them when they come again, and search for what is left."""
    opened = hl.open_home(home)
    page = opened.path / "report.html"
    had_page = page.exists()
    with stages() as told:
        found = opened.forget(*identifiers, household=household, dry_run=dry_run, progress=told)
    if had_page and not page.exists():
        from hearthline.cli._first_answer import write_page

        if (opened.path / "answers" / "current.json").exists():
            write_page(opened)
    left = found.proof.found if found.proof else ()
    if as_json:
        print_json(_plain(found))
    else:
        counts = [(name, text.count(n)) for name, n in found.rows.items()]
        counts += [] if dry_run else [("frames of the log", text.count(found.frames))]
        results().print(table(("what goes" if dry_run else "what went", "rows"), counts, right=(1,)))
        _tell(found)
    if left:
        raise typer.Exit(1)


def _tell(found: "hl.Forgot") -> None:
    show(f"{text.plural(found.identifiers, 'identifier')} of theirs")
    proof = found.proof
    if proof is None:
        show("nothing was changed")
        return
    short = f", {proof.short} too short to look for" if proof.short else ""
    show(
        f"searched for {text.plural(proof.words, 'word')}{short}: "
        f"{text.plural(proof.files, 'file')} byte by byte, "
        f"{text.plural(proof.tables, 'packed table')} with {text.plural(proof.rows, 'row')} unpacked"
    )
    show("found nowhere" if not proof.found else f"still found in: {', '.join(proof.found)}")


def _plain(found: "hl.Forgot") -> dict[str, object]:
    proof = found.proof
    return {
        "identifiers": found.identifiers,
        "rows": found.rows,
        "frames": found.frames,
        "proof": None
        if proof is None
        else {
            name: getattr(proof, name)
            for name in ("words", "short", "files", "size", "tables", "rows", "found")
        },
    }
