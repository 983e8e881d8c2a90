"""IoT conversion rate: of the homes that met the brand on a device, how many then ordered by hand."""

from collections.abc import Sequence

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._intervals import wilson
from hearthline.reports._opening import opened
from hearthline.reports._reading import Row, min_homes, rows, run, table
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 43
SCREEN = "devices"
TITLE = "IoT conversion rate"
QUESTION = "Of the homes that met the brand on a connected device, how many ordered by hand within 30 days?"
DEFINITION = (
    "Rate (% of homes) = homes with an IoT touch that placed an order by hand within 30 days after their "
    "first one / all homes with an IoT touch that were watched for those 30 days. An IoT touch is one on a "
    "speaker, display, television, appliance, wearable, vehicle, sensor or hub; heartbeats, readings and "
    "triggers are none. Window: first touches from the first day to 30 days before the last. Machine-placed "
    "orders and renewals never count. By kind of device: the first touch on that kind. The second share is "
    "that of homes whose first touch was elsewhere, by the same rule. Interval (90%): Wilson's over homes. "
    "Traps: it is no effect: homes with devices differ, and many would have ordered anyway; homes merged or "
    "split by identity move the denominator; a longer span catches more first touches of rare buyers."
)
COLUMNS = (
    Column("part", "Part"),
    Column("what", "First met on"),
    Column("homes", "Homes", "count"),
    Column("ordered", "Ordered by hand", "count"),
    Column("rate", "Rate", "share", "% of homes", low="low", high="high", n="homes", why="why"),
    Column("immature", "Too late to tell", "count", help="Homes first met in the last 30 days"),
)
IOT = ("speaker", "display", "tv", "appliance", "wearable", "vehicle", "car", "sensor", "hub", "button")
_BY = """
    WITH met AS (
      SELECT t.unit, {by} AS what, min(t.time_ms) AS first_ms
      FROM touches t JOIN touchpoints p USING (place) WHERE {which} GROUP BY ALL),
    ends AS (SELECT epoch_ms((max(last_day) + 1)::TIMESTAMP) AS last_ms FROM run),
    hand AS (SELECT unit, epoch_ms(time) AS at_ms FROM orders
             WHERE kind = 'person' AND unit IS NOT NULL AND coalesce(status, 'placed') = 'placed'),
    judged AS (
      SELECT m.unit, m.what, m.first_ms + 2592000000 <= e.last_ms AS watched,
        EXISTS (SELECT 1 FROM hand h WHERE h.unit = m.unit
                AND h.at_ms BETWEEN m.first_ms AND m.first_ms + 2592000000) AS ordered
      FROM met m CROSS JOIN ends e)
    SELECT what, count(*) FILTER (watched) AS homes, count(*) FILTER (watched AND ordered) AS ordered,
      count(*) FILTER (NOT watched) AS immature
    FROM judged GROUP BY what ORDER BY homes DESC, what"""
_NAMES = {"tv": "television", "vehicle": "car"}


def _listed() -> str:
    return ", ".join(f"'{kind}'" for kind in IOT)


def _rates(found: Sequence[Row], part: str, needed: int) -> list[Row]:
    made = []
    for row in found:
        row |= {"part": part, "what": _NAMES.get(row["what"], row["what"])}
        if row["homes"] < needed:
            row["why"] = f"{text.plural(row['homes'], 'home')}, {needed} needed"
        else:
            low, high = wilson(row["ordered"], row["homes"])
            row |= {"rate": row["ordered"] / row["homes"], "low": low, "high": high}
        made.append(row)
    return made


def build(answer: Answer) -> Figure:
    """Return the rate of all homes that met the brand on a device, by kind of device, and of others."""
    needed = min_homes(run(answer))
    iot = f"p.device_kind IN ({_listed()})"
    whole = rows(answer, _BY.format(by="'any connected device'", which=iot))
    kinds = rows(answer, _BY.format(by="p.device_kind", which=iot))
    other = rows(
        answer,
        _BY.format(
            by="'phone, browser or unknown'", which=f"coalesce(p.device_kind, '') NOT IN ({_listed()})"
        ),
    )
    made = _rates(whole, "All", needed)
    made += _rates(other, "For comparison, not as an effect", needed)
    made += _rates(kinds, "By kind of device", needed)
    title = TITLE
    if made and made[0].get("rate") is not None and made[0]["part"] == "All":
        said = text.share_interval(made[0]["rate"], made[0]["low"], made[0]["high"])
        title = f"{said} of homes that met the brand on a connected device ordered by hand within 30 days"
    drawn = [r for r in made if r.get("rate") is not None]
    data = {"what": pa.array([r["what"] for r in drawn], pa.string())}
    data |= {n: pa.array([r[n] for r in drawn], pa.float64()) for n in ("rate", "low", "high")}
    return Figure(
        name="iot_conversion",
        title=title,
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, {}),
        notes=(
            *(() if whole else ("No touch on a connected device in this data.",)),
            *opened("iot_conversion", made),
        ),
        chart=Chart(
            "intervals", label="what", value="rate", low="low", high="high", data=pa.table(data), title=TITLE
        ),
        source=answer.source,
        currency=answer.currency,
        group="part",
    )
