"""The read side of the Python API over HTTP: the same names, the same types, from a server's read API.

import hearthline as hl

home = hl.connect("https://hearthline.example.com", token="hl_...")
home.report("attribution", kind="all").df()
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import Request, urlopen

import pyarrow as pa
import pyarrow.ipc

from hearthline import render
from hearthline.api import Result
from hearthline.pipeline import Explanation
from hearthline.schema.errors import (
    BadConfig,
    HearthlineError,
    HomeBusy,
    HomeDamaged,
    HomeMissing,
    UnknownName,
    Unproven,
)
from hearthline.schema.figure import Chart, Column, Figure

__all__ = ["Remote", "connect"]

_PAGE, _WAIT_S = 10_000, 60.0
_KINDS: Mapping[str, type[HearthlineError]] = {
    "unknown-name": UnknownName,
    "unknown-address": UnknownName,
    "answer-damaged": HomeDamaged,
    "no-answer": HomeMissing,
    "home-busy": HomeBusy,
    "token-missing": Unproven,
    "scope-missing": Unproven,
    "unproven": Unproven,
}
_TIMES = {"time", "first", "last", "valid_from", "valid_to", "ended"}
_MONEY = {"gross", "net", "refunded", "set_aside", "credited", "unattributed", "booked", "lifetime", "value"}


class Remote:
    """A home that a server shows: what may be read there, as the token's scopes allow."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url, self._token = url.rstrip("/"), token

    def __repr__(self) -> str:
        return f"Remote({self._url!r})"

    def about(self) -> dict[str, Any]:
        """Return what the current answer is: its run, currency, period and counts."""
        return self._json("/api/run", {})

    def reports(self) -> tuple[str, ...]:
        """Return the names of all reports, sorted."""
        return tuple(sorted(r["name"] for r in self._json("/api/reports", {})["reports"]))

    def report(self, name: str, **asked: str) -> Result:
        """Return a report of the current answer, narrowed by equality on its text columns.

        Raises:
            UnknownName: there is no such report.
            HomeMissing: the server's home has no answer yet.
            Unproven: the token may not read.
        """
        told = self._json(f"/api/reports/{quote(name, safe='')}", {**asked, "limit": "0"})
        figure = _figure(told, self._rows(name, asked))
        if figure.chart and told["chart"]["own"]:
            chart = replace(figure.chart, data=self._rows(name, {**asked, "table": "chart"}))
            figure = replace(figure, chart=chart)
        return Result(figure)

    def explain(self, order: str) -> Explanation:
        """Return why an order got its credit; identifiers are masked unless the token's scopes allow.

        Args:
            order: its number; `number@shop` where several shops have that number (`name` in `orders`).

        Raises:
            UnknownName: the answer has no such order, or several shops have it.
        """
        told = self._json(f"/api/explain/{quote(order, safe='')}", {})
        parts = ("order", "enrolment", "touches", "totals", "links", "consents", "events")
        return Explanation(**{part: _typed(told[part]) for part in parts})

    def household(self, unit: int | str) -> dict[str, Any]:
        """Return one household: its timeline, orders, devices, links, consents, and who it was."""
        found: dict[str, Any] = _typed(self._json(f"/api/households/{unit}", {}))
        return found

    def orders(self, **asked: str) -> list[dict[str, Any]]:
        """Return the orders behind a number: `channel`, `device_kind`, `campaign`, `kind`, `model`."""
        found: list[dict[str, Any]] = []
        while True:
            page = self._json("/api/orders", {**asked, "limit": "1000", "offset": str(len(found))})
            found += _typed(page["orders"])
            if not page["orders"] or len(found) >= page["total"]:
                return found

    def rejects(self, reason: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
        """Return what was refused, newest first."""
        asked = {"limit": str(limit)} | ({"reason": reason} if reason else {})
        found: list[dict[str, Any]] = self._json("/api/rejects", asked)["rejects"]
        return found

    def html(self, *names: str) -> str:
        """Return reports as one self-contained HTML page; default: all of them."""
        figures = [self.report(n).figure for n in names or self.reports()]
        return render.to_html(figures, title=f"Hearthline: {urlsplit(self._url).netloc}")

    def _rows(self, name: str, asked: Mapping[str, str]) -> pa.Table:
        tables, whole, start = [], 1, 0
        while start < whole:
            page = {**asked, "limit": str(_PAGE), "offset": str(start)}
            body, headers = self._get(f"/api/reports/{quote(name, safe='')}.arrow", page)
            tables.append(pa.ipc.open_stream(body).read_all())
            whole = int(headers.get("x-total-count", "0"))
            start += _PAGE
        return pa.concat_tables(tables).replace_schema_metadata(None)

    def _json(self, path: str, asked: Mapping[str, str]) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._get(path, asked)[0])
        return found

    def _get(self, path: str, asked: Mapping[str, str]) -> tuple[bytes, Mapping[str, str]]:
        query = f"?{urlencode(asked)}" if asked else ""
        request = Request(self._url + path + query)  # noqa: S310 # connect() allows http and https only
        if self._token:
            request.add_header("authorization", f"Bearer {self._token}")
        try:
            with urlopen(request, timeout=_WAIT_S) as answer:  # noqa: S310
                return answer.read(), {k.lower(): v for k, v in answer.headers.items()}
        except HTTPError as error:
            raise _error(error, f"{self._url}{path}") from None
        except URLError as error:
            cure = "start `hearthline serve` or `hearthline dashboard` there, or look at the address"
            raise BadConfig(f"{self._url}: nobody answers; {error.reason}; {cure}") from None


def connect(url: str, token: str | None = None) -> Remote:
    """Return the home that a server shows.

    Args:
        url: where `hearthline serve` or `hearthline dashboard` listens, `http` or `https`.
        token: a key with the scope `read`; none is needed on this computer.

    Raises:
        BadConfig: the address is no HTTP address.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise BadConfig(f"connect: no HTTP address; got {url[:60]!r}; use http://127.0.0.1:8787, say")
    return Remote(url, token)


def _figure(told: Mapping[str, Any], rows: pa.Table) -> Figure:
    spec = told["chart"]
    chart = Chart(**{k: v for k, v in spec.items() if k != "own"}) if spec else None
    columns = tuple(Column(**c) for c in told["columns"])
    words = {n: told[n] for n in ("name", "title", "question", "definition", "currency", "source")}
    more: dict[str, Any] = {"notes": tuple(told["notes"]), "extra": told["key_numbers"], "chart": chart}
    return Figure(columns=columns, rows=rows, group=told["group"], across=told["across"], **words, **more)


def _typed(value: Any, key: str = "") -> Any:
    """Return times as times and money as decimals, as the Python API has them.

    >>> _typed({"net": "1.50", "time": "2026-01-05T10:00:00Z", "credit": {"linear": "1.50"}})["credit"]
    {'linear': Decimal('1.50')}
    """
    if isinstance(value, dict):
        return {k: _typed(v, key if key == "credit" else k) for k, v in value.items()}
    if isinstance(value, list):
        return [_typed(v) for v in value]
    if isinstance(value, str) and key in _TIMES:
        return datetime.fromisoformat(value)
    return Decimal(value) if isinstance(value, str) and key in (*_MONEY, "credit") else value


def _error(error: HTTPError, where: str) -> HearthlineError:
    """Return the API's refusal as the error that the Python API raises for it."""
    try:
        told = json.loads(error.read())["error"]
    except (ValueError, KeyError, TypeError):
        return BadConfig(f"{where}: no read API of Hearthline; got HTTP {error.code}; look at the address")
    kind, wrong, cure = _KINDS.get(told["code"], BadConfig), str(told["message"]), str(told["cure"])
    if kind is Unproven:
        return Unproven(where, wrong, cure)
    return kind(f"{wrong}; {cure}" if cure else wrong)
