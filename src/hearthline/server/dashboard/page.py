"""What every page is made of: the shell, the answer it is about, filters as links, figures as sections."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from hearthline import reports
from hearthline.schema import text
from hearthline.schema.figure import Figure
from hearthline.server.api.access import COOKIE
from hearthline.server.api.errors import Refusal
from hearthline.server.api.narrow import asked_of, narrowed
from hearthline.server.api.service import service_of
from hearthline.server.api.shelf import Shelf
from hearthline.server.dashboard import drawing
from hearthline.server.dashboard.drawing import Drawing
from hearthline.server.dashboard.screens import SCREENS, Screen, screen_of

__all__ = [
    "KINDS",
    "THEMES",
    "Filters",
    "Row",
    "about_answer",
    "arrivals",
    "money",
    "options",
    "page",
    "screen",
]

Row = dict[str, Any]
THEMES = ("light", "dark")
KINDS = {
    "all": "All orders",
    "person": "By a person",
    "subscription": "Subscriptions",
    "machine": "By a machine",
}


@dataclass(frozen=True, slots=True)
class Filters:
    """How a screen is narrowed when the address does not say, and which filters it offers.

    `usual` holds values for all figures, `of` those of one figure by its name; `parts` says which rows of
    a figure the screen shows under its whole title, because it shows the others in another way.
    """

    usual: Mapping[str, str] = field(default_factory=dict)
    of: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    bars: Sequence[Row] = ()
    parts: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)


def _shell(request: Request, shown: Screen | None) -> Row:
    theme = request.cookies.get("theme", "")
    visitor = getattr(request.state, "visitor", None)
    return {
        "screens": SCREENS,
        "screen": shown,
        "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "theme": theme if theme in THEMES else "",
        "csrf": visitor.csrf if visitor else "",
        "may_write": bool(visitor and "write" in visitor.scopes),
        "signed_in": bool(request.cookies.get(COOKIE)),
        "facts": None,
        "unmade": (),
        "run": None,
    }


def page(request: Request, template: str, shown: Screen | None, status: int = 200, **more: Any) -> Response:
    """Return a page made of a template and the shell around it."""
    found = drawing.environment().get_template(template)
    return HTMLResponse(found.render(_shell(request, shown) | more), status)


def about_answer(request: Request, template: str, shown: Screen | None, **more: Any) -> Response:
    """Return a page about the current answer."""
    shelf = service_of(request).shelf
    known: Row = {"shelf": shelf, "facts": shelf.facts, "run": shelf.run, "money": money(shelf)}
    return page(request, template, shown, **(known | more))


def money(shelf: Shelf) -> Callable[[Any], str]:
    """Return what says an amount to the smallest coin, and a missing one as a dash."""

    def said(value: Any) -> str:
        return text.MISSING if value is None else text.exact_money(value, shelf.currency)

    return said


def arrivals(rows: Sequence[Row]) -> list[Row]:
    """Return events that came after the answer, each with its amount in words."""
    found = []
    for row in rows:
        told = row["commerce_total"] if row["commerce_total"] is not None else row["commerce_revenue"]
        known = told is not None and row["commerce_currency"] is not None
        amount = text.exact_money(told, row["commerce_currency"]) if known else text.MISSING
        found.append({"unsure": False, **row, "amount": amount})
    return found


def options(request: Request, name: str, values: Mapping[str, str], chosen: str) -> list[Row]:
    """Return a filter's values as links that keep all other filters; an empty value is no filter."""
    kept = [(k, v) for k, v in request.query_params.multi_items() if k != name]
    found = []
    for value, label in values.items():
        query = urlencode([*kept, (name, value)] if value else kept)
        address = f"{request.url.path}?{query}" if query else request.url.path
        found.append({"label": label, "href": address, "chosen": value == chosen})
    return found


def _asked(request: Request, figure: Figure, filters: Filters) -> dict[str, list[str]]:
    """Return what the address, or else the screen, asks of one figure."""
    asked = asked_of(figure, request.query_params.multi_items(), strict=False)
    for name, value in {**filters.usual, **filters.of.get(figure.name, {})}.items():
        if name in figure.rows.column_names:
            asked.setdefault(name, [value])
    return asked


def _part(figure: Figure, filters: Filters) -> Figure:
    parts = filters.parts.get(figure.name)
    return replace(narrowed(figure, parts), title=figure.title) if parts else figure


def _made(shelf: Shelf, names: Sequence[str]) -> tuple[list[Figure], list[Row]]:
    """Return the figures that can be made, and of the others what is wrong: one never hides the rest."""
    whole, unmade = [], []
    for name in names:
        try:
            whole.append(shelf.figure(name))
        except Refusal as error:
            unmade.append({"title": reports.load(name).TITLE, "wrong": error.wrong, "cure": error.cure})
    return whole, unmade


def screen(request: Request, key: str, filters: Filters | None = None, **more: Any) -> Response:
    """Return a screen made of its reports: the first one's finding is its headline."""
    filters = filters or Filters()
    shelf, shown = service_of(request).shelf, screen_of(key)
    whole, unmade = _made(shelf, reports.on_screen(key))
    asked = {f.name: _asked(request, f, filters) for f in whole}
    figures = [_part(narrowed(f, asked[f.name]), filters) for f in whole]
    drawn = Drawing(shelf, asked)
    known: Row = {
        "figures": figures,
        "unmade": unmade,
        "lead": figures[0] if figures else None,
        "draw": drawn.figure,
    }
    known |= {"filters": filters.bars, "headline": figures[0].title if figures else shown.name}
    template = more.pop("template", "screen.html")
    return about_answer(request, template, shown, **(known | more))
