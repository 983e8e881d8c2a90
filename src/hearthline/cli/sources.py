"""`hearthline sources`."""

from typing import Annotated, Any, Literal

import typer
from rich.text import Text

from hearthline.cli._options import JsonOption
from hearthline.cli._screen import print_json, results, show, table

__all__ = ["sources"]

Question = Literal["person", "household", "initiator", "price"]

_QUESTIONS: tuple[Question, ...] = ("person", "household", "initiator", "price")


def sources(
    name: Annotated[str | None, typer.Argument(help="One of them, in full.", show_default=False)] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """List the sources: which platforms are read, how they reach us and what they can tell."""
    from hearthline import sources as room

    told: list[dict[str, Any]] = [
        {
            "name": source.PLATFORM,
            "title": source.TITLE,
            "layer": source.LAYER,
            "transports": source.TRANSPORTS,
            "proof": source.PROOF,
            "state": source.STATE,
            "tells": {q: source.TELLS.get(q, "no") for q in _QUESTIONS},
            "docs": source.DOCS,
            "page": f"docs/sources/{source.PLATFORM}.md",
        }
        for source in map(room.load, room.names() if name is None else (name,))
    ]
    if as_json:
        print_json(told)
    elif name is not None:
        results().print(
            table(("", ""), [(k, v if isinstance(v, str) else _said(v)) for k, v in told[0].items()])
        )
    else:
        heads = ("source, its page", "layer", "comes by", "tells", "how a sender proves itself; state")
        rows = [
            (
                Text(f"{t['name']}\n{t['title']}\n{t['page']}", overflow="fold"),
                t["layer"],
                "\n".join(t["transports"]),
                _told(t["tells"]),
                f"{t['proof']}\n{t['state']}",
            )
            for t in told
        ]
        results().print(table(heads, rows))
        show("what is in brackets it tells sometimes; hearthline sources NAME shows one of them whole")


def _told(answers: dict[str, str]) -> str:
    shown = [
        f"({what})" if answer == "sometimes" else what for what, answer in answers.items() if answer != "no"
    ]
    return ", ".join(shown) or "-"


def _said(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k}: {v}" for k, v in value.items())
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
