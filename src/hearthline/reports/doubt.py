"""What hangs on how sure links are: people counted twice without them, homes that fall apart with fewer."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from hearthline.reports import Answer
from hearthline.reports._reading import Row, rows, table
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 93
SCREEN = "identity"
TITLE = "What hangs on the links"
QUESTION = "Who would be counted twice without links, and what would a stricter or looser threshold change?"
DEFINITION = (
    "Apart = identifiers that would be counted alone or without their home: a tool without links counts each "
    "login, address, browser and device by itself. A threshold leaves out every link that is less sure (the "
    "probability that it is right, as its weight says); a home falls apart when what is left does not hold "
    "all its identifiers together. Revenue = net revenue of the persons' orders that would leave their home "
    "with them. Looser than today: links that a conflict or a limit set aside would count too, but not those "
    "taken back by hand; homes then are joined, and revenue is the joined homes' whole. Nothing here changes "
    "a number elsewhere: guards, and not a threshold, decide what counts."
)
COLUMNS = (
    Column("part", "Part"),
    Column("what", "What"),
    Column("links", "Links out or in", "count"),
    Column("found", "There would be", "count"),
    Column("apart", "Identifiers apart", "count"),
    Column("changed", "Would change", "count"),
    Column("revenue", "Net revenue", "money"),
)
THRESHOLDS = (0.7, 0.8, 0.9, 0.95, 0.99, 0.999)
_TWICE, _SURER, _LOOSER = "Without any link", "With surer links only", "With links that were set aside"
_WEAK = "Homes that would lose most, at 90%"
_SHOWN, _USUAL = 12, 0.9
_HIDDEN = {"sure": pa.float64(), "unit": pa.int64()}

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Homes:
    """Homes and their identifiers, by place, and the links that hold them together.

    `home` is each identifier's home, `money` the net revenue of the person whom it names first. `tree` are
    links (left, right) of which one less would leave two parts, `sure` their probabilities; `used` are those
    of all links that count, `aside` the homes on both sides of links that were set aside.
    """

    unit: Ints
    net: NDArray[np.object_]
    home: Ints
    money: NDArray[np.object_]
    tree: tuple[Ints, Ints]
    sure: Floats
    used: Floats
    aside: tuple[Ints, Ints]

    @property
    def many(self) -> Ints:
        """How many identifiers each home has."""
        counted: Ints = np.bincount(self.home, minlength=len(self.unit)).astype(np.int64)
        return counted

    def left(self, least: float) -> NDArray[np.bool_]:
        """Return which identifiers would leave the larger part of their home, by revenue, then number."""
        return self._beside(least) & ~self._beside(0.0)

    def _beside(self, least: float) -> NDArray[np.bool_]:
        held = self.sure >= least
        ends = (self.tree[0][held], self.tree[1][held])
        size = len(self.home)
        graph = sparse.coo_array((np.ones(len(ends[0]), np.int8), ends), shape=(size, size))
        _, label = connected_components(graph, directed=False)
        many = np.bincount(label)
        worth = np.zeros(len(many))
        np.add.at(worth, label, self.money.astype(np.float64))
        _, first = np.unique(label, return_index=True)
        where = self.home[first]
        order = np.lexsort((-many, -worth, where))
        main = np.zeros(len(many), bool)
        main[order[np.append(True, where[order][1:] != where[order][:-1])]] = True
        apart: NDArray[np.bool_] = ~main[label]
        return apart


def _sum(money: NDArray[np.object_]) -> Decimal:
    return sum(money.tolist(), Decimal(0))


_IDS = "SELECT id, unit FROM identifiers WHERE unit IS NOT NULL ORDER BY id"
_LINKS = """SELECT left_id, right_id, state, weight FROM links
    WHERE kind NOT IN ('not_same', 'one_value') AND state IN ('used', 'demoted')"""
_NET = "SELECT unit, sum(net) AS net FROM orders WHERE status = 'placed' AND unit IS NOT NULL GROUP BY unit"
_OWN = """SELECT min(i.id) AS id, any_value(o.net) AS net
    FROM (SELECT a.person, sum(o.net * a.probability::DECIMAL(9, 6))::DECIMAL(24, 6) AS net
          FROM order_actors a JOIN orders o USING (shop, order_id)
          WHERE a.actor = 'person' AND o.status = 'placed' AND o.unit IS NOT NULL GROUP BY a.person) o
    JOIN identifiers i USING (person) WHERE i.names = 'person' GROUP BY i.person"""
_PERSONS = """SELECT count(*) AS found, sum(n)::BIGINT AS apart, count(*) FILTER (n > 1) AS changed
    FROM (SELECT person, count(*) AS n FROM identifiers WHERE person IS NOT NULL GROUP BY person)"""


def build(answer: Answer) -> Figure:
    """Return what would change without links, with surer ones, and with those that were set aside."""
    homes = _read(answer)
    (persons,) = rows(answer, _PERSONS)
    made = [*_twice(homes, persons), *_thresholds(homes), *_looser(homes), *_weakest(homes)]
    drawn = [r for r in made if r["part"] == _SURER]
    return Figure(
        name="doubt",
        title=_titled(persons, drawn, homes),
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, _HIDDEN),
        notes=() if len(homes.unit) else ("No homes: no event names anybody or anything.",),
        chart=Chart(
            "bars",
            label="what",
            value="apart",
            title="Identifiers that would lose their home if only surer links counted",
            data=pa.table(
                {
                    "what": pa.array([r["what"] for r in drawn], pa.string()),
                    "apart": pa.array([r["apart"] for r in drawn], pa.int64()),
                }
            ),
        ),
        source=answer.source,
        currency=answer.currency,
        group="part",
    )


def _read(answer: Answer) -> _Homes:
    ids, links = answer.table(_IDS), answer.table(_LINKS)
    unit, home = np.unique(ids["unit"].to_numpy().astype(np.int64), return_inverse=True)
    names = pa.array(ids["id"].to_pylist(), pa.string())
    left, right = (_places(links[end], names) for end in ("left_id", "right_id"))
    known = (left >= 0) & (right >= 0)
    used = pc.equal(links["state"], "used").to_numpy() & known
    sure = 1 / (1 + np.exp(-links["weight"].to_numpy().astype(np.float64)))
    inside = used & (home[left] == home[right]) & (left != right)
    low, high = np.minimum(left, right)[inside], np.maximum(left, right)[inside]
    tree, weight = _forest(len(names), low, high, sure[inside])
    net, own = answer.table(_NET), answer.table(_OWN)
    units = pa.array(unit, pa.int64())
    return _Homes(
        unit,
        _money(len(unit), _places(net["unit"], units), net["net"]),
        home,
        _money(len(names), _places(own["id"], names), own["net"]),
        tree,
        weight,
        sure[used],
        (home[left[known & ~used]], home[right[known & ~used]]),
    )


def _places(texts: pa.ChunkedArray, known: pa.Array) -> Ints:
    found: Ints = pc.fill_null(pc.index_in(texts, value_set=known), -1).to_numpy().astype(np.int64)
    return found


def _money(count: int, place: Ints, amounts: pa.ChunkedArray) -> NDArray[np.object_]:
    """Return an amount for each place, 0 where there is none."""
    money = np.full(count, Decimal(0), object)
    for at, amount in zip(place.tolist(), amounts.to_pylist(), strict=True):
        if at >= 0 and amount is not None:
            money[at] += amount
    return money


def _forest(count: int, left: Ints, right: Ints, sure: Floats) -> tuple[tuple[Ints, Ints], Floats]:
    """Return the links that the surest ways between all identifiers need, and their probabilities.

    A threshold parts what is joined at exactly those of them that are below it.
    """
    if not len(left):
        return (left, right), np.zeros(0)
    order = np.lexsort((-sure, right, left))
    left, right, sure = left[order], right[order], sure[order]
    first = np.append(True, (left[1:] != left[:-1]) | (right[1:] != right[:-1]))
    graph = sparse.coo_array((2.0 - sure[first], (left[first], right[first])), shape=(count, count))
    tree = minimum_spanning_tree(graph.tocsr()).tocoo()
    return (tree.row.astype(np.int64), tree.col.astype(np.int64)), 2.0 - tree.data


def _twice(homes: _Homes, persons: Row) -> list[Row]:
    several = homes.many > 1
    return [
        {"part": _TWICE, "what": "Persons", **persons, "apart": persons["apart"] or 0},
        {
            "part": _TWICE,
            "what": "Homes",
            "found": len(homes.unit),
            "apart": len(homes.home),
            "changed": int(several.sum()),
            "revenue": _sum(homes.net[several]),
        },
    ]


def _thresholds(homes: _Homes) -> list[Row]:
    made: list[Row] = []
    for least in THRESHOLDS if len(homes.unit) else ():
        left = homes.left(least)
        made.append(
            {
                "part": _SURER,
                "what": f"{100 * least:g}% sure or more",
                "sure": least,
                "links": int((homes.used < least).sum()),
                "found": len(homes.unit) + int((homes.sure < least).sum()),
                "apart": int(left.sum()),
                "changed": len(np.unique(homes.home[left])),
                "revenue": _sum(homes.money[left]),
            }
        )
    return made


def _looser(homes: _Homes) -> list[Row]:
    left, right = homes.aside
    many = len(homes.unit)
    if not many:
        return []
    graph = sparse.coo_array((np.ones(len(left), np.int8), (left, right)), shape=(many, many))
    found, label = connected_components(graph, directed=False)
    joined = np.bincount(label, minlength=found)[label] > 1
    row: Row = {
        "part": _LOOSER,
        "what": "Everything that was ever found",
        "sure": 0.0,
        "links": len(left),
        "found": int(found),
        "changed": int(joined.sum()),
        "revenue": _sum(homes.net[joined]),
    }
    return [row]


def _weakest(homes: _Homes) -> list[Row]:
    """Return the homes from which most revenue would leave with their links less than 90 % sure."""
    if not len(homes.unit):
        return []
    left = homes.left(_USUAL)
    leaving, place = np.full(len(homes.unit), Decimal(0), object), np.flatnonzero(left)
    np.add.at(leaving, homes.home[place], homes.money[place])
    many = np.bincount(homes.home[place], minlength=len(homes.unit))
    weak = np.flatnonzero(leaving > 0)
    ranked = sorted(weak.tolist(), key=lambda h: (-leaving[h], homes.unit[h]))[:_SHOWN]
    edges = np.bincount(homes.home[homes.tree[0][homes.sure < _USUAL]], minlength=len(homes.unit))
    return [
        {
            "part": _WEAK,
            "what": str(homes.unit[h]),
            "unit": int(homes.unit[h]),
            "links": int(edges[h]),
            "found": int(edges[h]) + 1,
            "apart": int(many[h]),
            "changed": 1,
            "revenue": leaving[h],
        }
        for h in ranked
    ]


def _titled(persons: Row, thresholds: list[Row], homes: _Homes) -> str:
    if not len(homes.unit):
        return TITLE
    many = text.plural(persons["found"], "person")
    said = f"{many} would be counted as {text.count(persons['apart'] or 0)} without links"
    usual = next(r for r in thresholds if r["sure"] == _USUAL)
    whole = _sum(homes.net)
    if not whole:
        return said
    part = text.share(float(usual["revenue"] / whole))
    return f"{said}, and {part} of revenue hangs on links less than 90% sure"
