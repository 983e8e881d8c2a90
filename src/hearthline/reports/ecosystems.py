"""Smart-home ecosystem penetration: who has which devices, and which combinations go with value."""

from collections.abc import Sequence

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._intervals import RATIO_SUMS, ratio, wilson
from hearthline.reports._opening import opened
from hearthline.reports._reading import Row, min_homes, rows, run, table
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 42
SCREEN = "devices"
TITLE = "Smart-home ecosystem penetration"
QUESTION = "How many customer homes have a connected home, of what, and which combinations go with value?"
DEFINITION = (
    "Penetration (%) = customer homes with a connected device active in the last 28 days / all customer "
    "homes. A customer home ordered in the last 365 days. Active = an event of it, linked is not enough; "
    "connected = speaker, display, television, appliance, wearable, vehicle, sensor or hub. Breadth = mean "
    "kinds of connected device in homes that have one. A platform is the system that events came through; "
    "a home on several is joined across brands. Value = net revenue of an average home in 28 days, over the "
    "days of the data. Intervals (90%) treat homes as the sample: Wilson's for shares, of a ratio for value. "
    "Traps: homes with more devices differ in size and income, so value beside a combination is no effect of "
    "it; devices that identity cannot place split a home in two; guests' devices; one device may reach us "
    "through two platforms."
)
COLUMNS = (
    Column("part", "Part"),
    Column("what", "What"),
    Column("homes", "Homes", "count"),
    Column("of", "Of homes", "count"),
    Column("share", "Share", "share", "% of homes", low="low", high="high", n="of", why="why"),
    Column("value", "Value of a home in 28 days", "number", low="value_low", high="value_high"),
    Column("breadth", "Kinds of device", "number"),
)
IOT = ("speaker", "display", "tv", "appliance", "wearable", "vehicle", "car", "sensor", "hub", "button")
_NAMES = {"tv": "television", "vehicle": "car"}
_KINDS = ", ".join(f"'{kind}'" for kind in IOT)
_BASE = f"""
    WITH ends AS (SELECT max(last_day) AS last,
                    greatest(date_diff('day', min(first_day), max(last_day)) + 1, 1) AS days FROM run),
    customers AS (
      SELECT o.unit, sum(coalesce(o.net, 0))::DOUBLE AS net FROM orders o CROSS JOIN ends
      WHERE o.unit IS NOT NULL AND coalesce(o.status, 'placed') = 'placed' AND o.day > ends.last - 365
      GROUP BY o.unit),
    devices_on AS (
      SELECT DISTINCT d.unit, d.kind FROM devices d CROSS JOIN ends
      WHERE d.kind IN ({_KINDS}) AND d.last::DATE > ends.last - 28
      UNION
      SELECT t.unit, p.device_kind FROM touches t JOIN touchpoints p USING (place) CROSS JOIN ends
      WHERE p.device_kind IN ({_KINDS}) AND make_timestamp(t.time_ms * 1000)::DATE > ends.last - 28),
    sets AS (
      SELECT c.unit, c.net * 28 / ends.days AS net,
        coalesce(list_sort(list(d.kind) FILTER (d.kind IS NOT NULL)), []) AS kinds
      FROM customers c CROSS JOIN ends LEFT JOIN devices_on d USING (unit)
      GROUP BY c.unit, c.net, ends.days)"""
_VALUE = "net AS x, 1.0 AS y"
_WHOLE = (
    _BASE
    + """ SELECT count(*) AS "of", count(*) FILTER (len(kinds) > 0) AS homes,
      avg(len(kinds)) FILTER (len(kinds) > 0) AS breadth FROM sets"""
)
_GROUPED = (
    _BASE
    + f""", told AS (SELECT {{what}} AS what, {_VALUE} FROM sets {{where}})
    SELECT what, count(*) AS homes, {RATIO_SUMS} FROM told
    GROUP BY what ORDER BY homes DESC, what LIMIT 15"""
)
_PLATFORMS = """
    WITH seen AS (
      SELECT DISTINCT m.unit, split_part(e.source, '/', 3) AS platform
      FROM events e JOIN members m ON m.identity = e.identity
        AND epoch_ms(e.time) >= m.valid_from_ms AND epoch_ms(e.time) < m.valid_to_ms
      WHERE e.layer IN ('device', 'platform') AND m.unit IS NOT NULL),
    sets AS (SELECT unit, list_sort(list(platform)) AS platforms FROM seen
             WHERE unit IN (SELECT unit FROM orders WHERE coalesce(status, 'placed') = 'placed')
             GROUP BY unit)
    SELECT array_to_string(platforms, ' + ') AS what, count(*) AS homes, sum(count(*)) OVER ()::BIGINT AS "of"
    FROM sets GROUP BY platforms ORDER BY homes DESC, what LIMIT 10"""
_PEOPLE = """
    WITH homes AS (SELECT unit, count(DISTINCT person) AS people FROM members
                   WHERE unit IN (SELECT unit FROM orders) GROUP BY unit)
    SELECT CASE WHEN people < 2 THEN 'one person known, or none' WHEN people = 2 THEN 'two'
      ELSE 'three or more' END AS what, count(*) AS homes, sum(count(*)) OVER ()::BIGINT AS "of"
    FROM homes GROUP BY what ORDER BY homes DESC"""


def _share(row: Row, whole: int, needed: int) -> Row:
    row |= {"of": whole}
    if whole < needed:
        return row | {"why": f"{text.plural(whole, 'home')}, {needed} needed"}
    low, high = wilson(row["homes"], whole)
    return row | {"share": row["homes"] / whole, "low": low, "high": high}


def _valued(row: Row, needed: int) -> Row:
    found = ratio(row) if row["homes"] >= needed else None
    return row | dict(zip(("value", "value_low", "value_high"), found, strict=True)) if found else row


def _grouped(answer: Answer, part: str, what: str, whole: int, needed: int) -> list[Row]:
    where = "" if "combination" in part or "number" in part else ", UNNEST(kinds) AS u(kind)"
    found = rows(answer, _GROUPED.format(what=what, where=where))
    return [_valued(_share(_named(r) | {"part": part}, whole, needed), needed) for r in found]


def _named(row: Row) -> Row:
    said = " + ".join(_NAMES.get(w, w) for w in str(row["what"]).split(" + "))
    return row | {"what": said or "no connected device"}


def _plain(found: Sequence[Row], part: str, needed: int) -> list[Row]:
    return [_share(r | {"part": part}, r["of"], needed) for r in found]


def build(answer: Answer) -> Figure:
    """Return penetration, kinds of device, numbers of kinds, combinations, platforms and people."""
    needed = min_homes(run(answer))
    (whole,) = rows(answer, _WHOLE) or [{"of": 0, "homes": 0, "breadth": None}]
    made: list[Row] = []
    if whole["of"]:
        first = {"part": "Penetration", "what": "Customer homes with an active connected device"}
        made.append(_share(whole | first, whole["of"], needed))
        made += _grouped(answer, "By kind of device", "u.kind", whole["of"], needed)
        made += _grouped(answer, "By number of kinds", "len(kinds)::VARCHAR", whole["of"], needed)
        combined = "coalesce(array_to_string(kinds, ' + '), '')"
        made += _grouped(answer, "Most frequent combinations", combined, whole["of"], needed)
        made += _plain(rows(answer, _PLATFORMS), "Platforms that a home is heard through", needed)
        made += _plain(rows(answer, _PEOPLE), "People in a home", needed)
    title = TITLE
    if made and made[0].get("share") is not None:
        said = text.share_interval(made[0]["share"], made[0]["low"], made[0]["high"])
        title = f"{said} of customer homes have a connected device that is active"
        if whole["breadth"]:
            title += f", of {whole['breadth']:.1f} kinds on average"
    drawn = [r for r in made if r["part"] == "By kind of device" and r.get("share") is not None]
    data = {"what": pa.array([r["what"] for r in drawn], pa.string())}
    data |= {n: pa.array([r[n] for r in drawn], pa.float64()) for n in ("share", "low", "high")}
    return Figure(
        name="ecosystems",
        title=title,
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, {}),
        notes=(
            *(() if made else ("No customer home in this data: connect the shop and its devices.",)),
            *opened("ecosystems", made),
        ),
        chart=Chart(
            *("intervals",),
            label="what",
            value="share",
            low="low",
            high="high",
            data=pa.table(data),
            title="Customer homes with an active device of a kind, with the 90% interval",
        ),
        source=answer.source,
        currency=answer.currency,
        group="part",
    )
