"""Settings: defaults, file, environment, each with its origin, and errors that name file, line and key."""

from pathlib import Path

import pytest

from hearthline.schema.errors import BadConfig
from hearthline.store.config import load_settings, origins


def test_an_absent_file_is_all_defaults(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "hearthline.toml", {})
    assert settings.journeys.lookback_days == 30
    assert settings.attribution.default == "additive_hazard"


def test_the_environment_wins_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    file = tmp_path / "hearthline.toml"
    file.write_text("[attribution]\nreplicates = 50\nseed = 7\n")
    environment = {"HEARTHLINE_ATTRIBUTION__REPLICATES": "20", "HEARTHLINE_HOME": "x"}
    found = {name: (value, origin) for name, value, origin in origins(file, environment)}
    assert found["attribution.replicates"] == (20, "environment HEARTHLINE_ATTRIBUTION__REPLICATES")
    assert found["attribution.seed"] == (7, "hearthline.toml:3")
    assert found["attribution.default"] == ("additive_hazard", "default")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[attribution]\nreplicates = -3\n", ("hearthline.toml:2", "replicates", "0")),
        ("[journeys]\nlookback_days = 'long'\n", ("hearthline.toml:2", "lookback_days", "expected `float`")),
        ("[journeys]\nlokback_days = 3\n", ("lokback_days", "unknown field")),
        ("[jurneys]\n", ("jurneys", "unknown field")),
        ("[journeys\n", ("not valid TOML", "line 1")),
        ("[attribution]\npersistence = 1.5\n", ("hearthline.toml:2", "persistence", "1")),
    ],
)
def test_an_impossible_setting_names_file_line_and_key(
    tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    file = tmp_path / "hearthline.toml"
    file.write_text(text)
    with pytest.raises(BadConfig) as caught:
        load_settings(file, {})
    for word in words:
        assert word in str(caught.value)
