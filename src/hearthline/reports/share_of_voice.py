"""Share of voice: which brands and products people name by voice, also where they were misheard."""

from hearthline.reports import Answer
from hearthline.reports._ends import held, too_few
from hearthline.reports._reading import Row, min_homes, rows, run, table
from hearthline.schema import text
from hearthline.schema.figure import Chart, Column, Figure

POSITION = 48
SCREEN = "devices"
TITLE = "Share of voice"
QUESTION = "Which brands and products do people name by voice, also where the assistant misheard them?"
DEFINITION = (
    "Share (% of mentions) = mentions of a name / mentions of all names in the list, corrected: what was "
    "said is estimated from what was found, through the chance of finding one name where another, or none, "
    "was said. Found = questions in which words sound or look like the name more than a threshold, set so "
    "that made-up names of the same build are found in few. Exact = written as it is. Window: all questions "
    "by voice whose words are told. Interval (90%): bootstrap over homes; n is homes. Traps: platforms that "
    "do not tell words are silent, not without mentions; slots hold only what the skill asks for; a name "
    "that is an ordinary word is found where it is said in another sense; English sounds are assumed."
)
COLUMNS = (
    Column("part", "List"),
    Column("name", "Name"),
    Column("mentions", "Found", "count"),
    Column("exact", "Exact", "count"),
    Column("homes", "Homes", "count"),
    Column("found", "Found", "number", unit="%", help="Share of the mentions found, not corrected"),
    Column("share", "Share", "share", "% of mentions", low="low", high="high", n="homes", why="why"),
)
_SQL = """SELECT kind, name, mentions, exact, homes, 100 * share AS found, corrected AS share, low, high
    FROM share_of_voice ORDER BY kind, corrected DESC, name LIMIT 400"""
_LISTS = {"brand": "Brands", "product": "Products"}


def build(answer: Answer) -> Figure:
    """Return each name's mentions and corrected share, brands before products."""
    needed, made = min_homes(run(answer)), []
    for row in rows(answer, _SQL):
        out: Row = row | {"part": _LISTS.get(row["kind"], row["kind"])} | held(row, "share", "low", "high")
        if row["homes"] < needed:
            out |= {"share": None, "low": None, "high": None, "why": too_few(row["homes"], needed)}
        made.append(out)
    notes = []
    for row in rows(answer, "SELECT * FROM listening ORDER BY kind"):
        if not row["names"]:
            notes.append(f"No {row['kind']} names: list them in a file, and the file in `[signals] content`.")
        elif row["noise"] is not None:
            notes.append(
                f"{_LISTS.get(row['kind'], row['kind'])}: {text.plural(row['names'], 'name')} in "
                f"{text.plural(row['utterances'], 'question')}; one sound in "
                f"{1 / max(row['noise'], 0.01):.0f} of those found is changed."
            )
    first = next((r for r in made if r["share"] is not None), None)
    title = TITLE
    if first:
        said = text.share_interval(first["share"], first["low"], first["high"])
        title = f"Of all {str(first['part']).lower()} that are named, {said} are {first['name']}"
    return Figure(
        name="share_of_voice",
        title=title,
        question=QUESTION,
        definition=DEFINITION,
        columns=COLUMNS,
        rows=table(made, COLUMNS, {}),
        notes=tuple(notes),
        chart=Chart("intervals", label="name", value="share", low="low", high="high", series="part"),
        source=answer.source,
        currency=answer.currency,
        group="part",
    )
