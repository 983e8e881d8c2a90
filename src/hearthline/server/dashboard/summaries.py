"""The screens that sum up: what each puts beside its reports."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from urllib.parse import parse_qs, urlencode

from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hearthline import reports
from hearthline.render.svg.spark import spark
from hearthline.schema import text
from hearthline.server.api.errors import Refusal
from hearthline.server.api.narrow import choices
from hearthline.server.api.retry import retry
from hearthline.server.api.service import Service, service_of, visitor_of
from hearthline.server.api.shelf import Shelf
from hearthline.server.api.stream import totals
from hearthline.server.dashboard.drawing import percent
from hearthline.server.dashboard.page import KINDS, Filters, Row, arrivals, options, page, screen
from hearthline.server.dashboard.truth import truth_figure

__all__ = ["arrived", "attribution", "of", "overview", "paths", "retried", "stream", "trust"]

_NEWEST = 12
_PLACES = {
    "device_kind": "Device",
    "modality": "Way",
    "stage": "Stage",
    "step": "Step",
    "campaign": "Campaign",
}
_SAID_ELSEWHERE = ("It adds up:", "Net revenue ", "No clear change of net", "Largest difference", "Over ")


def of(key: str, template: str = "screen.html") -> Callable[[Request], Response]:
    """Return the handler of a screen that is its reports and nothing else."""

    def shown(request: Request) -> Response:
        return screen(request, key, template=template)

    return shown


paths = of("paths", "open.html")


def overview(request: Request) -> Response:
    """Return the first screen: what changed, how sure, does it add up."""
    shelf = service_of(request).shelf
    lead = shelf.figure("overview")
    found = lead.rows.to_pylist()
    whole: Row = next((r for r in found if r["kind"] == "all"), {})
    parts = [r | {"percent": percent(r["orders"], whole["orders"])} for r in found if r["kind"] != "all"]
    notes = (n for n in lead.notes if not n.startswith(_SAID_ELSEWHERE) and " rejected; " not in n)
    return screen(
        request,
        "overview",
        template="overview.html",
        whole=whole,
        parts=parts,
        sums=_sums(whole),
        brief=lambda value: text.brief_money(value, shelf.currency),
        change=_change(whole),
        models=sum(1 for m in shelf.rows("SELECT state FROM models") if m["state"] == "ok"),
        against=_against(shelf),
        course=_course(shelf),
        weeks=shelf.figure("weeks"),
        trimmed=replace(lead, notes=tuple(notes)),
    )


_COURSE = """
    SELECT day // 7 AS week, sum(net)::DOUBLE AS net
    FROM (SELECT (SELECT max(day) FROM orders) - day AS day, net FROM orders WHERE net IS NOT NULL)
    GROUP BY week HAVING week <= (SELECT (max(day) - min(day) + 1) // 7 FROM orders) - 1 ORDER BY week DESC"""


def _course(shelf: Shelf) -> Markup:
    """Return net revenue by week as a small line; weeks are counted back from the last day, all whole."""
    weeks = [float(r["net"]) for r in shelf.rows(_COURSE)]
    said = f"Net revenue of the last {len(weeks)} weeks, one point a week"
    return Markup(spark(weeks, said))  # noqa: S704 # the renderer escapes


def _sums(whole: Row) -> Row:
    """Return whether credited and unattributed sum to net revenue, and by how much they do not."""
    net, credited, rest = (whole.get(k) for k in ("net", "credited", "unattributed"))
    sums: Row = {"net": net or Decimal(0), "credited": credited, "unattributed": rest}
    if credited is not None and rest is not None and net is not None:
        sums |= {"percent": percent(credited, net), "off": credited + rest - net}
    return sums


def _change(whole: Row) -> str:
    """Return the change of net revenue in words, with its interval, or why there is none."""
    if whole.get("change") is None:
        return f"no comparison: {whole.get('change_why') or 'no orders'}"
    low, high = whole["change_low"], whole["change_high"]
    said = text.interval(text.share(low, sign=False), text.share(high, sign=False))
    if low <= 0 <= high:
        return f"no clear change in 28 days ({said}%)"
    return f"{'up' if low > 0 else 'down'} {text.share(abs(whole['change']))} ({said}) in 28 days"


def _against(shelf: Shelf) -> list[str]:
    """Return how the default model differs from last touch, in words, as the overview found it."""
    return [n for n in shelf.figure("overview").notes if n.startswith(("Largest difference", "Over "))]


def attribution(request: Request) -> Response:
    """Return who earned what: by kind of order, one model or all side by side, by channel and otherwise."""
    shelf, asked = service_of(request).shelf, request.query_params
    kind, by = asked.get("kind", "all"), asked.get("by", "device_kind")
    for name, value, known in (("kind", kind, KINDS), ("by", by, _PLACES)):
        if value not in known:
            cure = f"choose one of {', '.join(known)}"
            raise Refusal(400, "bad-request", f"`{name}` cannot be {value[:20]!r}", cure)
    titles = choices(shelf.figure("attribution"), "model")
    models = {"": "All side by side"} | {m: m.partition(" (")[0] for m in titles}
    filters = Filters(
        usual={"kind": kind},
        of={"breakdown": {"by": by} | ({"model": titles[0]} if titles else {})},
        bars=(
            {"label": "Orders", "options": options(request, "kind", KINDS, kind)},
            {
                "label": "Model",
                "many": True,
                "options": options(request, "model", models, asked.get("model", "")),
            },
        ),
    )
    places = ({"label": "By", "options": options(request, "by", _PLACES, by)},)
    return screen(
        request, "attribution", filters, template="attribution.html", against=_against(shelf), places=places
    )


def stream(request: Request) -> Response:
    """Return what comes in and what was refused."""
    service, reason = service_of(request), request.query_params.get("reason")
    sql = """SELECT source, reason, place, wrong, cure, received, count(*) OVER () AS whole FROM rejects
             WHERE $reason IS NULL OR reason = $reason ORDER BY received DESC, place LIMIT 12"""
    refused = service.shelf.rows(sql, reason=reason)
    reasons = service.shelf.rows(
        """SELECT reason, any_value(source) AS source, count(*) AS n, any_value(cure) AS cure,
                  min(place) AS place FROM rejects GROUP BY reason ORDER BY n DESC, reason"""
    )
    for row in (*refused, *reasons):
        row["place"] = (row["place"] or "").rpartition("/")[2]
    told = request.query_params.get("told", "")[:300]
    return screen(
        request,
        "stream",
        Filters(parts={"data_quality": {"part": ("Checks", "What was read")}}),
        template="stream.html",
        refused=refused,
        reason=reason,
        reasons=reasons,
        told=told,
        **_arriving(service),
    )


def _arriving(service: Service) -> Row:
    """Return what the part of the stream's screen shows that changes as data comes in."""
    fresh, whole = service.tail.newest(service.shelf, _NEWEST)
    return {
        "arrived": totals(service.shelves),
        "fresh": arrivals(fresh),
        "after": whole,
        "made": service.shelf.facts["finished"],
        "now": _when,
    }


def _when(value: str) -> str:
    return text.moment(datetime.fromisoformat(value))


def arrived(request: Request) -> Response:
    """Return the part of the stream's screen that changes as data comes in."""
    return page(request, "arrived.html", None, **_arriving(service_of(request)))


async def retried(request: Request) -> Response:
    """Try refused inputs again, from the form on the stream's screen."""
    service, visitor = service_of(request), visitor_of(request)
    visitor.needs("write")
    sent = parse_qs((await request.body())[:4096].decode("utf-8", "replace"))
    service.access.same_site(request, visitor, sent.get("csrf", [""])[0])
    done = await run_in_threadpool(retry, service.home, sent.get("reason", [None])[0])
    if done.read:
        events = text.plural(done.events, "event")
        said = f"{done.read} of {done.tried} can be read now: {events} added. The next run counts them."
    else:
        what = text.plural(done.tried, "input")
        said = f"None of the {what} can be read yet; the cure stands beside each reason."
    return RedirectResponse(f"/stream?{urlencode({'told': said})}", 303)


def trust(request: Request) -> Response:
    """Return what numbers mean, whether they add up, and how wrong they can be."""
    service = service_of(request)
    shelf = service.shelf
    return screen(
        request,
        "trust",
        Filters(parts={"reconciliation": {"what": ("all together",)}}),
        template="trust.html",
        told=[(name, reports.load(name)) for name in reports.in_order()],
        truth=truth_figure(service.home),
        papers=shelf.rows(
            "SELECT title, paper, state, is_default FROM models ORDER BY is_default DESC, title"
        ),
        looks=service.audit.last(8),
        now=_when,
        fresh=shelf.rows(
            """SELECT source, sum(events)::BIGINT AS events, sum(rejects)::BIGINT AS rejects,
                      max(last) AS last FROM intake GROUP BY source ORDER BY events DESC, source"""
        ),
    )
