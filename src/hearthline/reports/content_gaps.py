"""Content gaps: what people ask with a wish to buy and nothing of the brand answers."""

from hearthline.reports import Answer
from hearthline.reports._opening import opened
from hearthline.reports._reading import Row, rows, table
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 50
SCREEN = "devices"
TITLE = "Content gaps"
QUESTION = "What do people ask with a wish to buy that no intent, page or product of the brand answers?"
DEFINITION = (
    "Asked in vain (questions) = questions of a pattern about products or orders x the part of its words' "
    "weight that the nearest intent, page or product lacks; at least those that the assistant said it could "
    "not handle. A pattern is a question without numbers, small words and endings. Covered (%) = the part "
    "of its words, rare ones counting more, that the nearest one has; a gap has less than half, or was "
    "mostly unhandled. Window: all questions by voice. A count, so without an interval. Traps: words that "
    "mean the same and look different are a gap that is none; a page that has the words may still not "
    "answer; without files in `[signals] content` only what was unhandled is known."
)
COLUMNS = (
    Column("pattern", "Pattern"),
    Column("example", "For example"),
    Column("intent", "Taken for"),
    Column("asked", "Asked", "count"),
    Column("homes", "Homes", "count"),
    Column("unhandled", "Unhandled", "count"),
    Column("demand", "Asked in vain", "number"),
    Column("covered", "Covered", "number", unit="%"),
    Column("nearest", "Nearest"),
    Column("verdict", "Verdict"),
)
_SQL = """SELECT * FROM content_gaps ORDER BY gap DESC, demand DESC, asked DESC, pattern LIMIT 100"""


def build(answer: Answer) -> Figure:
    """Return the patterns, gaps first, by how often they are asked in vain."""
    made: list[Row] = []
    for row in rows(answer, _SQL):
        covered = None if row["covered"] is None else 100 * row["covered"]
        made.append(row | {"covered": covered, "verdict": "gap" if row["gap"] else "answered"})
    gaps = [r for r in made if r["gap"]]
    notes = []
    if made and all(r["covered"] is None for r in made):
        notes.append("No files: list the catalogue, the skill's model and pages in `[signals] content`.")
    if not made:
        notes.append("No question by voice about products or orders.")
    title = TITLE
    if gaps:
        vain = sum(r["demand"] for r in gaps)
        kinds = text.plural(len(gaps), "kind of question", "kinds of question")
        title = f"{kinds} without an answer, asked in vain {vain:,.0f} times"
    return Figure(
        name="content_gaps",
        title=title,
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, {}),
        notes=(*notes, *opened("content_gaps", made)),
        chart=Chart("bars", label="pattern", value="demand", data=table(gaps[:12], COLUMNS, {})),
        source=answer.source,
        currency=answer.currency,
    )
