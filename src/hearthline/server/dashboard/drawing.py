"""Templates, and the figures in them: one renderer, with the links that only a server can offer."""

from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from hearthline import render, reports
from hearthline.render.html import colours_of, sentence, style
from hearthline.render.tables import Row
from hearthline.schema import text
from hearthline.schema.figure import Column, Figure
from hearthline.server.api.shelf import Shelf

__all__ = ["Drawing", "asset", "environment", "percent", "static_files"]

Asked = Mapping[str, Sequence[str]]
_BASELINE = "Baseline"
_KINDS = {"png": "image/png", "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8",
          "woff2": "font/woff2", "svg": "image/svg+xml", "txt": "text/plain; charset=utf-8"}  # fmt: skip


@cache
def static_files() -> Mapping[str, tuple[bytes, str]]:
    """Return the files that pages need, name to content and media type; the style is joined here."""
    folder = files("hearthline.server.dashboard") / "static"
    found = {f.name: f.read_bytes() for f in folder.iterdir() if f.is_file()}
    # The font's address in the style is the one that pages load ahead, so that it comes once.
    font = f"/static/{_hashed(found['inter.woff2'])}/inter.woff2".encode()
    own = found["dashboard.css"].replace(b"inter.woff2", font)
    found["dashboard.css"] = style().encode() + b"\n" + own
    return {n: (body, _KINDS[n.rpartition(".")[2]]) for n, body in found.items()}


@cache
def asset(name: str) -> str:
    """Return the address of a file, which changes when the file does."""
    return f"/static/{_hashed(static_files()[name][0])}/{name}"


def _hashed(body: bytes) -> str:
    return sha256(body).hexdigest()[:10]


@cache
def environment() -> Environment:
    """Return the templates; everything is escaped unless a renderer says that it is markup."""
    found = Environment(
        loader=PackageLoader("hearthline.server.dashboard"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "count": text.count,
        "day": text.day,
        "moment": text.moment,
        "clock": lambda v: text.moment(v).removesuffix(" UTC"),
        "share": text.share,
        "percent_of": lambda v: percent(v, 1),
        "ends": lambda low, high: text.amount_interval(low, high, ""),
        "sentence": lambda v: Markup(sentence(v)),  # noqa: S704 # the renderer escapes
        "urlq": lambda v: quote(str(v), safe=""),
    }
    found.globals |= {"asset": asset, "plural": text.plural, "MISSING": text.MISSING}
    return found


class Drawing:
    """Draws the figures of one page alike: the same colours, links that keep the page's filters.

    `asked` holds what each figure was narrowed by, by its name.
    """

    def __init__(self, shelf: Shelf, asked: Mapping[str, Asked]) -> None:
        self.shelf = shelf
        self._asked = asked
        self._models = {r["title"]: r["model"] for r in shelf.rows("SELECT model, title FROM models")}
        self._colours = dict(_channel_colours(shelf))

    def figure(self, figure: Figure, **look: Any) -> Markup:
        """Return the figure as a section; `look` holds fields of `render.Around`."""
        usual: dict[str, Any] = {"opens": self.opens, "exports": self.exports(figure)}
        usual |= {"rows": 12, "folded": True}
        around = render.Around(**(usual | look))
        return Markup(render.to_section(figure, self.colours(figure), around))  # noqa: S704 # the renderer escapes

    def colours(self, figure: Figure) -> Mapping[str, int]:
        """Return the colours of channels, the same on every screen; none where nothing is a channel."""
        return self._colours if set(colours_of([figure])) & set(self._colours) or _lanes(figure) else {}

    def exports(self, figure: Figure) -> dict[str, str]:
        """Return where the figure is had in other forms, with what it was narrowed by."""
        if figure.name not in reports.names():
            return {}
        asked = self._asked.get(figure.name, {})
        query = urlencode([(k, v) for k, vs in asked.items() for v in vs])
        tail = f"?{query}" if query else ""
        forms = {"CSV": "csv", "Parquet": "parquet", "JSON": "json"} | (
            {"SVG": "svg"} if figure.chart else {}
        )
        api = {name: f"/api/reports/{figure.name}.{form}{tail}" for name, form in forms.items()}
        return {"Permalink": f"/reports/{figure.name}{tail}"} | api

    def opens(self, row: Row, column: Column) -> str:
        """Return where a cell leads: to the orders behind it, to a home, or to what was refused."""
        if column.name == "home" and str(row["home"] or "").removeprefix("-").isdigit():
            return f"/household/{row['home']}"
        if column.name == "what" and isinstance(row.get("unit"), int):  # a home's or a device's own row
            return f"/household/{row['unit']}"
        if column.kind not in ("money", "share") and column.name not in (
            "channel",
            "orders",
            "what",
            "section",
        ):
            return ""
        asked = self._behind(row, column)
        return f"/orders?{urlencode(asked)}" if asked else _refused(row, column)

    def _behind(self, row: Row, column: Column) -> dict[str, str]:
        asked: dict[str, str] = {}
        channel, by = row.get("channel"), row.get("by")
        if isinstance(channel, str) and not channel.startswith(_BASELINE):
            asked["channel"] = channel
        elif isinstance(by, str) and row.get("value") and column.kind in ("money", "share"):
            asked[by] = str(row["value"])
        if asked and row.get("model") in self._models:
            asked["model"] = self._models[row["model"]]
        if (asked or column.name in ("orders", "section")) and isinstance(row.get("kind"), str):
            asked["kind"] = row["kind"]
        return asked


def _lanes(figure: Figure) -> bool:
    return figure.chart is not None and figure.chart.kind == "timeline"


def _refused(row: Row, column: Column) -> str:
    found = row.get("part") == "Rejected inputs, by reason" and column.name == "what"
    return f"/stream?{urlencode({'reason': str(row['what']).rpartition(': ')[2]})}#refused" if found else ""


def _channel_colours(shelf: Shelf) -> Mapping[str, int]:
    """Return a colour for the channels with the most credit; it is theirs on every screen."""
    figure = shelf.figure("attribution")
    return colours_of([figure])


def percent(part: Any, whole: Any) -> float:
    """Return a part of a whole in percent, 0 where there is no whole.

    >>> percent(1, 4)
    25.0
    """
    return round(float(part) / float(whole) * 100, 2) if whole else 0.0
