"""The dashboard's page shows every screen in light, dark and on a phone, and the pictures stay small."""

from pathlib import Path

import pytest

from hearthline.server.api.openapi import document
from hearthline.server.dashboard.screens import SCREENS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("screen", SCREENS, ids=lambda s: s.key)
def test_every_screen_is_shown_and_says_its_question(screen) -> None:
    page = (DOCS / "dashboard.md").read_text()
    assert f"### {screen.name}: " in page
    for look in ("light", "dark", "narrow"):
        assert f"(screens/{screen.key}-{look}.webp)" in page
        assert (DOCS / "screens" / f"{screen.key}-{look}.webp").read_bytes()[8:12] == b"WEBP"


def test_the_pictures_are_small_and_all_are_shown() -> None:
    pictures = list((DOCS / "screens").iterdir())
    assert len(pictures) == 3 * len(SCREENS)
    assert sum(p.stat().st_size for p in pictures) < 2_000_000


def test_the_page_names_the_addresses_of_the_api() -> None:
    page = (DOCS / "dashboard.md").read_text()
    for path in document()["paths"]:
        assert path.partition("/{")[0] in page
