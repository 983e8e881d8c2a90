"""Shares that signals computed, as reports show them: with both ends around the value, or with a reason."""

from collections.abc import Mapping
from typing import Any

from hearthline.reports._reading import Row
from hearthline.schema import text

__all__ = ["held", "too_few"]


def held(row: Mapping[str, Any], value: str, low: str, high: str) -> Row:
    """Return the share and its ends under their names, the ends no nearer than the value.

    >>> held({"s": 0.5, "a": 0.6, "b": 0.7}, "s", "a", "b")
    {'s': 0.5, 'a': 0.5, 'b': 0.7}
    """
    share = row[value]
    if share is None or row[low] is None or row[high] is None:
        return {value: None, low: None, high: None}
    return {value: share, low: min(row[low], share), high: max(row[high], share)}


def too_few(n: int, needed: int, one: str = "home") -> str:
    """Return why a share is not shown.

    >>> too_few(3, 30)
    '3 homes, 30 needed'
    """
    return f"{text.plural(n, one)}, {needed} needed"
