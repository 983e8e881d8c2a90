"""Self-describing JSON in Snowplow's events: plain, base64, or flattened into columns."""

import base64
import binascii
from typing import Any

import msgspec

from hearthline.sources import embedded, mapping, mappings
from hearthline.sources.snowplow.vocabulary import SCHEMAS

__all__ = ["entities_in", "event_in"]


def event_in(item: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the self-describing event's name and data, however it is spelled in a tracker's event."""
    told = (
        _described(item.get("ue_pr")) or _encoded(item.get("ue_px")) or _described(item.get("unstruct_event"))
    )
    inner = mapping(told.get("data"))
    return (_name(inner.get("schema")), mapping(inner.get("data"))) if told else _flattened(item)


def _described(value: object) -> dict[str, Any]:
    """Return a self-describing JSON, given as an object or as text."""
    return embedded(value)


def _encoded(value: object) -> dict[str, Any]:
    """Return a self-describing JSON that is written in URL-safe base64."""
    if not isinstance(value, str):
        return {}
    try:
        return mapping(msgspec.json.decode(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))))
    except (binascii.Error, ValueError, msgspec.DecodeError, RecursionError):
        return {}


def _name(schema: object) -> str:
    """Return a schema's own name, without its vendor and version.

    >>> _name("iglu:com.snowplowanalytics.snowplow/link_click/jsonschema/1-0-1")
    'link_click'
    """
    parts = schema.split("/") if isinstance(schema, str) else []
    return parts[1] if len(parts) > 1 else ""


def entities_in(item: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the entities by their schema's name, from the tracker's keys or an enriched event's columns."""
    found: dict[str, list[dict[str, Any]]] = {}
    for told in (_described(item.get("co")), _encoded(item.get("cx")), *map(_described, _contexts(item))):
        for entity in mappings(told.get("data")):
            found.setdefault(_name(entity.get("schema")), []).append(mapping(entity.get("data")))
    for key, value in item.items():
        if key.startswith("contexts_") and isinstance(value, list):
            found.setdefault(_column(key.removeprefix("contexts_")), []).extend(mappings(value))
    return found


def _contexts(item: dict[str, Any]) -> tuple[object, object]:
    return item.get("contexts"), item.get("derived_contexts")


def _flattened(item: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the self-describing event in an enriched event's own column, `unstruct_event_...`."""
    for key, value in item.items():
        if key.startswith("unstruct_event_") and isinstance(value, dict):
            return _column(key.removeprefix("unstruct_event_")), value
    return "", {}


_KNOWN = (*SCHEMAS, "snowplow_ecommerce_action", "mobile_context", "client_session", "transaction", "refund",
          "product", "cart", "user", "web_page")  # fmt: skip


def _column(name: str) -> str:
    """Return the schema's name in a column's: vendor and version stand around it, all joined by `_`.

    >>> _column("com_snowplowanalytics_snowplow_link_click_1")
    'link_click'
    """
    bare = name.rstrip("0123456789").rstrip("_")
    known = [word for word in _KNOWN if bare.endswith(f"_{word}")]
    return max(known, key=len) if known else bare
