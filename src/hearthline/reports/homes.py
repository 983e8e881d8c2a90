"""The homes behind the numbers: how large, how many devices, what they share, how they were found."""

from collections.abc import Sequence

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._intervals import wilson
from hearthline.reports._reading import Row, min_homes, rows, run, table
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 90
SCREEN = "identity"
TITLE = "Homes"
QUESTION = "Which homes and devices were found, how were they put together, and what do they share?"
DEFINITION = (
    "A home is a household as identity resolution found it; persons are those that could be told apart in "
    "it, and 0 means none could. A device is shared when more than one person of its home may have used it, "
    "or when it was seen in more than one home; a shared device never becomes one person. Links are the "
    "evidence that two identifiers belong together, by rule; demoted links were set aside by a conflict or "
    "a limit and are kept. Intervals (90%) are Wilson's over homes."
)
COLUMNS = (
    Column("part", "Part"),
    Column("what", "What"),
    Column("homes", "Homes", "count"),
    Column("share", "Share of homes", "share", low="share_low", high="share_high", n="homes", why="why"),
    Column("devices", "Devices", "count"),
    Column("several_homes", "In several homes", "count"),
    Column("events", "Events", "count"),
    Column("links", "Links", "count"),
    Column("state", "State"),
)
_HIDDEN = {"order": pa.int64()}


def _sizes(answer: Answer, column: str, part: str, noun: str, several: str) -> list[Row]:
    """Return the number of homes by their number of persons or devices, 5 and more together."""
    sql = f"""SELECT least(coalesce({column}, 0), 5)::BIGINT AS "order", count(*) AS homes,
                     sum(events)::BIGINT AS events FROM households GROUP BY 1 ORDER BY 1"""
    found = rows(answer, sql)
    for row in found:
        many = "5 or more" if row["order"] == 5 else str(row["order"])
        row |= {"part": part, "what": f"{many} {noun if row['order'] == 1 else several}"}
    return found


def _shared(found: Sequence[Row], whole: int, needed: int) -> list[Row]:
    made = []
    for row in found:
        if whole < needed:
            made.append(row | {"why": f"{text.plural(whole, 'home')}, {needed} needed"})
        else:
            low, high = wilson(row["homes"], whole)
            made.append(row | {"share": row["homes"] / whole, "share_low": low, "share_high": high})
    return made


def _devices(answer: Answer) -> list[Row]:
    sql = """WITH one AS (SELECT device, coalesce(any_value(kind), 'unknown') AS kind,
                                 count(DISTINCT unit) AS units, sum(events) AS events
                          FROM devices GROUP BY device),
                  seen AS (SELECT coalesce(kind, 'unknown') AS kind, count(DISTINCT unit) AS homes
                           FROM devices GROUP BY 1)
             SELECT kind AS what, any_value(homes) AS homes, count(*) AS devices,
                    sum(events)::BIGINT AS events, count(*) FILTER (units > 1) AS several_homes
             FROM one JOIN seen USING (kind) GROUP BY kind ORDER BY devices DESC, what"""
    return [r | {"part": "Devices"} for r in rows(answer, sql)]


def _links(answer: Answer) -> list[Row]:
    sql = """SELECT coalesce(rule, kind, 'unknown') AS what, state, count(*) AS links FROM links
             GROUP BY ALL ORDER BY links DESC, what, state"""
    return [r | {"part": "How homes were put together"} for r in rows(answer, sql)]


def _used_together(answer: Answer) -> int:
    """Return how many devices are in homes with more than one known person."""
    sql = """SELECT count(DISTINCT d.device) AS n
             FROM devices d JOIN households h USING (unit) WHERE h.persons > 1"""
    return int(rows(answer, sql)[0]["n"])


def build(answer: Answer) -> Figure:
    """Return homes by persons and devices, devices by kind, and links by rule."""
    (size,) = rows(answer, "SELECT count(*) AS homes FROM households")
    whole, needed = size["homes"], min_homes(run(answer))
    persons = _sizes(answer, "persons", "Persons in a home", "person", "persons")
    devices = _sizes(answer, "devices", "Devices in a home", "device", "devices")
    kinds = _devices(answer)
    made = [*_shared([*persons, *devices], whole, needed), *kinds, *_links(answer)]
    notes = [] if whole else ["No homes: no event names a household, an account or a device."]
    together = _used_together(answer)
    if together:
        notes.append(f"{text.plural(together, 'device')} may be used by several persons of their home.")
    several = sum(r["several_homes"] for r in kinds)
    if several:
        notes.append(f"{text.plural(several, 'device')} moved or are shared between homes.")
    count = sum(r["devices"] for r in kinds)
    title = f"{text.plural(whole, 'home')} with {text.plural(count, 'device')}" if whole else TITLE
    drawn = [r for r in made if r["part"] == "Devices in a home"]
    return Figure(
        name="homes",
        title=title,
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, _HIDDEN),
        notes=tuple(notes),
        chart=Chart(
            "bars",
            label="what",
            value="homes",
            title="Homes by number of devices",
            data=pa.table(
                {
                    "what": pa.array([r["what"] for r in drawn], pa.string()),
                    "homes": pa.array([r["homes"] for r in drawn], pa.int64()),
                }
            ),
        ),
        source=answer.source,
        currency=answer.currency,
        group="part",
    )
