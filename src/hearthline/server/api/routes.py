"""The addresses of the read API, under `/api`."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from hearthline import reports
from hearthline.schema.figure import Figure
from hearthline.server.api import forms, openapi
from hearthline.server.api.errors import Refusal
from hearthline.server.api.narrow import asked_of, narrowed
from hearthline.server.api.opened import explanation, household, key_of, orders, raw
from hearthline.server.api.plain import plain
from hearthline.server.api.retry import retry
from hearthline.server.api.service import service_of, visitor_of
from hearthline.server.api.stream import arrivals
from hearthline.server.api.whose import of_home, of_order

__all__ = ["ROUTES"]

_MOST = 1000
_HOUSEHOLD = (
    *("about", "orders", "enrolments", "devices", "links", "consents"),
    *("signals", "readings"),
)
_RETRY = "/api/rejects/retry"


def _json(request: Request, value: Any) -> Response:
    return forms.tagged(request, forms.to_json_bytes(plain(value)), forms.FORMS["json"])


def about(request: Request) -> Response:
    """Return what this answer is: the run, its currency, its period."""
    return _json(request, service_of(request).shelf.facts)


def listed(request: Request) -> Response:
    """Return the reports that there are, the first question first."""
    found = []
    for name in reports.in_order():
        report = reports.load(name)
        told = {"title": report.TITLE, "question": report.QUESTION, "definition": report.DEFINITION}
        screen = getattr(report, "SCREEN", None)
        found.append({"name": name, **told, "screen": screen, "href": f"/api/reports/{name}"})
    return _json(request, {"reports": found})


def report(request: Request) -> Response:
    """Return one report, narrowed by the address, in the form that is asked for."""
    name, _, ending = request.path_params["name"].partition(".")
    form = forms.form_of(request, ending)
    figure = service_of(request).shelf.figure(name)
    asked = asked_of(figure, request.query_params.multi_items(), strict=True)
    return forms.answer(request, _table_of(request, narrowed(figure, asked)), form)


def _table_of(request: Request, figure: Figure) -> Figure:
    """Return the figure, or the table that its chart is drawn from, where the address asks for that."""
    part = request.query_params.get("table", "rows")
    if part not in ("rows", "chart"):
        raise Refusal(400, "bad-request", f"`table` cannot be {part[:20]!r}", "choose one of rows, chart")
    if part == "rows":
        return figure
    if figure.chart is None:
        raise Refusal(404, "no-chart", f"{figure.name} has no chart", "ask for its rows")
    return figure if figure.chart.data is None else replace(figure, rows=figure.chart.data)


def bought(request: Request) -> Response:
    """Return the orders behind a number, with the credit that they gave."""
    most, start = forms.number(request, "limit", 100, _MOST), forms.number(request, "offset", 0, 10**9)
    rows, whole, credit = orders(service_of(request).shelf, dict(request.query_params), most, start)
    for row in rows:
        del row["whole"], row["whole_credit"]
        row["unit"] = None if row["unit"] is None else str(row["unit"])
    return _json(request, {"orders": rows, "total": whole, "offset": start, "credit": credit})


def explained(request: Request) -> Response:
    """Return why an order got the credit that it got."""
    service, visitor = service_of(request), visitor_of(request)
    order = request.path_params["order"]
    found = explanation(service.shelf, order, service.masks(visitor))
    service.looked(visitor, "order", order)
    return _json(request, {**asdict(found), "actors": of_order(service.shelf, found.order)})


def home(request: Request) -> Response:
    """Return one household: devices, orders, enrolments, links, consents, and its figure."""
    service, visitor = service_of(request), visitor_of(request)
    unit = request.path_params["unit"]
    found = household(service.shelf, key_of(unit), service.masks(visitor))
    service.looked(visitor, "household", unit)
    told = {k: getattr(found, k) for k in _HOUSEHOLD}
    whose = asdict(of_home(service.shelf, key_of(unit)))
    return _json(request, told | {"timeline": found.figure.rows.to_pylist(), "whose": whose})


def event(request: Request) -> Response:
    """Return one event and the raw payload that it was made from."""
    service, visitor = service_of(request), visitor_of(request)
    source, name = (request.query_params.get(n, "") for n in ("source", "id"))
    found = raw(service.shelf, source, name, service.masks(visitor))
    if found.unit is not None:
        service.looked(visitor, "event", found.unit)
    return _json(request, {"event": found.event, "payload": found.payload})


def arrived(request: Request) -> Response:
    """Return the newest events that the answer does not hold yet, and when the answer was made."""
    service, order = service_of(request), request.query_params.get("order")
    rows, whole = service.tail.newest(service.shelf, forms.number(request, "limit", 50, _MOST), order)
    for row in rows:
        row["identity"] = None if row["identity"] is None else str(row["identity"])
    return _json(request, {"events": rows, "total": whole, "answer_of": service.shelf.facts["finished"]})


def rejects(request: Request) -> Response:
    """Return what was refused, newest first, without its body."""
    most, start = forms.number(request, "limit", 100, _MOST), forms.number(request, "offset", 0, 10**9)
    reason = request.query_params.get("reason")
    sql = """SELECT source, reason, place, wrong, cure, received, count(*) OVER () AS whole FROM rejects
             WHERE $reason IS NULL OR reason = $reason ORDER BY received DESC, place
             LIMIT $most OFFSET $start"""
    rows = service_of(request).shelf.rows(sql, reason=reason, most=most, start=start)
    whole = rows[0]["whole"] if rows else 0
    for row in rows:
        del row["whole"]
    return _json(request, {"rejects": rows, "total": whole, "offset": start})


async def retried(request: Request) -> Response:
    """Try refused inputs again; needs the scope `write`."""
    service, visitor = service_of(request), visitor_of(request)
    visitor.needs("write")
    service.access.same_site(request, visitor, request.headers.get("x-csrf", ""))
    body = (await request.body())[:4096]
    try:
        asked = msgspec.json.decode(body, type=dict[str, str | None]) if body else {}
    except msgspec.DecodeError:
        raise Refusal(400, "bad-request", "the body is no JSON object", 'send {"reason": "..."}') from None
    found = await run_in_threadpool(retry, service.home, asked.get("reason"))
    return _json(request, asdict(found))


async def stream(request: Request) -> Response:
    """Return server-sent events about what comes in, until the listener leaves."""
    once = request.query_params.get("once") == "1"
    body = arrivals(service_of(request).shelves, once)
    return StreamingResponse(body, media_type="text/event-stream", headers={"cache-control": "no-store"})


def described(request: Request) -> Response:
    """Return the description of this API (OpenAPI)."""
    return forms.tagged(request, forms.to_json_bytes(openapi.document()), forms.FORMS["json"])


def unknown(request: Request) -> Response:
    """Answer an address that there is not, or that is only written to."""
    if request.url.path == _RETRY:
        raise HTTPException(405, headers={"allow": "POST"})
    raise Refusal(404, "unknown-address", "there is nothing at this address", "see /api/openapi.json")


def _get(path: str, answered: Callable[..., Any]) -> Route:
    return Route(path, answered, methods=["GET"])


ROUTES = [
    _get("/api/run", about),
    _get("/api/reports", listed),
    _get("/api/reports/{name}", report),
    _get("/api/orders", bought),
    _get("/api/explain/{order:path}", explained),
    _get("/api/households/{unit}", home),
    _get("/api/event", event),
    _get("/api/arrived", arrived),
    _get("/api/rejects", rejects),
    Route(_RETRY, retried, methods=["POST"]),
    _get("/api/stream", stream),
    _get("/api/openapi.json", described),
    _get("/api/{rest:path}", unknown),
]
