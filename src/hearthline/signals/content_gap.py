"""Content gap: what people ask with a wish to buy, and no intent, page or product of the brand answers."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from math import log
from typing import Any, Final

import pyarrow as pa

from hearthline.signals import Asked, Tables
from hearthline.signals._asks import ASKS
from hearthline.signals._columns import schema, sorted_by

__all__ = ["NEEDS", "OPTIONS", "PAPER", "READS", "TABLES", "TELLS", "TITLE", "derive"]

TITLE: Final = "Content gap"
TELLS: Final = (
    "Patterns of questions with a wish to buy, ranked by demand, with the intent, page or product of the "
    "brand that comes nearest, and whether it answers them."
)
PAPER: Final = "BM25 (Robertson & Zaragoza 2009) over the files of `[signals] content`"
READS: Final = {
    "asked": f"""
        SELECT coalesce(nullif(trim(lower(said)), ''), '') AS said, intent, min(id) AS id, count(*) AS asked,
          count(DISTINCT unit) AS homes,
          count(*) FILTER (misunderstood OR handled IS NOT DISTINCT FROM false) AS unhandled
        FROM ({ASKS}) WHERE commerce GROUP BY ALL""",
    "answers": "SELECT kind, name, text FROM content WHERE kind IN ('intent', 'page', 'product', 'slot')",
}
NEEDS: Final = ("mentions",)
TABLES: Final = {
    "content_gaps": schema(
        pattern=(
            pa.string(),
            "the question without numbers and small words; (brand): any brand named",
        ),
        example=(pa.string(), "words or slots of the most frequent one"),
        intent=(pa.string(), "what it was taken for most often"),
        asked=(pa.int64(), "times asked"),
        homes=(pa.int64(), "households that asked, counted for each wording"),
        unhandled=(pa.int64(), "times that the assistant said it could not handle it"),
        nearest=(pa.string(), "what comes nearest: kind and name; null: nothing does, or no files are given"),
        covered=(pa.float64(), "part of the question's weight in words that it has"),
        gap=(pa.bool_(), "whether it is a gap: less than half is covered, or it was mostly unhandled"),
        demand=(
            pa.float64(),
            "times asked in vain: asked x the part not covered, at least the unhandled ones",
        ),
    )
}
OPTIONS: Final = {"covered": 0.5}
_BRAND: Final = "(brand)"
_SMALL: Final = frozenset(
    [
        "a",
        "an",
        "and",
        "any",
        "are",
        "at",
        "be",
        "can",
        "could",
        "do",
        "does",
        "for",
        "from",
        "get",
        "give",
        "have",
        "how",
        "i",
        "in",
        "is",
        "it",
        "me",
        "my",
        "need",
        "of",
        "on",
        "or",
        "our",
        "please",
        "some",
        "the",
        "there",
        "these",
        "this",
        "to",
        "us",
        "want",
        "we",
        "what",
        "when",
        "where",
        "which",
        "with",
        "would",
        "you",
        "your",
        "buy",
        "order",
        "find",
        "show",
        "tell",
        "search",
        "many",
        "much",
    ]
)


def derive(seen: Tables, asked: Asked) -> Tables:
    """Return `content_gaps`, the most demanded first."""
    answers = _answers(seen["answers"])
    weight = _weights([words for *_, words in answers])
    patterns = _patterns(seen["asked"], _brands(seen["mentions"]))
    rows = [_row(pattern, found, answers, weight, asked) for pattern, found in patterns.items()]
    rows.sort(key=lambda r: (-r["demand"], -r["asked"], r["pattern"]))
    return {"content_gaps": pa.Table.from_pylist(rows, schema=TABLES["content_gaps"])}


def _stem(word: str) -> str:
    """Return the word without a plural or verbal end: enough to find 'capsules' under 'capsule'.

    >>> [_stem(w) for w in ("capsules", "batteries", "washing", "glass")]
    ['capsul', 'batteri', 'wash', 'glass']
    """
    for end in ("ing", "es", "ed", "s", "e"):
        if word.endswith(end) and len(word) - len(end) >= 4 and not word.endswith("ss"):
            return word[: -len(end)].rstrip("e")
    return word


def _plain(text: str) -> list[str]:
    """Return the words that tell something, as they were said."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return [w for w in re.findall(r"[^\W\d_]{2,}", spaced.lower()) if w not in _SMALL and w != "intent"]


def _words(text: str) -> list[str]:
    return [_stem(w) for w in _plain(text)]


def _brands(mentions: pa.Table) -> dict[str, str]:
    """Return the words that stand for a brand in each question, by its event's id."""
    return {
        row["id"]: row["words"].lower()
        for row in sorted_by(mentions, "id", "name").to_pylist()
        if row["kind"] == "brand"
    }


def _patterns(asked: pa.Table, brands: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """Return the questions by the words that they have in common; brands are alike."""
    out: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in asked.to_pylist():
        told = row["said"] or row["intent"]
        words = brands.get(row["id"])
        plain = told.replace(words, " ") if words else told
        named = [_BRAND] if words else []
        found = {"pattern": " ".join([*named, *_plain(plain)]) or told}
        out[" ".join([*named, *sorted(set(_words(plain)))]) or told].append(row | found)
    return out


def _answers(content: pa.Table) -> list[tuple[str, str, Counter[str]]]:
    """Return each answer's kind, name and words."""
    out = [
        (row["kind"], row["name"], Counter(_words(f"{row['name']} {row['text'] or ''}")))
        for row in content.to_pylist()
    ]
    return sorted(out, key=lambda a: (a[0], a[1], sorted(a[2].items())))


def _weights(documents: list[Counter[str]]) -> dict[str, float]:
    """Return each word's weight: rare words tell more."""
    seen = Counter(w for d in documents for w in d)
    n = len(documents)
    return {w: log(1 + (n - count + 0.5) / (count + 0.5)) for w, count in seen.items()}


def _row(
    pattern: str,
    found: list[dict[str, Any]],
    answers: list[tuple[str, str, Counter[str]]],
    weight: dict[str, float],
    asked: Asked,
) -> dict[str, Any]:
    found = sorted(found, key=lambda r: (-r["asked"], r["said"], r["intent"]))
    total, unhandled = sum(r["asked"] for r in found), sum(r["unhandled"] for r in found)
    best, part = _nearest([w for w in pattern.split() if w != _BRAND], answers, weight)
    vain = max(float(unhandled), total * (1 - part)) if answers else float(unhandled)
    return {
        "pattern": found[0]["pattern"],
        "example": found[0]["said"] or None,
        "intent": found[0]["intent"],
        "asked": total,
        "homes": sum(r["homes"] for r in found),
        "unhandled": unhandled,
        "nearest": best,
        "covered": part if answers else None,
        "gap": (part < asked.options["covered"] if answers else False) or unhandled * 2 > total,
        "demand": vain,
    }


def _nearest(
    words: list[str], answers: list[tuple[str, str, Counter[str]]], weight: dict[str, float]
) -> tuple[str | None, float]:
    """Return what has the most of the words' weight (ties: by BM25), and which part of it."""
    if not answers or not words:
        return None, 0.0
    most = log(1 + (len(answers) + 0.5) / 0.5)
    whole = sum(weight.get(w, most) for w in words)
    mean = sum(sum(d.values()) for *_, d in answers) / len(answers)

    def score(document: Counter[str]) -> tuple[float, float]:
        has = sum(weight[w] for w in words if w in document)
        length = sum(document.values()) / max(mean, 1)
        near = [
            weight[w] * document[w] * 2.2 / (document[w] + 1.2 * (0.25 + 0.75 * length))
            for w in words
            if w in document
        ]
        return has / whole, sum(near)

    kind, name, document = max(answers, key=lambda a: score(a[2]))
    part = score(document)[0]
    return (f"{kind} {name}", part) if part > 0 else (None, 0.0)
