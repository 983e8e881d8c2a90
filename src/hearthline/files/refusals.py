"""Why a row was refused, and what its owner can do: the words of every reject that a file can give."""

import re
from dataclasses import dataclass

__all__ = ["REASONS", "Reason", "shown"]


@dataclass(frozen=True)
class Reason:
    """What was wrong in words, and the cure. `{field}`, `{got}` and `{column}` are filled in."""

    wrong: str
    cure: str


REASONS = {
    "no-zone": Reason(
        "`{column}` has no time zone; got {got}",
        "say whose clock it is: --map tz=Europe/Berlin, or write the zone, as in 2026-03-01T09:00:00+01:00",
    ),
    "bad-time": Reason(
        "`{column}` is no time; got {got}", "write it as 2026-03-01T09:00:00+01:00 or as seconds since 1970"
    ),
    "ambiguous-day": Reason(
        "`{column}` could begin with the day or with the month; got {got}",
        "say which: --map dates=day-first or --map dates=month-first",
    ),
    "implausible-time": Reason(
        "`{column}` lies before 2000 or more than a day ahead; got {got}",
        "correct the clock or the unit of the number",
    ),
    "missing-time": Reason("`{column}` is empty", "give the time, or leave the row out"),
    "missing-event": Reason("`{column}` is empty", "name what happened, or leave the row out"),
    "missing-order-id": Reason(
        "`{column}` is empty", "give the order's number: without one it cannot be told from others"
    ),
    "missing-amount": Reason("`{column}` is empty", "give the amount; write 0 for a free order"),
    "bad-number": Reason("`{column}` is no number; got {got}", "write it as 1234.56"),
    "ambiguous-number": Reason(
        "`{column}` could be read two ways; got {got}",
        "say which sign ends the whole part: --map decimal=comma or --map decimal=point",
    ),
    "negative-amount": Reason(
        "`{column}` is negative; got {got}",
        "a refund names its order in a column refund_of; correct other amounts",
    ),
    "unknown-currency": Reason(
        "`{column}` is no currency; got {got}", "write the ISO 4217 code, such as EUR"
    ),
    "missing-currency": Reason("`{column}` is empty", "write the ISO 4217 code, such as EUR"),
    "missing-channel": Reason("`{column}` is empty", "name the channel as in your events"),
    "missing-refund-of": Reason("a refund without its order", "name the order in `order_id` or `refund_of`"),
    "several-totals": Reason(
        "the order stands on several rows that differ in `{column}`; got {got}",
        "name what tells its lines apart, a product or a number: --map product=COLUMN, and they add up; "
        "or, if one row is the order, leave out the others",
    ),
    "refused-line": Reason(
        "another line of the same order was refused", "mend that line: an order counts whole or not at all"
    ),
    "ragged-row": Reason(
        "{got} columns where the header has {column}",
        "put quotes around text that holds the delimiter, or mend the row",
    ),
    "broken-quotes": Reason(
        "quotes do not pair up, or a bare carriage return stands inside the row",
        'begin and end the text with one quote and double those inside: "12"" speaker"',
    ),
    "too-long": Reason(
        "the row is longer than 1 MiB; got {got} bytes", "look for a quote that is not closed"
    ),
    "not-utf8": Reason(
        "bytes that are no UTF-8", "save the file as UTF-8, or name its encoding: --map encoding=latin-1"
    ),
    "nul-byte": Reason("a NUL byte", "export the row again; the file was damaged or is binary"),
    "bad-json": Reason("the line is no JSON object", "write one object a line, as in NDJSON"),
}
"""Every reason for which a row of a file is refused."""


def shown(value: str | None) -> str:
    """Return a value as a message may show it: numbers, times and short codes; else only its shape.

    What is shown is never a name, an address or a telephone number by mistake of a shifted column.

    >>> shown("2026-03-01 10:00"), shown("1.234,5"), shown("EURO"), shown("+49 151 23456789")
    ("'2026-03-01 10:00'", "'1.234,5'", "'EURO'", 'text such as +99 999 99999999')
    """
    if value is None:
        return "nothing"
    time = re.fullmatch(r"\d{2,4}[-/.]\d\d?[-/.]\d{2,4}[T ]?[\d:.,]*[ ]?[+-]?[\d:]*Z?", value)
    number = re.fullmatch(r"[-+]?[\d.,]{1,20}", value) and not value.startswith("+")
    if len(value) <= 40 and (time or number or re.fullmatch(r"[A-Za-z]{1,4}", value)):
        return repr(value)
    shape = re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", value[:40]))
    return f"text such as {shape}"
