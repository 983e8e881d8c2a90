"""The currency that a column's name carries."""

import re

from hearthline.schema.currencies import CODES

__all__ = ["CODES", "named_in"]


def named_in(header: str) -> str | None:
    """Return the currency code that a column's name carries, or None.

    >>> named_in("Amount spent (USD)"), named_in("total_eur"), named_in("all")
    ('USD', 'EUR', None)
    """
    found = re.search(r"(?:\(([A-Za-z]{3})\)|[_ -]([A-Za-z]{3}))\s*$", header)
    code = (found[1] or found[2]).upper() if found else ""
    return code if code in CODES and code != "ALL" else None
