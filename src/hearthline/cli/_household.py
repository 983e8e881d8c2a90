"""A household and a link on the screen: who, what, why, since when, and what hangs on it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

import hearthline as hl
from hearthline.cli._screen import table
from hearthline.schema import text

__all__ = ["show_household", "show_link"]

Row = dict[str, Any]
_SHOWN = 14
_LONGEST = 30


def show_household(console: Console, found: "hl.Household") -> None:
    """Print one household."""
    about = found.household
    said = [
        text.plural(about.get("persons") or 0, "person"),
        text.plural(about.get("devices") or 0, "device"),
        text.plural(about.get("orders") or 0, "order"),
        f"net {text.amount(about.get('net') or 0, '')}",
    ]
    console.print(Text.assemble((f"Household {about['unit']}", "bold"), f"  {' · '.join(said)}"))
    _persons(console, found.persons)
    _devices(console, found.devices)
    _orders(console, found)
    _links(
        console, found.links, "Why: the links that hold it together, and what would leave if one were wrong"
    )
    _signals(console, found.signals)
    _readings(console, found.readings)
    _changes(console, found.changes)


def show_link(console: Console, found: "hl.LinkExplanation") -> None:
    """Print one link, or all links between two identifiers."""
    first = found.links[0]
    console.print(Text.assemble((first["left_id"], "bold"), "  with  ", (first["right_id"], "bold")))
    _links(console, found.links, "What links them")
    for link in found.links:
        odds = 2.718281828459045 ** link["weight"]
        console.print(
            Text(
                f"  {link['link']}: weight {link['weight']:.2f}, odds of {odds:,.0f} to 1 that it is right; "
                f"consent {link['consent']}" + (f"; {link['note']}" if link["note"] else "")
            )
        )
    if found.statements:
        _title(console, "What was said about them")
        rows: list[tuple[Any, ...]] = [
            (_day(s["made"]), s["kind"].replace("_", " "), s["level"], s["rule"], s["reason"] or text.MISSING)
            for s in found.statements
        ]
        _grid(console, ("when", "said", "of one", "by", "reason"), rows)
        for part, weight in (pair for s in found.statements for pair in s["evidence"] or ()):
            console.print(Text(f"  {part}: {weight:+.2f}", "dim"))
    _title(console, f"Events that show it ({text.plural(len(found.events), 'event')}, newest first)")
    rows = [(_day(e["time"]), e["type"], e["source"], e["consent"]) for e in found.events[:_SHOWN]]
    _grid(console, ("day", "event", "source", "consent"), rows)


def _signals(console: Console, signals: Sequence[Row]) -> None:
    if not signals:
        return
    _title(console, "What signals say of it")
    rows: list[tuple[Any, ...]] = [
        (
            s["signal"],
            _short(s["about"] or text.MISSING),
            text.MISSING if s["number"] is None else f"{s['number']:.2f}",
            text.MISSING if s["low"] is None else f"{s['low']:.1f} to {s['high'] or 366:.1f}",
            s["said"],
        )
        for s in signals[:_SHOWN]
    ]
    _grid(console, ("signal", "about", "says", "90 %", "rests on"), rows)
    _more(console, len(signals))


def _readings(console: Console, readings: Sequence[Row]) -> None:
    if not readings:
        return
    _title(console, "Readings behind it, newest first")
    rows: list[tuple[Any, ...]] = [
        (
            f"{r['time']:%Y-%m-%d %H:%M}",
            _short(r["device"] or text.MISSING),
            r["attribute"] or r["type"],
            f"{r['value'] or text.MISSING} {r['unit'] or ''}".strip(),
            r["id"],
        )
        for r in readings[:_SHOWN]
    ]
    _grid(console, ("time, UTC", "device", "what", "value", "event"), rows)
    _more(console, len(readings))


def _persons(console: Console, persons: Sequence[Row]) -> None:
    _title(console, f"Who could be told apart ({text.plural(len(persons), 'person')})")
    rows: list[tuple[Any, ...]] = [
        (
            _short(p["label"] or text.MISSING),
            _day(p["first"]),
            _day(p["last"]),
            ", ".join(_short(i) for i in p["identifiers"][:4] if i != p["label"]) or text.MISSING,
        )
        for p in persons[:_SHOWN]
    ]
    _grid(console, ("person", "since", "until", "also"), rows)
    _more(console, len(persons))


def _devices(console: Console, devices: Sequence[Row]) -> None:
    _title(console, f"Devices ({len(devices)})")
    rows: list[tuple[Any, ...]] = [
        (
            _short(d["device"]),
            d["kind"],
            text.count(d["events"]),
            _day(d["since"] or d["first"]),
            _day(d["until"]) if d["until"] else "now",
        )
        for d in devices[:_SHOWN]
    ]
    _grid(console, ("device", "kind", "events", "since", "until"), rows, (2,))
    _more(console, len(devices))


def _orders(console: Console, found: "hl.Household") -> None:
    names = {p["person"]: _short(p["label"] or text.MISSING) for p in found.persons}
    _title(console, f"Who placed its orders ({text.plural(len(found.orders), 'order')}, newest first)")
    rows: list[tuple[Any, ...]] = [
        (o["name"], _day(o["time"]), text.amount(o["net"], ""), _split(o["actors"], names))
        for o in reversed(found.orders[-_SHOWN:])
    ]
    _grid(console, ("order", "day", "net", "by"), rows, (2,))
    _more(console, len(found.orders))
    _title(console, "What each did and earned, as far as can be told (90% of not knowing who it was)")
    rows = [
        (
            _actor(c, names),
            f"{c['sessions']:,.1f}",
            f"{c['orders']:,.1f}",
            _band(c, "revenue"),
            _band(c, "credit"),
        )
        for c in found.credit[:_SHOWN]
    ]
    _grid(
        console, ("who", "shared sessions", "orders", "net placed", "credit of touches"), rows, (1, 2, 3, 4)
    )


def _actor(row: Row, names: dict[int, str]) -> str:
    """Return who it was in words.

    >>> _actor({"actor": "unknown", "person": None}, {}), _actor({"actor": "person", "person": 7}, {7: "ann"})
    ('somebody else', 'ann')
    """
    if row["actor"] == "person":
        return names.get(row["person"], "one who left")
    return "somebody else" if row["actor"] == "unknown" else "a machine"


def _split(actors: Sequence[Row], names: dict[int, str]) -> str:
    return ", ".join(f"{_actor(a, names)} {a['probability']:.0%}" for a in actors) or text.MISSING


def _band(row: Row, name: str) -> str:
    value, low, high = (row[n] for n in (name, f"{name}_low", f"{name}_high"))
    if value is None:
        return text.MISSING
    told = text.amount(value, "")
    return told if low == high else f"{told} ({text.amount(low, '')}–{text.amount(high, '')})"


def _links(console: Console, links: Sequence[Row], title: str) -> None:
    _title(console, title)
    rows: list[tuple[Any, ...]] = [
        (
            k["link"],
            _short(k["left_id"]),
            _short(k["right_id"]),
            k["rule"] if k["state"] == "used" else f"{k['rule']} ({k['state']})",
            _day(k["valid_from"]),
            text.MISSING if k.get("sure") is None else f"{k['sure']:.1%}",
            text.MISSING if k.get("at_stake") is None else text.amount(k["at_stake"], ""),
        )
        for k in links[:_SHOWN]
    ]
    _grid(console, ("link", "one", "other", "rule", "since", "sure", "at stake"), rows, (5, 6))
    _more(console, len(links))


def _changes(console: Console, changes: Sequence[Row]) -> None:
    if changes:
        _title(console, "When its key changed")
        rows = [
            (_day(c["time"]), c["kind"], str(c["key"]), str(c["other"]), text.count(c["identifiers"]))
            for c in changes[-_SHOWN:]
        ]
        _grid(console, ("day", "what", "key", "other", "identifiers"), rows, (4,))


def _title(console: Console, title: str) -> None:
    console.print()
    console.print(Text(title, "bold"))


def _grid(
    console: Console, heads: Sequence[str], rows: list[tuple[Any, ...]], right: Sequence[int] = ()
) -> None:
    if rows:
        console.print(Padding(table(heads, rows, right), (0, 0, 0, 2), expand=False))
    else:
        console.print(Text("  none", "dim"))


def _more(console: Console, many: int) -> None:
    if many > _SHOWN:
        console.print(Text(f"  and {many - _SHOWN} more: --json", "dim"))


def _day(time: datetime | None) -> str:
    return text.MISSING if time is None else text.day(time.date())


def _short(identifier: str) -> str:
    return identifier if len(identifier) <= _LONGEST else f"{identifier[: _LONGEST - 1]}…"
