"""Who leads, said only as far as the intervals allow: shared ranks, findings in words."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from hearthline.reports import Answer
from hearthline.reports._intervals import overlaps
from hearthline.reports._reading import LAST, Row, rows
from hearthline.reports._words import BASELINE
from hearthline.schema import text

__all__ = ["finding", "ranks", "shares"]


def shares(answer: Answer, where: str = "true") -> list[Row]:
    """Return the shares of the models that gave an answer, largest amount of the default model first.

    A share of too few homes is None, with the reason in `why`.
    """
    sql = f"""
        WITH lead AS (SELECT s.channel, s.kind, s.amount FROM shares s JOIN models m USING (model)
                      WHERE m.is_default)
        SELECT s.model, m.title, s.kind, s.channel, s.amount::DECIMAL(24, 6) AS amount,
               s.low::DECIMAL(24, 6) AS low, s.high::DECIMAL(24, 6) AS high,
               s.share::DOUBLE AS share, s.share_low::DOUBLE AS share_low, s.share_high::DOUBLE AS share_high,
               s.homes, coalesce(s.enough, false) AS enough, m.is_default
        FROM shares s JOIN models m USING (model) LEFT JOIN lead l USING (channel, kind)
        WHERE m.state = 'ok' AND ({where})
        ORDER BY s.channel = '{BASELINE}', l.amount DESC NULLS LAST, s.channel,
                 m.is_default DESC, s.model <> '{LAST}', m.title"""
    found = rows(answer, sql)
    for row in found:
        if not row["enough"]:
            row["share"] = row["share_low"] = row["share_high"] = None
    return found


def _ends(row: Row) -> tuple[float, float]:
    return row["share_low"], row["share_high"]


def _ranked(found: Sequence[Row]) -> list[Row]:
    return [r for r in found if r["channel"] != BASELINE and r["share_low"] is not None]


def ranks(found: Sequence[Row]) -> dict[str, str]:
    """Return each channel's rank by share; `1–2` where overlapping intervals leave it open.

    Baseline and channels of too few homes have none. Cost is n log n.

    >>> a = {"channel": "tv", "share": 0.5, "share_low": 0.45, "share_high": 0.55}
    >>> b = {"channel": "web", "share": 0.4, "share_low": 0.38, "share_high": 0.46}
    >>> c = {"channel": "mail", "share": 0.1, "share_low": 0.08, "share_high": 0.12}
    >>> ranks([a, b, c])
    {'tv': '1–2', 'web': '1–2', 'mail': '3'}
    """
    known = _ranked(found)
    lows, highs = sorted(r["share_low"] for r in known), sorted(r["share_high"] for r in known)
    places = {}
    for row in known:
        first = len(known) - bisect_right(lows, row["share_high"]) + 1
        last = len(known) - bisect_left(highs, row["share_low"])
        places[row["channel"]] = str(first) if first == last else f"{first}–{last}"
    return places


def _said(row: Row) -> str:
    return f"{row['channel']} {text.share_interval(row['share'], *_ends(row))}"


def finding(found: Sequence[Row], of: str, by: str) -> str | None:
    """Return who earned most as a sentence, from the shares of the model `by`; None where none can be.

    Channels whose intervals overlap with the first one's are said to lead together.

    >>> a = {"channel": "tv", "share": 0.5, "share_low": 0.45, "share_high": 0.55}
    >>> finding([a], "revenue", "Linear")
    'tv earned 50% (45–55) of revenue (Linear)'
    """
    known = sorted(_ranked(found), key=lambda r: (-r["share"], r["channel"]))
    if not known or known[0]["share_low"] <= 0:
        return None
    lead = [r for r in known if overlaps(_ends(r), _ends(known[0]))]
    if len(lead) > 3:
        return f"No channel clearly leads {of}: the intervals of {len(lead)} overlap ({by})"
    if len(lead) > 1:
        return f"{' and '.join(_said(r) for r in lead)} lead {of} together ({by})"
    first = f"{known[0]['channel']} earned {text.share_interval(known[0]['share'], *_ends(known[0]))} of {of}"
    return f"{first}, more than any other channel ({by})" if len(known) > 1 else f"{first} ({by})"
