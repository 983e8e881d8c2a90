"""What would move if a link were wrong: the identifiers on its smaller side, and their orders' money."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

__all__ = ["stakes"]

Row = dict[str, Any]
_MOST = 300


def stakes(links: Sequence[Row], orders: Sequence[Row]) -> Iterator[tuple[int, Decimal, int]]:
    """Yield for each used link inside a household its place, the net revenue at stake, and the identifiers.

    The money is that of the orders which would no longer be with the larger part: 0 where other links
    hold the two together. Links between the same two count as one. At most 300 links are looked at.

    >>> links = [{"left_id": "a", "right_id": "b", "state": "used", "inside": True, "kind": "seen_with"}]
    >>> list(stakes(links, [{"ids": ["a"], "net": Decimal(5)}, {"ids": ["b"], "net": Decimal(9)}]))
    [(0, Decimal('5'), 1)]
    """
    held = [i for i, k in enumerate(links) if k["state"] == "used" and k["inside"]][:_MOST]
    held = [i for i in held if links[i]["kind"] != "not_same"]
    for left_out in held:
        ends = {links[left_out]["left_id"], links[left_out]["right_id"]}
        side = _root_of([k for k in (links[i] for i in held) if {k["left_id"], k["right_id"]} != ends])
        one, other = (_of(side, links[left_out][end]) for end in ("left_id", "right_id"))
        if one == other:
            yield left_out, Decimal(0), 0
            continue
        sizes = {
            s: sum(_of(side, n) == s for n in side | {links[left_out]["left_id"]: 0}) for s in (one, other)
        }
        money = {s: _money(orders, side, s) for s in (one, other)}
        smaller = min((one, other), key=lambda s: (money[s], sizes[s], s))
        yield left_out, money[smaller], max(sizes[smaller], 1)


def _root_of(links: Sequence[Row]) -> dict[str, str]:
    parent: dict[str, str] = {}
    for link in links:
        one, other = (_of(parent, link[end]) for end in ("left_id", "right_id"))
        parent.setdefault(one, one)
        parent.setdefault(other, other)
        parent[max(one, other)] = min(one, other)
    return parent


def _of(parent: Mapping[str, str], name: str) -> str:
    while parent.get(name, name) != name:
        name = parent[name]
    return name


def _money(orders: Sequence[Row], side: Mapping[str, str], root: str) -> Decimal:
    whole: Decimal = sum(
        (o["net"] for o in orders if any(_of(side, name) == root for name in o["ids"])), Decimal(0)
    )
    return whole
