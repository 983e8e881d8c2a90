"""The API's description (OpenAPI 3.1), written once and checked against what is answered."""

from functools import cache
from typing import Any

from hearthline import reports
from hearthline.server.api.forms import FORMS

__all__ = ["document"]

Spec = dict[str, Any]
_TEXT: Spec = {"type": "string"}
_ANY: Spec = {"type": "object"}
_COUNT: Spec = {"type": "integer"}


def _list(inner: Spec) -> Spec:
    return {"type": "array", "items": inner}


def _object(**properties: Spec) -> Spec:
    return {"type": "object", "required": list(properties), "properties": properties}


def _or_null(kind: str) -> Spec:
    return {"type": [kind, "null"]}


_ERROR = _object(error=_object(status={"type": "integer"}, code=_TEXT, message=_TEXT, cure=_TEXT, id=_TEXT))
_FIGURE = _object(
    name=_TEXT,
    title=_TEXT,
    question=_TEXT,
    definition=_TEXT,
    currency=_TEXT,
    columns=_list(_ANY),
    rows=_list(_ANY),
    group=_or_null("string"),
    across=_or_null("string"),
    chart=_or_null("object"),
    notes=_list(_TEXT),
    key_numbers=_ANY,
    source=_TEXT,
    total={"type": "integer"},
    offset={"type": "integer"},
)
_PAGED = [
    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 0, "maximum": 1000}},
    {"name": "offset", "in": "query", "schema": {"type": "integer", "minimum": 0, "maximum": 1000000000}},
]


def _asked(name: str, told: str, *, path: bool = False, needed: bool = False, **schema: Any) -> Spec:
    return {
        "name": name,
        "in": "path" if path else "query",
        "required": path or needed,
        "description": told,
        "schema": {**_TEXT, **schema},
    }


def _json_of(schema: Spec) -> Spec:
    return {FORMS["json"]: {"schema": schema}}


_REFUSALS = {
    400: "the request cannot be understood",
    401: "no valid token",
    403: "a scope is missing",
    404: "no such name",
    406: "no such form",
    409: "another process is writing",
    421: "another computer's name",
    422: "cannot be done",
    429: "too many requests",
    503: "no answer yet",
}
_COMMON = (400, 401, 403, 421, 429, 503)


def _refusals(*statuses: int) -> Spec:
    content = _json_of({"$ref": "#/components/schemas/Error"})
    return {str(s): {"description": _REFUSALS[s], "content": content} for s in sorted({*_COMMON, *statuses})}


def _get(told: str, schema: Spec, parameters: list[Spec] | None = None, *refusals: int) -> Spec:
    found = {
        "200": {"description": "found", "content": _json_of(schema)},
        "304": {"description": "you have it already"},
    }
    operation: Spec = {"summary": told, "responses": found | _refusals(*refusals)}
    if parameters:
        operation["parameters"] = parameters
    return {"get": operation}


def _report() -> Spec:
    told = "the form; `.csv` and so on at the name's end, or `Accept`, say the same"
    form = _asked("format", told, enum=list(FORMS))
    name = _asked("name", "the report's name", path=True, enum=list(reports.names()))
    table = _asked("table", "the rows, or the table that the chart is drawn from", enum=["rows", "chart"])
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 0, "maximum": 10000}}
    figure: Spec = {"$ref": "#/components/schemas/Figure"}
    summary = "One report, narrowed by equality on its text columns"
    found = _get(summary, figure, [name, form, table, limit, _PAGED[1]], 404, 406)
    content = found["get"]["responses"]["200"]["content"]
    for media in FORMS.values():
        content.setdefault(media.partition(";")[0], {"schema": {"type": "string", "contentMediaType": media}})
    return found


def _orders() -> Spec:
    asked = [
        _asked("model", "whose credit; default: the default model"),
        _asked("channel", "a channel's name"),
        _asked("device_kind", "a kind of device"),
        _asked("campaign", "a campaign"),
        _asked("kind", "who placed it", enum=["all", "person", "subscription", "machine"]),
    ]
    found = _object(orders=_list(_ANY), total=_COUNT, offset=_COUNT, credit=_or_null("string"))
    return _get("Orders behind a number", found, [*asked, *_PAGED], 404)


def _explain() -> Spec:
    names = ("touches", "totals", "links", "consents", "events")
    found = _object(order=_ANY, **{n: _list(_ANY) for n in names})
    order = _asked(
        "order",
        "the shop's order id; `id@shop`, as orders are named, where several shops have it",
        path=True,
        minLength=1,
    )
    return _get("Why an order got its credit", found, [order], 404)


def _household() -> Spec:
    found = _object(
        about=_ANY, **{n: _list(_ANY) for n in ("timeline", "orders", "devices", "signals", "readings")}
    )
    unit = _asked("unit", "the household's key", path=True, pattern="^-?[0-9]{1,19}$")
    return _get("One household", found, [unit], 404)


def _event() -> Spec:
    asked = [
        _asked("source", "the event's source", needed=True),
        _asked("id", "the event's id", needed=True),
    ]
    return _get("One event and its raw payload", _object(event=_ANY, payload=_TEXT), asked, 404)


def _arrived() -> Spec:
    found = _object(events=_list(_ANY), total=_COUNT, answer_of=_TEXT)
    asked = [_asked("order", "only of the order with this id"), _PAGED[0]]
    return _get("The newest events that the answer does not hold yet", found, asked)


def _rejects() -> Spec:
    found = _object(rejects=_list(_ANY), total=_COUNT, offset=_COUNT)
    return _get("What was refused", found, [_asked("reason", "only of one reason"), *_PAGED])


def _stream() -> Spec:
    content = {"text/event-stream": {"schema": _TEXT}}
    found: Spec = {"200": {"description": "`hello`, `intake`, `run`", "content": content}}
    return {
        "get": {
            "summary": "What comes in, as server-sent events",
            "parameters": [_asked("once", "1: one event, then the end", enum=["1"])],
            "responses": found | _refusals(),
        }
    }


def _paths() -> Spec:
    return {
        "/api/run": _get("What this answer is", _ANY),
        "/api/reports": _get("The reports that there are", _object(reports=_list(_ANY))),
        "/api/reports/{name}": _report(),
        "/api/orders": _orders(),
        "/api/explain/{order}": _explain(),
        "/api/households/{unit}": _household(),
        "/api/event": _event(),
        "/api/arrived": _arrived(),
        "/api/rejects": _rejects(),
        "/api/rejects/retry": {"post": _retry()},
        "/api/stream": _stream(),
        "/api/openapi.json": _get("This description", _ANY),
    }


def _retry() -> Spec:
    reason = {"type": "object", "properties": {"reason": _or_null("string")}, "additionalProperties": False}
    found = _object(tried=_COUNT, read=_COUNT, events=_COUNT)
    done: Spec = {"200": {"description": "done", "content": _json_of(found)}}
    return {
        "summary": "Try refused inputs again",
        "description": "Needs the scope `write`. A page of the dashboard sends its form's word as `X-CSRF`.",
        "requestBody": {"content": _json_of(reason)},
        "responses": done | _refusals(409, 422),
    }


@cache
def document() -> Spec:
    """Return the description; the reports in it are those that are discovered."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Hearthline read API",
            "version": "1",
            "description": "The same reports as the dashboard, the command line and Python, to the cent. "
            "Money is text with all its digits, times are ISO 8601 in UTC, a share is a part of 1. Every "
            "answer has an ETag; every error has one shape.",
        },
        "paths": _paths(),
        "components": {
            "schemas": {"Error": _ERROR, "Figure": _FIGURE},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}, {}],
    }
