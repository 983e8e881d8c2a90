"""Mentions: which brands and products are named by voice, also where they were misheard."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hearthline.signals import Asked, Tables
from hearthline.signals._asks import ASKS
from hearthline.signals._chances import ends_of
from hearthline.signals._columns import WHEN, Ints, made, schema, sorted_by
from hearthline.signals._matching import heard, threshold
from hearthline.signals._shares import confusion, noise_of, unmixed
from hearthline.signals._sounds import spelled

__all__ = ["NEEDS", "OPTIONS", "PAPER", "READS", "TABLES", "TELLS", "TITLE", "derive"]

TITLE: Final = "Mentions"
TELLS: Final = (
    "Which brands and products people name by voice, also where the assistant misheard them, and each one's "
    "share of voice, corrected for how often names are confused or missed."
)
PAPER: Final = (
    "weighted phonetic alignment (Kondrak 2003); threshold by decoys (Elias & Gygi 2007); shares by "
    "expectation-maximisation over the confusion matrix (Dempster, Laird & Rubin 1977)"
)
READS: Final = {
    "said": f"""
        SELECT id, unit, time, assistant, said FROM ({ASKS}) WHERE said IS NOT NULL AND unit IS NOT NULL""",
    "names": "SELECT DISTINCT kind, name FROM content WHERE kind IN ('brand', 'product', 'stop')",
}
NEEDS: Final = ()
TABLES: Final = {
    "mentions": schema(
        id=(pa.string(), "id of the event in which it was said"),
        unit=(pa.int64(), "key of the household"),
        time=(WHEN, "when (UTC)"),
        assistant=(pa.string(), "platform"),
        kind=(pa.string(), "brand or product"),
        name=(pa.string(), "the name, as in the list"),
        words=(pa.string(), "the words that were heard"),
        exact=(pa.bool_(), "whether it was written as it is"),
        likeness=(pa.float64(), "how much likelier the words are this name than another (log-odds scale)"),
    ),
    "share_of_voice": schema(
        kind=(pa.string(), "brand or product"),
        name=(pa.string(), "the name"),
        mentions=(pa.int64(), "mentions found"),
        exact=(pa.int64(), "of those, written as it is"),
        homes=(pa.int64(), "households that named it"),
        share=(pa.float64(), "share of the mentions found"),
        corrected=(pa.float64(), "share of what was said, corrected for confusion and misses"),
        low=(pa.float64(), "low end of its 90 % interval over households"),
        high=(pa.float64(), "high end"),
        recall=(pa.float64(), "chance that the name is found when it is said, at this noise"),
    ),
    "listening": schema(
        kind=(pa.string(), "brand or product"),
        utterances=(pa.int64(), "questions with words"),
        names=(pa.int64(), "names in the list"),
        threshold=(pa.float64(), "likeness from which a name counts as said"),
        false_rate=(pa.float64(), "rate of false mentions that the threshold is set to"),
        noise=(pa.float64(), "changed sounds for each sound of a name, estimated from the mentions"),
    ),
}
OPTIONS: Final = {"false_rate": 0.02, "draws": 60.0}
STOP: Final = frozenset(
    [
        "a",
        "add",
        "again",
        "an",
        "and",
        "any",
        "are",
        "at",
        "be",
        "buy",
        "by",
        "can",
        "cart",
        "could",
        "do",
        "does",
        "find",
        "for",
        "from",
        "get",
        "give",
        "go",
        "good",
        "have",
        "how",
        "i",
        "in",
        "is",
        "it",
        "list",
        "me",
        "more",
        "much",
        "my",
        "need",
        "no",
        "of",
        "off",
        "on",
        "open",
        "or",
        "order",
        "our",
        "please",
        "price",
        "put",
        "reorder",
        "same",
        "show",
        "some",
        "tell",
        "than",
        "thanks",
        "the",
        "there",
        "these",
        "this",
        "to",
        "up",
        "us",
        "want",
        "was",
        "we",
        "what",
        "when",
        "where",
        "which",
        "with",
        "would",
        "you",
        "your",
    ]
)
"""Words of questions that are no part of a name, unless a name in the list has them."""
_DECOYS_ARE_EASIER: Final = 0.2
"""Made-up names are heard this much less often where nobody said them than real ones are: names are like
words. Measured on tuning seeds of the benchmark, checked on others."""


def derive(seen: Tables, asked: Asked) -> Tables:
    """Return every mention, the share of voice of each name, and one row a list about how it was heard."""
    said = sorted_by(seen["said"], "time", "id")
    names = seen["names"]
    by_kind: dict[str, list[str]] = {"brand": [], "product": [], "stop": []}
    for kind, name in zip(names["kind"].to_pylist(), names["name"].to_pylist(), strict=True):
        if spelled(name):
            by_kind[kind].append(name)
    own = {w for n in (*by_kind["stop"], *by_kind["product"]) for w in n.lower().split()}
    parts = [
        _listened(said, "brand", sorted(set(by_kind["brand"])), STOP | own, asked),
        _listened(said, "product", sorted(set(by_kind["product"])), STOP, asked),
    ]
    return {name: pa.concat_tables([p[name] for p in parts]) for name in TABLES}


@dataclass(frozen=True, slots=True)
class _Found:
    """Mentions: number of the name, the words, whether they are exact, and the household."""

    which: Ints
    words: list[str]
    exact: NDArray[np.bool_]
    unit: Ints


def _shares(names: list[str], found: _Found, least: float, draws: int) -> tuple[pa.Table, float]:
    """Return the share of voice of each name that was found, and the noise that the mentions show."""
    k = len(names)
    noise = noise_of(names, found.which, found.words)
    chances = confusion(names, noise, least)
    _, home = np.unique(found.unit, return_inverse=True)
    homes = int(home.max()) + 1 if len(home) else 0
    counts = np.bincount(found.which, minlength=k).astype(np.float64)
    said = unmixed(counts, chances)
    random, drawn = np.random.default_rng(5), []
    for _ in range(draws):
        weight = np.bincount(random.integers(0, homes, homes), minlength=homes)[home] if homes else home
        again = unmixed(np.bincount(found.which, weights=weight, minlength=k).astype(np.float64), chances, 60)
        drawn.append(again / max(again.sum(), 1e-9))
    ends = ends_of(np.array(drawn))
    rows = np.flatnonzero(counts)
    rows = rows[np.lexsort((rows, -said[rows]))]
    seen = np.unique(np.stack([found.which, home], axis=1), axis=0)[:, 0] if homes else found.which
    table = made(
        TABLES["share_of_voice"],
        {
            "kind": pa.nulls(len(rows), pa.string()),
            "name": pa.array([names[i] for i in rows.tolist()], pa.string()),
            "mentions": counts[rows].astype(np.int64),
            "exact": np.bincount(found.which[found.exact], minlength=k)[rows],
            "homes": np.bincount(seen, minlength=k)[rows],
            "share": counts[rows] / max(counts.sum(), 1.0),
            "corrected": said[rows] / max(said.sum(), 1e-9),
            "low": ends[0][rows],
            "high": ends[1][rows],
            "recall": chances.diagonal()[rows],
        },
    )
    return table, noise


def _listened(
    said: pa.Table, kind: str, names: list[str], stop: frozenset[str], asked: Asked
) -> dict[str, pa.Table]:
    utterances: list[str] = said["said"].to_pylist()
    about: dict[str, Any] = {
        "kind": [kind],
        "utterances": [len(utterances)],
        "names": [len(names)],
        "false_rate": [asked.options["false_rate"]],
        "threshold": np.array([np.nan]),
        "noise": np.array([np.nan]),
    }
    if not utterances or not names:
        empty = {n: TABLES[n].empty_table() for n in ("mentions", "share_of_voice")}
        return empty | {"listening": made(TABLES["listening"], about)}
    stop = stop - {w for n in names for w in n.lower().split()}
    least = threshold(utterances, names, stop, asked.options["false_rate"] * _DECOYS_ARE_EASIER)
    found = heard(utterances, names, stop)
    rows = np.flatnonzero(found.likeness >= least)
    which = found.name[rows]
    words = [found.words[i] for i in rows.tolist()]
    exact = np.array([spelled(w) == spelled(names[i]) for w, i in zip(words, which.tolist(), strict=True)])
    exact = exact.astype(np.bool_)
    at = pa.array(rows)
    plain = {n: said[n].take(at).combine_chunks() for n in ("id", "unit", "time", "assistant")}
    mentions = made(
        TABLES["mentions"],
        plain
        | {
            "kind": pa.array([kind] * len(rows), pa.string()),
            "name": pa.array([names[i] for i in which.tolist()], pa.string()),
            "words": pa.array(words, pa.string()),
            "exact": pa.array(exact.tolist(), pa.bool_()),
            "likeness": found.likeness[rows].astype(np.float64),
        },
    )
    unit = np.asarray(plain["unit"].to_numpy(zero_copy_only=False), dtype=np.int64)
    shares, noise = _shares(names, _Found(which, words, exact, unit), least, int(asked.options["draws"]))
    shares = shares.set_column(
        0, TABLES["share_of_voice"].field("kind"), pa.array([kind] * len(shares), pa.string())
    )
    about |= {"threshold": np.array([least]), "noise": np.array([noise])}
    return {"mentions": mentions, "share_of_voice": shares, "listening": made(TABLES["listening"], about)}
