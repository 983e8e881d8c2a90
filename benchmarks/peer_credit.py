"""What other packages credit on the very journeys that our models read, and how far it is from the truth.

A package knows paths and no lineage. It gets what its user would give it: for orders by people our own
journeys, with those that stayed open; for orders without a person whatever was seen in the look-back window
before each, as the yardstick *Last touch before each order* does. Money is net revenue.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from environments import PACKAGES, environment
from published import markdown

if TYPE_CHECKING:
    import hearthline as hl
    from hearthline.cli._truth import Kind, Miss
    from hearthline.sim import Truth

__all__ = [
    "SHORT",
    "Credited",
    "Peers",
    "alike",
    "credit_of_peers",
    "installed",
    "left_out",
    "merged",
    "misses_of_peers",
    "paths_of",
]

HERE = Path(__file__).parent / "peers"
SHORT = {
    "channel_attribution": "ChannelAttribution",
    "dp6": "DP6",
    "do_attribution": "do-attribution",
    "mta": "mta",
}
"""How a table calls each package."""
LONGEST_S = 900
KINDS: "tuple[Kind, ...]" = ("person", "automated", "all")

# The ends of journeys: when touches begin to count, when the journey ended, whether an order ended it.
_ENDS = {
    "person": """
        SELECT 'j' || row_number() OVER (ORDER BY unit, start_ms, end_ms, conversion) AS id, unit, end_ms,
          value, start_ms - CASE WHEN start_ms = min(start_ms) OVER () THEN 1 ELSE 0 END AS start_ms,
          CASE WHEN kind = 'order' THEN 1 ELSE 0 END AS won
        FROM journeys""",
    "automated": """
        SELECT 'o' || row_number() OVER (ORDER BY unit, time, order_id) AS id, unit, epoch_ms(time) AS end_ms,
          net AS value, -1 AS start_ms, 1 AS won
        FROM orders WHERE kind <> 'person' AND status = 'placed' AND unit IS NOT NULL""",
}
_PATHS = """
    WITH ends AS ({ends})
    SELECT string_agg(c.name, ' > ' ORDER BY t.time_ms, t.place) AS path, any_value(e.won) AS conversions,
      any_value(e.value)::DOUBLE AS value, 1 - any_value(e.won) AS "null",
      string_agg(((e.end_ms - t.time_ms) / 3600000)::DOUBLE, ' > ' ORDER BY t.time_ms, t.place) AS hours
    FROM ends e
    JOIN touches t ON t.unit = e.unit AND t.time_ms > e.start_ms AND t.time_ms <= e.end_ms
    JOIN channels c ON c.channel = t.channel
    WHERE e.end_ms - t.time_ms <= c.lookback_days * 86400000
    GROUP BY e.id ORDER BY e.id"""


@dataclass(frozen=True)
class Peers:
    """Where packages are installed: the interpreter of each, by the name of its script.

    Attributes:
        scripts: the folder of the scripts.
    """

    interpreters: Mapping[str, Path]
    scripts: Path = HERE


@dataclass
class Credited:
    """What packages credited in one town.

    Attributes:
        credit: money by channel, for each package, model and kind of orders.
        effects: removal effects of a first-order chain on all orders: of packages that say them, and ours.
        rules: money by channel of linear touch on orders by people, for each package; and ours.
        left_out: why a model of a package has no credit.
    """

    credit: "dict[tuple[str, str, Kind], dict[str, float]]" = field(default_factory=dict)
    effects: dict[str, dict[str, float]] = field(default_factory=dict)
    rules: dict[str, dict[str, float]] = field(default_factory=dict)
    left_out: dict[tuple[str, str], str] = field(default_factory=dict)


def installed(folder: Path) -> Peers:
    """Return the packages, installed into environments of their own in the folder where it has none yet.

    Raises:
        SystemExit: a package cannot be installed.
    """
    found = {}
    for script, package in PACKAGES.items():
        print(f"installing {package.name} {package.version} ...", file=sys.stderr)
        found[script] = environment(folder / script, package.needs)
    return Peers(found)


def paths_of(home: "hl.Home") -> "dict[Kind, pa.Table]":
    """Return the journeys to each kind of orders as tables of paths, one row a journey with a touch.

    Columns: `path` (channels in order), `conversions` and `null` (1 and 0, or 0 and 1), `value` (net revenue
    of the order), `hours` (of each touch before the journey's end).
    """
    answer = home.answer()
    try:
        person, before = (answer.table(_PATHS.format(ends=_ENDS[kind])) for kind in ("person", "automated"))
    finally:
        answer.close()
    open_ = person.filter(pc.equal(person["null"], 1))
    return {
        "person": person,
        "automated": pa.concat_tables([before, open_]),
        "all": pa.concat_tables([person, before]),
    }


def credit_of_peers(paths: "Mapping[Kind, pa.Table]", peers: Peers) -> Credited:
    """Return what the packages credit on these paths, each as one process."""
    from hearthline.attribution import credit_paths

    found = Credited()
    with TemporaryDirectory(prefix="hearthline-peers-") as folder:
        files = {kind: Path(folder) / f"{kind}.csv" for kind in KINDS}
        for kind, file in files.items():
            csv.write_csv(paths[kind], file)
        ours = Path(folder) / "ours.csv"
        for kind in ("person", "all"):
            csv.write_csv(paths[kind].drop_columns("hours"), ours)
            told = credit_paths(ours)
            if kind == "all":
                found.effects["hearthline"] = dict(zip(told.channels, told.removal.tolist(), strict=True))
            else:
                found.rules["hearthline"] = dict(zip(told.channels, told.linear.tolist(), strict=True))
        for script, python in peers.interpreters.items():
            _run(script, python, peers.scripts, files, found)
    return found


def _run(script: str, python: Path, scripts: Path, files: "Mapping[Kind, Path]", found: Credited) -> None:
    """Add what one package credits."""
    command = [str(python), str(scripts / f"credit_{script}.py"), *map(str, files.values())]
    apart = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=LONGEST_S, env=apart
        )
        trouble = done.stderr.strip()[-300:] if done.returncode else ""
    except subprocess.TimeoutExpired:
        trouble = f"not finished after {LONGEST_S} s"
    if trouble:
        found.left_out[script, "all models"] = trouble
        return
    for kind, file in files.items():
        told: dict[str, Any] = json.loads(file.with_suffix(".json").read_text())
        file.with_suffix(".json").unlink()
        for title, money in told["credit"].items():
            found.credit[script, title, kind] = money
        for title, why in told["left_out"].items():
            found.left_out[script, title] = why
        if kind == "all" and "effects" in told:
            found.effects[script] = told["effects"]
        if kind == "person" and "Linear" in told["credit"]:
            found.rules[script] = told["credit"]["Linear"]


def misses_of_peers(credited: Credited, truth: "Truth") -> "list[Miss]":
    """Return the error of every package's model, by kind of orders, as `hearthline truth` does for ours."""
    from hearthline.cli._truth import miss_of

    return [
        miss_of(f"{script}:{title}", f"{title} ({SHORT[script]})", kind, money, truth)
        for (script, title, kind), money in credited.credit.items()
    ]


def alike(towns: Sequence[Credited]) -> str:
    """Return a table of how far packages are from ours where both do the same on the same paths.

    Largest difference over towns and channels: of removal effects of a first-order chain (0 to 1), and of
    linear touch as a part of all money.
    """
    rows = []
    for script, name in SHORT.items():
        effects = [
            _farthest(t.effects["hearthline"], t.effects[script]) for t in towns if script in t.effects
        ]
        rules = [
            _farthest(t.rules["hearthline"], t.rules[script]) / sum(t.rules["hearthline"].values())
            for t in towns
            if script in t.rules
        ]
        if effects or rules:
            rows.append([name, *(f"{max(some):.1e}" if some else "none" for some in (effects, rules))])
    heads = ["largest difference from ours", "removal effect of a channel", "linear, part of all money"]
    return markdown(heads, rows) + "\n"


def left_out(towns: Sequence[Credited]) -> str:
    """Return a line for each model of a package that credits nothing in some town, with what it says."""
    why: dict[tuple[str, str], list[str]] = {}
    for town in towns:
        for key, said in town.left_out.items():
            why.setdefault(key, []).append(said)
    return "\n".join(
        f"* {title} ({SHORT[script]}): no credit in {len(said)} of {len(towns)} towns; it says *{said[0]}*"
        for (script, title), said in why.items()
    )


def merged(rows: Sequence[tuple[str, str, Sequence[str]]]) -> list[list[str]]:
    """Return the rows of a table, one for all packages whose model of the same title has the same cells.

    Args:
        rows: the title of each model, its package (empty for ours), its cells.
    """
    found: dict[tuple[str, bool, tuple[str, ...]], list[str]] = {}
    for title, package, cells in rows:
        found.setdefault((title, bool(package), tuple(cells)), []).append(package)
    return [
        [f"{title} ({', '.join(packages)})" if theirs else title, *cells]
        for (title, theirs, cells), packages in found.items()
    ]


def _farthest(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    return max(abs(one.get(name, 0.0) - other.get(name, 0.0)) for name in one.keys() | other.keys())
