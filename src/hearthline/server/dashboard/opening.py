"""The pages that open what stands behind a number: orders, one order, one home, one event."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hearthline import pipeline
from hearthline.schema import text
from hearthline.schema.errors import UnknownName
from hearthline.server.api import forms
from hearthline.server.api.opened import PLACES, explanation, household, journey, key_of, orders, raw
from hearthline.server.api.service import service_of, visitor_of
from hearthline.server.api.shelf import Shelf
from hearthline.server.api.whose import of_home, of_order
from hearthline.server.dashboard import examples
from hearthline.server.dashboard.drawing import Drawing
from hearthline.server.dashboard.page import KINDS, Row, about_answer, arrivals, money, screen
from hearthline.server.dashboard.screens import screen_of

__all__ = ["household_index", "one_event", "one_household", "one_order", "order_list"]

_PAGE = 50
_PLACED = {
    "person": "placed by a person",
    "subscription": "a subscription renewal",
    "machine": "placed by a machine",
}


def household_index(request: Request) -> Response:
    """Return the way into households: a search, and homes worth opening."""
    shelf = service_of(request).shelf
    asked = request.query_params.get("q", "").strip()
    found = _found(shelf, asked) if asked else None
    if found:
        return RedirectResponse(found, 303)
    rows, whole, _ = orders(shelf, {}, 12, 0)
    return screen(
        request,
        "household",
        template="household_index.html",
        asked=asked,
        examples=examples.of(shelf),
        orders=rows,
        whole=whole,
        headline="Open a home to see why its orders got their credit",
    )


def _found(shelf: Shelf, asked: str) -> str | None:
    """Return the address of the order or household that is called so; None where there is none."""
    if pipeline.orders_called(shelf, asked):
        return f"/orders/{forms.quoted(asked)}"
    digits = asked.removeprefix("-")
    if digits.isascii() and digits.isdigit() and abs(int(digits[:20])) < 2**63:
        unit = int(asked)
        if shelf.rows("SELECT unit FROM households WHERE unit = $unit LIMIT 1", unit=unit):
            return f"/household/{unit}"
    return None


def one_household(request: Request) -> Response:
    """Return one home: its timeline, orders, devices, links and consents."""
    service, visitor = service_of(request), visitor_of(request)
    unit, masks = key_of(request.path_params["unit"]), service.masks(visitor)
    found = household(service.shelf, unit, masks)
    service.looked(visitor, "household", unit)
    return about_answer(
        request,
        "household.html",
        screen_of("household"),
        found=found,
        unit=unit,
        whose=of_home(service.shelf, unit),
        fresh=arrivals(service.tail.of_home(service.shelf, unit)),
        draw=Drawing(service.shelf, {}).figure,
        headline=found.figure.title,
        whole=masks.whole,
    )


def one_order(request: Request) -> Response:
    """Return one order: what each touch before it earned, its lineage, its events."""
    service, visitor = service_of(request), visitor_of(request)
    shelf, masks = service.shelf, service.masks(visitor)
    order = request.path_params["order"]
    try:
        found = explanation(shelf, order, masks)
    except UnknownName:
        alike = pipeline.orders_called(shelf, order)
        if alike:
            return _one_of(request, order, pipeline.named(shelf, alike))
        fresh, _ = service.tail.newest(shelf, _PAGE, order)
        if not fresh:
            raise
        service.looked(visitor, "order", order)
        headline = f"Order {order} has arrived; the next answer says what led to it"
        return about_answer(
            request,
            "fresh.html",
            screen_of("household"),
            order=order,
            fresh=arrivals(fresh),
            headline=headline,
        )
    service.looked(visitor, "order", order)
    said = f"{money(shelf)(found.order['net'])} on {text.day(found.order['day'])}"
    return about_answer(
        request,
        "order.html",
        screen_of("household"),
        found=found,
        figure=journey(shelf, found),
        draw=Drawing(shelf, {}).figure,
        whole=masks.whole,
        headline=f"{said}, {_PLACED[found.order['kind']]}",
        decision=found.enrolment,
        actors=of_order(shelf, found.order),
        name=order,
    )


def _one_of(request: Request, order: str, rows: list[Row]) -> Response:
    """Return the orders of several shops that have one number, to choose from."""
    return about_answer(
        request,
        "orders.html",
        screen_of("household"),
        rows=rows,
        whole=len(rows),
        credit=None,
        places=(),
        kind=KINDS["all"],
        model="",
        start=0,
        previous=None,
        following=None,
        api=None,
        headline=f"{text.plural(len(rows), 'shop')} have an order {order}",
    )


def one_event(request: Request) -> Response:
    """Return one event and the raw payload that it was made from."""
    service, visitor = service_of(request), visitor_of(request)
    source, name = (request.query_params.get(n, "") for n in ("source", "id"))
    found = raw(service.shelf, source, name, service.masks(visitor))
    if found.unit is not None:
        service.looked(visitor, "event", found.unit)
    headline = str(found.event.get("type", "An event"))
    return about_answer(request, "event.html", screen_of("household"), found=found, headline=headline)


def order_list(request: Request) -> Response:
    """Return the orders behind a number."""
    shelf, start = service_of(request).shelf, forms.number(request, "offset", 0, 10**9)
    asked = dict(request.query_params)
    rows, whole, credit = orders(shelf, asked, _PAGE, start)
    places = [asked[k] for k in PLACES if asked.get(k)]
    model = asked.get("model") or shelf.facts["default_model"]
    titles = {r["model"]: r["title"] for r in shelf.rows("SELECT model, title FROM models")}
    following = start + len(rows)
    return about_answer(
        request,
        "orders.html",
        screen_of("attribution"),
        rows=rows,
        whole=whole,
        credit=credit,
        places=places,
        kind=KINDS.get(asked.get("kind", "all"), KINDS["all"]),
        model=titles.get(model, model),
        start=start,
        headline=_behind(places, whole, rows),
        previous=_at(request, max(0, start - _PAGE)) if start else None,
        following=_at(request, following) if following < whole else None,
        api=f"/api/orders?{request.url.query}",
    )


def _behind(places: Sequence[str], whole: int, rows: Sequence[Row]) -> str:
    if not rows:
        return "No orders here"
    owed = "owe something to " + " · ".join(places) if places else "in this answer"
    return f"{text.plural(whole, 'order')} {owed}"


def _at(request: Request, start: int) -> Any:
    address = request.url.include_query_params(offset=start)
    return f"{address.path}?{address.query}"
