"""The first answer: what `run` and `demo` say when they are done, as facts and as a page of text."""

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from shlex import quote
from textwrap import wrap
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

import hearthline as hl
from hearthline.cli._options import at_home
from hearthline.cli._screen import print_json, results, table
from hearthline.schema import text

__all__ = ["Facts", "first_answer", "heading", "print_first_answer", "write_page"]

Facts = dict[str, Any]

BASELINE = "(baseline)"
BESIDE = ("last_touch", "linear", "markov", "shapley_rate")
"""Models shown beside the default one."""
SHOWN = 9
_INDENT = 13
_MISSING = "hearthline report audit says what is missing."
KINDS = {"person": "by a person", "subscription": "subscription renewals", "machine": "by a machine"}

_QUERIES = {
    "found": """SELECT (SELECT count(*) FROM households) AS homes,
                       (SELECT count(DISTINCT device) FROM devices) AS devices,
                       (SELECT count(*) FROM channels) AS channels""",
    "ledger": """SELECT * FROM ledger WHERE kind <> 'all' AND model =
                   (SELECT model FROM models WHERE state = 'ok' ORDER BY is_default DESC, title LIMIT 1)
                 ORDER BY kind""",
    "orders": """SELECT NULL AS model, kind, 0::DECIMAL(24, 6) AS credited, sum(net) AS unattributed,
                   sum(net) AS shop, count(*) AS orders
                 FROM orders WHERE status = 'placed' GROUP BY kind ORDER BY kind""",
    "models": "SELECT model, title, is_default, state FROM models ORDER BY is_default DESC, title",
    "shares": "SELECT s.* FROM shares s JOIN models m USING (model) WHERE m.state = 'ok' ORDER BY ALL",
    "reasons": "SELECT reason, count(*) AS n FROM rejects GROUP BY reason ORDER BY n DESC, reason",
    "aside": """SELECT currency, count(*) AS orders, sum(set_aside) AS money FROM orders
                WHERE status = 'set_aside' GROUP BY currency ORDER BY orders DESC, currency""",
    "all": "SELECT sum(events) AS events FROM intake",
    "example": """WITH best AS (
                    SELECT o.order_id, o.shop FROM orders o JOIN touch_credits t USING (shop, order_id)
                    WHERE o.status = 'placed' GROUP BY o.order_id, o.shop, o.kind, o.time
                    ORDER BY o.kind = 'machine' DESC, count(*) DESC, o.time DESC LIMIT 1),
                  alike AS (SELECT count(*) AS n FROM orders WHERE order_id IN (SELECT order_id FROM best))
                  SELECT order_id || CASE WHEN n > 1 THEN '@' || shop ELSE '' END AS name FROM best, alike""",
}


def first_answer(home: "hl.Home", taken: "Sequence[hl.Intake]") -> Facts:
    """Return the facts of the first answer: what came in, what was found, who earned what."""
    answer = home.answer()
    try:
        run: Facts = answer.table("SELECT * FROM run").to_pylist()[0]
        facts = {name: answer.table(sql).to_pylist() for name, sql in _QUERIES.items()}
    finally:
        answer.close()
    here = sum(i.events for i in taken)
    read = {
        "files": len({i.origin for i in taken}),
        "events": run["events"],
        "duplicates": run["duplicates"],
        "rejects": run["rejects"],
        "here": here,
        "sole": here == facts["all"][0]["events"] and not (home.path / "log").exists(),
        "replaced": sum(i.replaced for i in taken),
        "mended": sum(i.mended for i in taken),
        "reasons": {row["reason"]: row["n"] for row in facts["reasons"]},
    }
    return {
        "title": home.report("attribution").figure.title,
        "run": run,
        "read": read,
        "found": facts["found"][0],
        "ledger": facts["ledger"] or facts["orders"],
        "aside": facts["aside"],
        "models": facts["models"],
        "shares": facts["shares"],
        "example": facts["example"][0]["name"] if facts["example"] else None,
    }


def write_page(home: "hl.Home") -> Path:
    """Return the file that holds all reports as one page, written whole or not at all."""
    page, draft = home.path / "report.html", home.path / ".report.html.draft"
    draft.write_text(home.html(), encoding="utf-8")
    return draft.replace(page)


def print_first_answer(home: "hl.Home", answer: Facts, page: Path, *, as_json: bool) -> None:
    """Print the first answer, where its report lies, and the next command to try."""
    if as_json:
        print_json({**answer, "report": str(page)})
        return
    console = results()
    head(console, answer)
    print_shares(console, answer, home.path)
    print_machines(console, answer, home.path)
    tail(console, home, answer, page)


def heading(console: Console, title: str) -> None:
    """Print a section's title."""
    console.print()
    console.print(Text(title, "bold"))


def _line(console: Console, name: str, said: str) -> None:
    first, *rest = wrap(said, console.width - _INDENT, break_on_hyphens=False) or [""]
    console.print(Text.assemble((f"  {name:<{_INDENT - 2}}", "dim"), first))
    for line in rest:
        console.print(Text(" " * _INDENT + line))


def head(console: Console, answer: Facts) -> None:
    """Print what came in, what was found, and that it adds up."""
    run, read, found = answer["run"], answer["read"], answer["found"]
    days = f"{text.day(run['first_day'])} to {text.day(run['last_day'])}"
    simulated = " · simulated data" if run["demo"] else ""
    console.print(Text.assemble(("Hearthline", "bold"), (f"  {days} · {run['currency']}{simulated}", "dim")))
    console.print(Text(answer["title"], "bold cyan"))
    console.print()
    _line(console, "Read", _read(read))
    if read["rejects"]:
        _line(console, "Refused", _refused(read))
    _line(console, "Found", _found(found))
    _line(console, "Orders", _orders(answer["ledger"]))
    if answer["aside"]:
        _line(console, "Set aside", _aside(answer["aside"], run["currency"]))
    _line(console, "Adds up", _adds_up(answer["ledger"], run["currency"]))


def _read(read: Facts) -> str:
    said = f"{text.plural(read['events'], 'event')}"
    if read["files"] and read["sole"]:
        said += f" from {text.plural(read['files'], 'file')}"
    elif read["files"]:
        rows = text.plural(read["here"], "event")
        said = f"{rows} from {text.plural(read['files'], 'file')}; {said} in this home"
    if read["duplicates"]:
        said += f"; {text.count(read['duplicates'])} came twice and count once"
    if read["replaced"]:
        said += f"; {text.count(read['replaced'])} were read otherwise before, and this reading counts"
    if read["mended"]:
        said += f"; {text.count(read['mended'])} refused before could be read now"
    return said


def _refused(read: Facts) -> str:
    reasons = list(read["reasons"].items())
    top = [f"{text.count(n)} {reason}" for reason, n in reasons[:3]]
    more = sum(n for _, n in reasons[3:])
    top += [f"{text.count(more)} for other reasons"] if more else []
    return f"{text.count(read['rejects'])}, kept with their cure: {', '.join(top)}"


def _found(found: Facts) -> str:
    homes, devices = text.plural(found["homes"], "home"), text.plural(found["devices"], "device")
    return f"{homes} with {devices}, met on {text.plural(found['channels'], 'channel')}"


def _orders(ledger: Sequence[Facts]) -> str:
    counts = {row["kind"]: row["orders"] for row in ledger}
    parts = [f"{text.count(counts.get(kind, 0))} {said}" for kind, said in KINDS.items()]
    return f"{text.count(sum(counts.values()))}: {', '.join(parts)}"


def _aside(orders: Sequence[Facts], currency: str) -> str:
    said = [
        f"{text.plural(row['orders'], 'order')} of {text.exact_money(row['money'], row['currency'])}"
        for row in orders
    ]
    code = orders[0]["currency"]
    return (
        f"{', '.join(said)}: no exchange rate to {currency}, so in no sum; say in hearthline.toml what one "
        f"{code} is worth, [money] rates = {{ {code} = ... }}"
    )


def _adds_up(ledger: Sequence[Facts], currency: str) -> str:
    sums = [
        text.exact_money(sum(row[c] for row in ledger), currency)
        for c in ("credited", "unattributed", "shop")
    ]
    return f"credited {sums[0]} + unattributed {sums[1]} = the shop's net revenue {sums[2]}"


def _cell(row: Facts | None) -> str:
    if row is None:
        return text.MISSING
    if not row["homes"]:
        return text.MISSING
    if not row["enough"]:
        return f"({text.plural(row['homes'], 'home')})"
    return text.share_interval(row["share"], row["share_low"], row["share_high"])


def _ranked(shares: Sequence[Facts], model: str, kind: str) -> list[str]:
    """Return the channels of a kind of order, the one with most credit first, the baseline last."""
    rows = [s for s in shares if s["model"] == model and s["kind"] == kind]
    rows.sort(key=lambda s: (s["channel"] == BASELINE, -s["amount"], s["channel"]))
    return [row["channel"] for row in rows]


def _grid(
    console: Console, heads: Sequence[str], ranked: Sequence[str], columns: Sequence[Facts], home: Path
) -> None:
    """Print channels by columns; a column is a mapping of channel to row of `shares`."""
    touched = [c for c in ranked if c != BASELINE]
    shown = [*touched[:SHOWN], *(c for c in ranked if c == BASELINE)]
    names = {BASELINE: Text("no touch", "dim")}
    rows = [(names.get(c, c), *(_cell(column.get(c)) for column in columns)) for c in shown]
    console.print(
        Padding(table(("channel", *heads), rows, right=range(1, len(heads) + 1)), (0, 0, 0, 2), expand=False)
    )
    if len(touched) > SHOWN:
        console.print(
            Text(
                f"  and {text.plural(len(touched) - SHOWN, 'more channel')}: "
                f"hearthline report attribution{at_home(home)}",
                "dim",
            )
        )


def _by_channel(shares: Sequence[Facts], model: str, kind: str) -> dict[str, Facts]:
    return {s["channel"]: s for s in shares if s["model"] == model and s["kind"] == kind}


def default_model(answer: Facts) -> Facts:
    """Return the model that answers lead with."""
    model: Facts = next(m for m in answer["models"] if m["state"] == "ok")
    return model


def print_shares(console: Console, answer: Facts, home: Path) -> None:
    """Print the channels' shares of all net revenue under several models, side by side."""
    usable = {m["model"]: m["title"] for m in answer["models"] if m["state"] == "ok"}
    if not usable or not answer["shares"]:
        console.print()
        why = "every order is in a currency without an exchange rate"
        if not _all_aside(answer):
            why = f"what is missing says: hearthline report audit{at_home(home)}"
        console.print(Text(f"No channel can earn anything yet; {why}"))
        return
    lead = default_model(answer)["model"]
    models = [lead, *(m for m in BESIDE if m in usable and m != lead)]
    heading(console, "Who earned it: share of net revenue, with its 90 % interval")
    columns = [_by_channel(answer["shares"], m, "all") for m in models]
    _grid(
        console,
        [usable[m].partition(" (")[0] for m in models],
        _ranked(answer["shares"], lead, "all"),
        columns,
        home,
    )
    for line in _caveats(answer["models"]):
        console.print(Text(f"  {line}", "dim"))


def _all_aside(answer: Facts) -> bool:
    return bool(answer["aside"]) and not sum(row["orders"] for row in answer["ledger"])


def _caveats(models: Sequence[Facts]) -> Iterator[str]:
    yield "Intervals: which households, who is who; the choice of model is the difference between columns."
    for model in models:
        if model["state"] != "ok":
            yield f"{model['title']} is missing: {model['state']}"


def print_machines(console: Console, answer: Facts, home: Path) -> None:
    """Print to whom orders placed by machines and calendars are owed."""
    kinds = [
        row["kind"]
        for row in answer["ledger"]
        if row["kind"] in ("machine", "subscription") and row["orders"]
    ]
    if not kinds or not answer["shares"]:
        return
    lead = default_model(answer)
    heading(console, f"What orders without a person owe, through the decision to enrol ({lead['title']})")
    columns = [_by_channel(answer["shares"], lead["model"], kind) for kind in kinds]
    heads = [f"{KINDS[kind]}" for kind in kinds]
    _grid(console, heads, _ranked(answer["shares"], lead["model"], kinds[0]), columns, home)
    console.print(
        Text("  The machine itself earns nothing: its trigger is a mechanism, not a reason.", "dim")
    )


def tail(console: Console, home: "hl.Home", answer: Facts, page: Path) -> None:
    """Print where the page lies and which command to try next."""
    console.print()
    _line(console, "Report", f"{page} (one file; opens anywhere, offline)")
    at = f" --home {quote(str(home.path))}"
    look = f"hearthline dashboard{at}  then open http://127.0.0.1:8787"
    missing = find_spec("starlette") is None
    _line(console, "Look", f"pip install 'hearthline[serve]'  once; then  {look}" if missing else look)
    if answer["example"] is not None:
        _line(console, "Next", f"hearthline explain {answer['example']}{at}")
    else:
        _line(console, "Next", f"hearthline report audit{at}")
