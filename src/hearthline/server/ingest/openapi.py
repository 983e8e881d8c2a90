"""The write door's description (OpenAPI 3.1), written once and checked against what is answered."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from hearthline import sources

__all__ = ["document"]

Spec = dict[str, Any]

_COUNTS: Spec = {
    "type": "object",
    "required": ["accepted", "rejected"],
    "properties": {
        "accepted": {"type": "integer", "minimum": 0},
        "rejected": {"type": "integer", "minimum": 0},
        "reasons": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1}},
    },
    "additionalProperties": False,
}
_REFUSAL: Spec = {
    "type": "object",
    "required": ["error", "help"],
    "properties": {"error": {"type": "string"}, "help": {"type": "string"}},
    "additionalProperties": False,
}
_REFUSALS = {
    400: "no strict JSON; kept as a reject",
    401: "no proof of who sends; nothing is kept",
    404: "no such address",
    408: "the body came too slowly",
    413: "too large; kept as a reject where a key proves the sender",
    415: "compression that is not taken, broken or cut short; kept as a reject",
    429: "too much waits for the disk, or more requests than the key may send; send again",
    503: "the disk is full or broken; nothing was kept; send again",
}
_LATER = {"Retry-After": {"schema": {"type": "integer", "minimum": 1}, "description": "seconds"}}
_OBJECT: Spec = {"type": "object"}
_BODY: Spec = {
    "required": True,
    "description": "One payload, or a list of them, as the platform sends it; gzip and deflate are taken.",
    "content": {"application/json": {"schema": {"anyOf": [_OBJECT, {"type": "array", "items": _OBJECT}]}}},
}


def _json(schema: str) -> Spec:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _answers() -> Spec:
    kept = "on disk: as many events as accepted, as many rejects as rejected"
    found: Spec = {"200": {"description": kept, "content": _json("Counts")}}
    for status, told in _REFUSALS.items():
        found[str(status)] = {"description": told, "content": _json("Refusal")}
        if status in (429, 503):
            found[str(status)]["headers"] = _LATER
    return found


def _sent(summary: str, *names: Mapping[str, Any]) -> Spec:
    return {
        "post": {"summary": summary, "parameters": [*names], "requestBody": _BODY, "responses": _answers()}
    }


def _page(summary: str, media: str, *statuses: int) -> Spec:
    content = {media: {"schema": {"type": "string" if media.startswith("text/") else "object"}}}
    found = {str(s): {"description": "told", "content": content} for s in (200, *statuses)}
    return {"get": {"summary": summary, "responses": found, "security": [{}, {"bearer": []}]}}


def _paths() -> Spec:
    named = {"in": "path", "required": True}
    platform = {"name": "platform", **named, "schema": {"type": "string", "enum": [*sources.names()]}}
    pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
    account = {"name": "account", **named, "schema": {"type": "string", "pattern": pattern}}
    found = {
        "/in": _sent("Payloads of any platform, told apart by their shape"),
        "/in/{platform}": _sent("Payloads of one platform", platform),
        "/in/{platform}/{account}": _sent("Payloads of one of its accounts", platform, account),
    }
    for path, platforms in sources.client_paths().items():
        titles = " or ".join(sources.load(name).TITLE for name in platforms)
        found[path] = _sent(f"Where clients of {titles} post to by themselves")
    found["/healthz"] = _page("Whether it lives", "text/plain")
    ready = "Whether what comes now would be kept and soon be seen"
    found["/readyz"] = _page(ready, "application/json", 503)
    found["/metrics"] = _page("Figures for Prometheus; off loopback for a read token", "text/plain")
    found["/metrics"]["get"]["responses"]["401"] = {"description": "no token", "content": _json("Refusal")}
    found["/openapi.json"] = _page("This description", "application/json")
    return found


@cache
def document() -> Spec:
    """Return the description; the paths are those of the sources that are discovered.

    >>> sorted(document()["paths"])[:3]
    ['/bulk-event', '/com.snowplowanalytics.snowplow/tp1', '/com.snowplowanalytics.snowplow/tp2']
    """
    key = {"type": "apiKey", "name": "X-Hearthline-Key", "in": "header"}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Hearthline write door",
            "version": "1",
            "description": "What is answered with 200 is on disk. A payload that is well-formed and no event "
            "is answered with 200 and kept as a reject. Platforms that sign are known by their own "
            "signature, all others by a write key; on loopback, as long as there is none, senders need none. "
            "Pixels send a GET with the same path and their fields in the query.",
        },
        "paths": _paths(),
        "components": {
            "schemas": {"Counts": _COUNTS, "Refusal": _REFUSAL},
            "securitySchemes": {"key": key, "bearer": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}, {"bearer": []}, {}],
    }
