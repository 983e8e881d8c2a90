"""A figure as an HTTP answer: JSON, CSV, Arrow, Parquet or SVG, in pages, with a tag."""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from hearthline import render
from hearthline.schema.figure import Figure
from hearthline.server.api.errors import Refusal

__all__ = ["FORMS", "answer", "form_of", "number", "quoted", "tagged", "to_json_bytes"]

_MOST = 10_000
FORMS: Mapping[str, str] = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
    "svg": "image/svg+xml",
}


def quoted(part: str) -> str:
    """Return a name as one part of an address."""
    return quote(part, safe="")


def to_json_bytes(value: Any) -> bytes:
    """Return a value as JSON; keys keep their order."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def number(request: Request, name: str, usual: int, most: int) -> int:
    """Return a whole number from the address.

    Raises:
        Refusal: 400, where it is no number from 0 to `most`.
    """
    said = request.query_params.get(name)
    if said is None:
        return usual
    if not said.isascii() or not said.isdigit() or int(said[:12]) > most:
        raise Refusal(400, "bad-request", f"`{name}` is no whole number", f"send one from 0 to {most:,}")
    return int(said)


def form_of(request: Request, ending: str = "") -> str:
    """Return which form is wanted: by the path's ending, `?format=`, or the `Accept` header.

    Raises:
        Refusal: 406, with the forms that there are.
    """
    said = ending or request.query_params.get("format") or ""
    if not said:
        accept = request.headers.get("accept", "")
        said = next((f for f, kind in FORMS.items() if kind.partition(";")[0] in accept), "json")
    if said not in FORMS:
        raise Refusal(406, "no-such-form", f"there is no form {said[:20]!r}", f"ask for {', '.join(FORMS)}")
    return said


def tagged(request: Request, body: bytes, media: str, more: Mapping[str, str] | None = None) -> Response:
    """Return the body with its tag, or 304 where the asker has it already."""
    tag = f'"{sha256(body).hexdigest()[:24]}"'
    headers = {"etag": tag, "cache-control": "private, no-cache", "vary": "accept, authorization, cookie"}
    headers |= more or {}
    held = {t.strip().removeprefix("W/") for t in request.headers.get("if-none-match", "").split(",")}
    if tag in held or "*" in held:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media, headers=headers)


def _json(figure: Figure) -> bytes:
    return to_json_bytes(render.to_json(figure))


def _parquet(figure: Figure) -> bytes:
    out = io.BytesIO()
    render.to_parquet(figure, out)
    return out.getvalue()


_MADE: Mapping[str, Callable[[Figure], bytes]] = {
    "csv": lambda f: render.to_csv(f).encode(),
    "arrow": render.to_arrow,
    "parquet": _parquet,
}


def _svg(figure: Figure) -> bytes:
    drawn = render.to_svg(figure, 840)
    if not drawn:
        raise Refusal(404, "no-chart", f"{figure.name} has no chart here", "ask for its table as JSON or CSV")
    return drawn.encode()


def answer(request: Request, figure: Figure, form: str) -> Response:
    """Return a figure in a form; its rows in pages where `limit` and `offset` say so."""
    if form == "svg":
        return tagged(request, _svg(figure), FORMS["svg"])
    whole = figure.rows.num_rows
    start, most = number(request, "offset", 0, 10**9), number(request, "limit", _MOST, _MOST)
    page = replace(figure, rows=figure.rows.slice(start, most))
    more = {"x-total-count": str(whole)}
    ending = start + page.rows.num_rows
    if ending < whole and most:
        following = request.url.include_query_params(offset=ending, limit=most)
        more["link"] = f'<{following.path}?{following.query}>; rel="next"'
    if form == "json":
        body = render.to_json(page) | {"total": whole, "offset": start}
        return tagged(request, to_json_bytes(body), FORMS["json"], more)
    more["content-disposition"] = f'attachment; filename="hearthline-{figure.name}.{form}"'
    return tagged(request, _MADE[form](page), FORMS[form], more)
