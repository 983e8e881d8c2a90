"""Voice commerce engagement rate: voice sessions in which a question about products or orders was handled."""

from hearthline.reports import Answer
from hearthline.reports._ends import held, too_few
from hearthline.reports._intervals import Z90, wilson
from hearthline.reports._opening import opened
from hearthline.reports._reading import Row, min_homes, rows, run, table
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 46
SCREEN = "devices"
TITLE = "Voice commerce engagement rate"
QUESTION = "In how many voice sessions of the brand was a question about products or orders handled?"
DEFINITION = (
    "Rate (% of sessions) = voice sessions in which at least one question about products or orders was "
    "understood, and not said to be unhandled / all voice sessions of the brand's skills and actions. "
    "Window: all data. Interval (90%): ratio over homes, since one home's sessions are alike; n is homes. "
    "Not told counts as handled, and the sessions of which it is told stand beside: where platforms only "
    "tell what they did not understand, the rate is an upper bound. Answered = the same without questions "
    "of a pattern that nothing of the brand answers (`content_gaps`, where `[signals] content` lists "
    "files); its interval is as wide as if one home's were as alike. Traps: retries and re-prompts that a "
    "platform counts as sessions; wake errors; test traffic; a platform that merges sessions moves the "
    "denominator, so compare a platform with itself."
)
COLUMNS = (
    Column("part", "By"),
    Column("what", "Which"),
    Column("sessions", "Sessions", "count"),
    Column("commerce", "About products or orders", "count"),
    Column("engaged", "Handled", "count"),
    Column("told", "Told whether handled", "count"),
    Column("rate", "Rate", "share", "% of sessions", low="low", high="high", n="homes", why="why"),
    Column("homes", "Homes", "count"),
)
_SQL = """SELECT part, what, sessions, commerce, engaged, told, homes,
      engaged_share AS rate, engaged_low AS low, engaged_high AS high
    FROM voice_funnel ORDER BY part <> 'all', part, sessions DESC, what"""


_VAIN = """SELECT sum(asked - unhandled) FILTER (gap)::BIGINT AS vain, count(covered) AS judged
    FROM content_gaps"""


def _answered(answer: Answer, whole: Row) -> list[Row]:
    """Return the row of questions that something of the brand answers; none without its files."""
    (found,) = rows(answer, _VAIN)
    if not found["judged"] or whole["rate"] is None:
        return []
    engaged = max(whole["engaged"] - (found["vain"] or 0), 0)
    n, rate = whole["sessions"], whole["rate"]
    half = max((whole["high"] - whole["low"]) / 2, 1e-9)
    alike = max(1.0, half**2 / max(Z90**2 * rate * (1 - rate) / n, 1e-12))  # the design effect of homes
    low, high = wilson(round(engaged / alike), round(n / alike))
    share = engaged / n
    ends = {"rate": share, "low": min(low, share), "high": max(high, share)}
    told = {"part": "answered", "what": "without what nothing of the brand answers", "engaged": engaged}
    return [whole | told | ends]


def build(answer: Answer) -> Figure:
    """Return the rate in all, and by assistant, skill, locale, device and room."""
    needed, made = min_homes(run(answer)), []
    for row in rows(answer, _SQL):
        out: Row = row | held(row, "rate", "low", "high")
        if row["homes"] < needed:
            out |= {"rate": None, "low": None, "high": None, "why": too_few(row["homes"], needed)}
        made.append(out)
    whole = made[0] if made else None
    title, answered = TITLE, _answered(answer, whole) if whole else []
    made[1:1] = answered
    if whole and whole["rate"] is not None:
        said = text.share_interval(whole["rate"], whole["low"], whole["high"])
        title = f"A question about products or orders was handled in {said} of voice sessions"
    if answered:
        own = text.share_interval(*(answered[0][n] for n in ("rate", "low", "high")))
        title = f"{title}, at most; in {own} it was one that the brand answers"
    notes = [] if made else ["No voice session in this data: connect the voice skill (`hearthline sources`)."]
    if whole and not whole["told"]:
        notes.append(
            "No platform says whether it could answer: the rate is of questions asked, an upper bound."
        )
    return Figure(
        name="voice_engagement",
        title=title,
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, {}),
        notes=(*notes, *opened("voice_engagement", made)),
        chart=Chart("intervals", label="what", value="rate", low="low", high="high", series="part"),
        source=answer.source,
        currency=answer.currency,
        group="part",
    )
