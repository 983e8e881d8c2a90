import re
from pathlib import Path

import pytest

from hearthline.files.columns import FIELDS, SETTINGS
from hearthline.files.refusals import REASONS

PAGE = Path(__file__).parents[2] / "docs" / "own-data.md"


def fields() -> str:
    parts = []
    for kind, listed in FIELDS.items():
        parts += [f"### {kind.capitalize()}", "", "| field | meaning | names it goes by |", "|---|---|---|"]
        parts += [f"| `{f.name}` | {f.meaning} | {', '.join(f.names)} |" for f in listed]
        parts.append("")
    return "\n".join(parts).rstrip()


def settings() -> str:
    head = ["| name | meaning |", "|---|---|"]
    return "\n".join(head + [f"| `{name}` | {meaning} |" for name, meaning in SETTINGS.items()])


def reasons() -> str:
    named = {"column": "column", "got": "..."}
    head = ["| reason | what was wrong | how to mend it |", "|---|---|---|"]
    return "\n".join(
        head + [f"| `{name}` | {r.wrong.format(**named)} | {r.cure} |" for name, r in REASONS.items()]
    )


def written(text: str, name: str, body: str) -> str:
    """Return the page with the part between the marks of that name replaced."""
    marks = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    assert marks.search(text), f"docs/own-data.md has lost its marks for {name}"
    return marks.sub(lambda m: f"{m[1]}\n{body}\n\n{m[2]}", text)


@pytest.mark.parametrize("part", [fields, settings, reasons])
def test_the_tables_of_the_page_are_those_of_the_code(part):
    text = PAGE.read_text(encoding="utf-8")
    # To write them anew: python tests/files/test_the_page_on_own_data_is_true.py
    assert written(text, part.__name__, part()) == text


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    for part in (fields, settings, reasons):
        page = written(page, part.__name__, part())
    PAGE.write_text(page, encoding="utf-8")
