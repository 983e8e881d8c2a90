"""What the town asks its speakers beside the skill's searches, and what the brand has to say to it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["BRANDS", "CONTENT", "QUESTIONS", "Question", "write_content"]


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that is asked: its words, how often it is (a weight), whether the brand answers it."""

    words: str
    weight: int
    answered: bool


BRANDS: Final = {
    "Kaffora": ("kaffora", "cafe aura", "kaffora", "cough aura"),
    "Tabsol": ("tabsol", "tab soul", "tabsol", "tabs all"),
    "Washwell": ("washwell", "wash well", "washwell", "watch well"),
    "Nordvann": ("nordvann", "north van", "nordvann", "nord van"),
}
"""The brands of the town's shelves, and how the assistant writes them down, each equally often."""

QUESTIONS: Final = (
    Question("how long do coffee capsules keep fresh", 6, answered=True),
    Question("how much detergent for a full load", 5, answered=True),
    Question("are dishwasher tabs safe for silver", 4, answered=True),
    Question("are coffee capsules compostable", 9, answered=False),
    Question("is the detergent free of perfume", 6, answered=False),
    Question("do dishwasher tabs work with hard water", 5, answered=False),
    Question("is {brand} cheaper than yours", 4, answered=False),
    Question("do you have {brand} in a bigger pack", 3, answered=False),
)
"""What is asked; `{brand}` stands for one of `BRANDS`, the first ones more often."""

CONTENT: Final = ("content/brands.csv", "content/model.json", "content/pages/*.md")
"""What `[signals] content` names, once `write_content` wrote it."""
_PAGES: Final = {
    "freshness": "Coffee capsules keep fresh for twelve months. How long they keep is printed on the box.",
    "dosing": "How much detergent: one measure for a half load, two measures for a full load.",
    "silver": "Dishwasher tabs are safe for silver and for glass.",
}


def write_content(folder: Path | str) -> None:
    """Write what the brand has to say: names, the skill's model, three pages; `CONTENT` in the folder."""
    place = Path(folder) / "content"
    (place / "pages").mkdir(parents=True, exist_ok=True)
    named = [f"brand,{name}," for name in BRANDS]
    sold = [f"product,{name}," for name in ("coffee capsules", "dishwasher tabs", "detergent")]
    text = "\n".join(("kind,name,text", *named, *sold)) + "\n"
    (place / "brands.csv").write_text(text, encoding="utf-8")
    intents = [
        {"name": "SearchProductIntent", "samples": ["find {product}", "search for {product}"]},
        {"name": "CompareProductsIntent", "samples": ["compare {product}"]},
        {"name": "CheckCompatibilityIntent", "samples": ["do {product} fit my machine"]},
        {"name": "ProductSupportIntent", "samples": ["{query}"]},
        {"name": "AMAZON.FallbackIntent", "samples": []},
    ]
    model = {"interactionModel": {"languageModel": {"invocationName": "the shelf", "intents": intents}}}
    (place / "model.json").write_text(json.dumps(model, indent=1) + "\n", encoding="utf-8")
    for name, said in _PAGES.items():
        (place / "pages" / f"{name}.md").write_text(f"# {name.capitalize()}\n\n{said}\n", encoding="utf-8")
