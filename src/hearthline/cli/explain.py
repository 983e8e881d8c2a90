"""`hearthline explain`."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

import hearthline as hl
from hearthline.cli._household import show_household, show_link
from hearthline.cli._options import DEFAULT_HOME, HomeOption, JsonOption
from hearthline.cli._screen import print_json, results, table
from hearthline.schema import text

__all__ = ["explain"]

_KINDS = {
    "person": "placed by a person",
    "subscription": "subscription renewal",
    "machine": "placed by a machine",
}
_BESIDE = ("last_touch", "linear", "markov", "shapley_rate")
_SHOWN = 12
_LONGEST = 26


def explain(
    what: Annotated[
        str,
        typer.Argument(
            help="An order's id (ID@SHOP where shops share it); or `household`, or `link`.", metavar="WHAT"
        ),
    ],
    which: Annotated[
        list[str] | None,
        typer.Argument(
            help="The household (its key, an identifier, an order), or the link.", metavar="WHICH"
        ),
    ] = None,
    *,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Open one order (its journey, credit, lineage, links, consents), `household H`, or `link L`."""
    opened = hl.open_home(home)
    if which:
        _explain_who(opened, what, which, as_json=as_json)
        return
    if what in ("household", "link"):
        raise typer.BadParameter(f"which {what}? write `hearthline explain {what} WHICH`")
    found = opened.explain(what)
    if as_json:
        print_json(asdict(found))
        return
    _Page(results(), found, opened.settings.attribution.default).show()


def _explain_who(opened: "hl.Home", what: str, which: list[str], *, as_json: bool) -> None:
    """Open a household or a link."""
    if what == "household":
        home = opened.explain_household(" ".join(which))
        print_json(asdict(home)) if as_json else show_household(results(), home)
    elif what == "link":
        link = opened.explain_link(*which)
        print_json(asdict(link)) if as_json else show_link(results(), link)
    else:
        raise typer.BadParameter(f"got {what!r}; write `household` or `link` before it, or one order's id")


class _Page:
    """One explained order on the screen."""

    def __init__(self, console: Console, found: "hl.Explanation", default: str) -> None:
        self.console, self.found = console, found
        self.currency = ""
        titles = {t["model"]: t["title"] for t in found.totals}
        self.models = {m: titles[m].partition(" (")[0] for m in (default, *_BESIDE) if m in titles}

    def show(self) -> None:
        self._order()
        self._touches()
        self._links()
        self._consents()
        self._events()

    def _title(self, title: str) -> None:
        self.console.print()
        self.console.print(Text(title, "bold"))

    def _grid(self, heads: Sequence[str], rows: list[tuple[Any, ...]], right: Sequence[int] = ()) -> None:
        self.console.print(Padding(table(heads, rows, right), (0, 0, 0, 2), expand=False))

    def _order(self) -> None:
        order, enrolment = self.found.order, self.found.enrolment
        said = [_KINDS[order["kind"]], _worth(order), text.moment(order["time"])]
        if order["refunded"]:
            said.append(f"refunded {text.amount(order['refunded'], '')}")
        if order["status"] != "placed":
            said.append(order["status"])
        self.console.print(Text.assemble((f"Order {order['order_id']}", "bold"), f"  {' · '.join(said)}"))
        if enrolment is not None:
            cycle = f"order {order['cycle']} of" if order["cycle"] else "an order of"
            day = text.day(enrolment["time"].date())
            self.console.print(
                f"It is {cycle} a {enrolment['kind']} switched on on {day}; credit goes to what led to that."
            )
        if order["status"] == "set_aside":
            why = (
                "It counts in no sum, and nothing earns credit for it: [money] rates in hearthline.toml has "
                f"no rate for {order['currency']}."
            )
            self.console.print(Text(why))
        elif order["unit"] is None:
            self.console.print("No household could be found for it, so that no touch can earn credit.")

    def _touches(self) -> None:
        touches = self.found.touches
        before = "the decision to enrol" if self.found.enrolment is not None else "the order"
        self._title(f"Touches before {before}, and what each earned of this order")
        if not touches:
            self.console.print(Text("  none within the look-back window", "dim"))
        left_out = touches[:-_SHOWN]
        rows: list[tuple[Any, ...]] = []
        if left_out:
            rows.append(
                (
                    Text(f"{len(left_out)} earlier", "dim"),
                    "",
                    *self._sums(left_out),
                )
            )
        for touch in touches[-_SHOWN:]:
            earned = (self._money(touch["credit"].get(m, 0)) for m in self.models)
            rows.append((_when(touch["time"]), touch["channel"], *earned))
        totals = {t["model"]: t for t in self.found.totals}
        rows.append(
            (
                Text("no touch", "dim"),
                "",
                *(self._money(totals[m]["unattributed"]) for m in self.models),
            )
        )
        rows.append(
            (
                Text("order", "dim"),
                "",
                *(self._money(_whole(totals[m])) for m in self.models),
            )
        )
        self._grid(("time", "channel", *self.models.values()), rows, range(2, 2 + len(self.models)))

    def _sums(self, touches: Sequence[dict[str, Any]]) -> list[str]:
        return [self._money(sum(t["credit"].get(m, 0) for t in touches)) for m in self.models]

    def _money(self, value: Any) -> str:
        return text.MISSING if value is None else text.amount(value, self.currency)

    def _links(self) -> None:
        links = self.found.links
        self._title(f"What holds the household together ({text.plural(len(links), 'link')})")
        rows = [
            (
                _short(k["left_id"]),
                _short(k["right_id"]),
                k["rule"],
                text.day(k["valid_from"].date()),
                k["state"],
            )
            for k in links[:_SHOWN]
        ]
        self._grid(("one", "other", "rule", "since", "state"), rows)
        if len(links) > _SHOWN:
            self.console.print(Text(f"  and {len(links) - _SHOWN} more: --json", "dim"))

    def _consents(self) -> None:
        self._title("Consent in the household's events")
        rows = [
            (text.count(c["events"]), c["measurement"], c["advertising"], c["said_by"])
            for c in self.found.consents
        ]
        self._grid(("events", "measurement", "advertising", "said by"), rows, (0,))

    def _events(self) -> None:
        self._title("Events of this order")
        rows = [
            (
                _when(e["time"]),
                e["type"],
                e["initiator_kind"] or text.MISSING,
                e["raw_reference"] or e["source"],
            )
            for e in self.found.events
        ]
        self._grid(("time", "event", "set off by", "raw input"), rows)


def _whole(total: dict[str, Any]) -> Any:
    """Return what is shared out of an order; None for one that is set aside."""
    parts = total["credited"], total["unattributed"]
    return None if None in parts else sum(parts)


def _worth(order: dict[str, Any]) -> str:
    """Return what an order is worth: in its own currency where there is no rate for it."""
    if order["net"] is not None:
        return f"net {text.amount(order['net'], '')}"
    return (
        "no price" if order["set_aside"] is None else text.exact_money(order["set_aside"], order["currency"])
    )


def _when(time: datetime) -> str:
    return f"{time.day:>2} {time:%b %H:%M}"


def _short(identifier: str) -> str:
    """Return an identifier cut to a length that still tells it from others.

    >>> _short("email_hmac:" + "a1b2c3d4e5f6" * 4)
    'email_hmac:a1b2c3d4e5f6a1…'
    """
    return identifier if len(identifier) <= _LONGEST else f"{identifier[: _LONGEST - 1]}…"
