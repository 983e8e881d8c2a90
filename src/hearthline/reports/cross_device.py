"""Cross-device accuracy: how devices find home when their logins are hidden, on the home's own data."""

from typing import Any

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._intervals import wilson
from hearthline.reports._opening import opened
from hearthline.reports._reading import Row, min_homes, rows, run, table
from hearthline.schema import text
from hearthline.schema.figure import Column, Figure

POSITION = 92
SCREEN = "identity"
TITLE = "Cross-device accuracy"
QUESTION = "When nobody signs in, how often is a device brought to the right household?"
DEFINITION = (
    "Devices and browsers on which one login was seen are labels. For every third of them everything that "
    "names a person is hidden, and who is who is judged again. It was right if it came to somebody whose "
    "household is, with nothing hidden, that of the login. Precision = right / came to a household with a "
    "login. Recall = right / login hidden, and still seen elsewhere. Intervals (90%) are Wilson's over "
    "devices. Without such devices it is not measurable. Much data is sampled. For people who never sign in "
    "it may be worse."
)
COLUMNS = (
    Column("kind", "Device"),
    Column("labelled", "With one login", "count"),
    Column("hidden", "Login hidden", "count"),
    Column("joined", "Came to a household", "count"),
    Column("right", "To the right one", "count"),
    Column(
        "precision", "Precision", "share", low="precision_low", high="precision_high", n="joined", why="why"
    ),
    Column("recall", "Recall", "share", low="recall_low", high="recall_high", n="hidden", why="why"),
)
_COUNTS = ("labelled", "hidden", "joined", "right")
_CURE = (
    "Not measurable: a login has to be seen on a device and on something else, so that it is still seen "
    "there when it is hidden here."
)
_HIDDEN: dict[str, pa.DataType] = {}


def build(answer: Answer) -> Figure:
    """Return the report's figure."""
    found = rows(answer, "SELECT * FROM cross_device ORDER BY hidden DESC, kind")
    needed = min_homes(run(answer))
    whole: Row = {"kind": "All"} | {c: sum(r[c] for r in found) for c in _COUNTS}
    made = [_measured(row, needed) for row in [whole, *found]]
    return Figure(
        name="cross_device",
        title=_titled(made[0]),
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, _HIDDEN),
        notes=(*_notes(whole), *opened("cross_device", made)),
        chart=None,
        source=answer.source,
        currency=answer.currency,
    )


def _measured(row: Row, needed: int) -> Row:
    made: dict[str, Any] = dict(row)
    if not row["hidden"]:
        return made | {"why": "not measurable: no login was seen on this and on something else"}
    if row["hidden"] < needed:
        return made | {"why": f"{text.plural(row['hidden'], 'device')}, {needed} needed"}
    for name, of in (("precision", "joined"), ("recall", "hidden")):
        if row[of]:
            low, high = wilson(row["right"], row[of])
            made |= {name: row["right"] / row[of], f"{name}_low": low, f"{name}_high": high}
        else:
            made["why"] = "none came to a household"
    return made


def _titled(whole: Row) -> str:
    if "recall" not in whole:
        return "Cross-device accuracy is not measurable here" if not whole["hidden"] else TITLE
    right = text.share_interval(whole["recall"], whole["recall_low"], whole["recall_high"])
    return f"{right} of devices find the right household without a login"


def _notes(whole: Row) -> tuple[str, ...]:
    if whole["hidden"]:
        return ()
    return (_CURE,)
