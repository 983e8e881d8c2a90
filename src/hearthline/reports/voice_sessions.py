"""Voice sessions: where they break between question and order, what is asked in vain, who comes back."""

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.reports._ends import held, too_few
from hearthline.reports._intervals import wilson
from hearthline.reports._opening import opened
from hearthline.reports._reading import Row, min_homes, rows, run, table
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 45
SCREEN = "devices"
TITLE = "Voice sessions"
QUESTION = (
    "Where do voice sessions break, what is asked in vain, who comes back, and does an assistant do better?"
)
DEFINITION = (
    "A session is what the platform calls one, else questions on a device less than half an hour apart. "
    "Understood = with a question that was not taken for the fallback. Handled (% of sessions of which the "
    "platform says so) = with something done; not told is not zero. Offered = followed within 30 minutes by "
    "an offer, cart or purchase begun by voice; ordered = by an order confirmed by voice; elsewhere = "
    "within 24 hours by an order by hand on another device. Asked in vain = questions not understood or not "
    "handled; misheard = of those, asked anew within two minutes. Retention (% of homes) = homes with a "
    "session in week k after their first / homes seen through that week. Difference = share of one "
    "assistant less that of another. Window: all data. Intervals (90%): Wilson's over sessions or homes, "
    "differences over homes, marked as clear where no difference has a chance below 10% with all "
    "comparisons read together (Holm). Traps: re-prompts are sessions on some platforms; test traffic "
    "counts; assistants serve different homes."
)
COLUMNS = (
    Column("part", "Part"),
    Column("what", "What"),
    Column("sessions", "Sessions", "count"),
    Column("homes", "Homes", "count"),
    Column("understood", "Understood", "count"),
    Column("handled", "Handled", "share", "% of told", low="low", high="high", n="told", why="why"),
    Column("told", "Told", "count", help="Sessions of which the platform says whether they were handled"),
    Column("offered", "Offered", "count"),
    Column("ordered", "Ordered by voice", "count"),
    Column("elsewhere", "Ordered elsewhere", "count"),
    Column("vain", "In vain", "count"),
    Column("misheard", "Misheard", "count"),
    Column("kept", "Came back", "share", "% of homes",
           low="kept_low", high="kept_high", n="homes", why="kept_why"),
    Column("verdict", "Verdict"),
)  # fmt: skip
_FUNNEL = "SELECT * FROM voice_funnel ORDER BY part <> 'all', part, sessions DESC, what"
_DEMAND = """
    SELECT intent || CASE WHEN said = '(not told)' THEN '' ELSE ': ' || said END AS what, asked, homes,
      unhandled AS vain, repeated AS misheard
    FROM voice_demand WHERE unhandled > 0 ORDER BY vain DESC, asked DESC, what, assistant LIMIT 40"""
_STEPS = (
    ("sessions", "Asked"),
    ("understood", "Understood"),
    ("handled_n", "Handled"),
    ("offered", "Offered"),
)


def _funnel(answer: Answer, needed: int) -> list[Row]:
    made = []
    for row in rows(answer, _FUNNEL):
        part = "All" if row["part"] == "all" else f"By {row['part']}"
        done, told = min(row["handled"], row["told"]), row["told"]
        out = row | {"part": part, "handled_n": done, "handled": None, "kept_why": "see weeks below"}
        if told < needed:
            out["why"] = "the platform does not say" if not told else too_few(told, needed, "session")
        else:
            low, high = wilson(done, told)
            out |= {"handled": done / told, "low": low, "high": high}
        made.append(out)
    return made


def _weeks(answer: Answer, needed: int) -> list[Row]:
    made = []
    for row in rows(answer, "SELECT * FROM voice_retention ORDER BY week"):
        ends = held(row, "share", "low", "high")
        out = {"part": "Weeks after the first session", "what": f"week {row['week']}", "homes": row["homes"]}
        if row["homes"] < needed:
            out["kept_why"] = too_few(row["homes"], needed)
        else:
            out |= dict(zip(("kept", "kept_low", "kept_high"), ends.values(), strict=True))
        made.append(out | {"why": "see the funnel above"})
    return made


def _compared(answer: Answer) -> list[Row]:
    made = []
    for row in rows(answer, "SELECT * FROM voice_comparison ORDER BY measure, one, other"):
        low, high = min(row["low"], row["difference"]), max(row["high"], row["difference"])
        span = f"{text.points(row['difference'])} (between {text.points(low)} and {text.points(high)})"
        clear = "clear" if row["p"] < 0.1 else "no clear difference"
        made.append({
            "part": "Assistants compared", "what": f"{row['measure']}: {row['one']} less {row['other']}",
            "homes": row["homes"], "verdict": f"{span}, {clear}",
            "why": "see the verdict", "kept_why": "see the verdict",
        })  # fmt: skip
    return made


def build(answer: Answer) -> Figure:
    """Return the funnel, unanswered demand, retention by week, and assistants compared."""
    needed = min_homes(run(answer))
    funnel = _funnel(answer, needed)
    blank = {"why": "of single questions", "kept_why": "of single questions"}
    demand = [r | {"part": "Asked in vain"} | blank for r in rows(answer, _DEMAND)]
    made = [*funnel, *demand, *_weeks(answer, needed), *_compared(answer)]
    whole = next((r for r in funnel if r["part"] == "All"), None)
    notes = []
    if whole is None:
        notes.append("No voice session in this data: connect the voice skill (`hearthline sources`).")
    elif not whole["told"]:
        notes.append(
            "No platform says whether it could answer: what was asked in vain is not known, not zero."
        )
    steps = [(name, whole[key]) for key, name in _STEPS if whole[key] or key != "handled_n"] if whole else []
    steps += [("Ordered by voice", whole["ordered"])] if whole else []
    title = TITLE
    if whole:
        ordered, elsewhere = (text.count(whole[n]) for n in ("ordered", "elsewhere"))
        said = f"{ordered} ended in an order by voice, {elsewhere} elsewhere"
        title = f"Of {text.plural(whole['sessions'], 'voice session')} {said}"
    return Figure(
        name="voice_sessions",
        title=title,
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, {}),
        notes=(*notes, *opened("voice_sessions", made)),
        chart=Chart(
            "bars",
            label="step",
            value="sessions",
            data=pa.table({"step": pa.array([s for s, _ in steps], pa.string()),
                           "sessions": pa.array([n for _, n in steps], pa.int64())}),
            title="Sessions from question to order",
        ),
        source=answer.source,
        currency=answer.currency,
        group="part",
    )  # fmt: skip
