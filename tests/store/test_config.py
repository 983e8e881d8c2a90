"""Settings: defaults, file, environment, each with its origin, and errors that name file, line and key."""

from pathlib import Path

import pytest

from hearthline.schema.errors import BadConfig
from hearthline.store.config import load_settings, origins
from hearthline.store.duckdb import DuckEngine


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
        (
            "[journeys]\nlokback_days = 3\n",
            ("hearthline.toml:2", "no setting 'lokback_days'", "lookback_days"),
        ),
        ("[jurneys]\n", ("hearthline.toml:1", "no section 'jurneys'", "journeys")),
        ("[engine]\nname = 'flink'\n", ("hearthline.toml:2", "no 'flink'; choose one of duckdb, spark")),
        ("[engine]\nmemory = 'lots'\n", ("hearthline.toml:2", "got 'lots'", 'memory = "4GB"')),
        ("[engine]\nmemory = '4'\n", ("hearthline.toml:2", "got '4'")),
        ("[log]\nkeep_days = 3\n[bridge]\nport = 'x'\n", ("hearthline.toml:4", "[bridge] port")),
        ("[serve]\nport = 9000\n[mqtt]\nport = 70000\n", ("hearthline.toml:4", "[mqtt] port", "got 70000")),
        ("[identity.policies.email]\nlmit = 2\n", ("hearthline.toml:1", "lmit")),
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


@pytest.mark.parametrize("amount", ["4GB", "400 MiB", "50%", "1.5gb"])
def test_memory_is_an_amount_that_duckdb_knows(tmp_path: Path, amount: str) -> None:
    assert load_settings(tmp_path / "none", {"HEARTHLINE_ENGINE__MEMORY": amount}).engine.memory == amount
    DuckEngine(amount).close()


def test_a_wrong_setting_of_the_environment_names_its_variable(tmp_path: Path) -> None:
    file = tmp_path / "hearthline.toml"
    file.write_text("[attribution]\nseed = 3\n")
    with pytest.raises(BadConfig, match=r"^environment HEARTHLINE_ENGINE__MEMRY: ") as caught:
        load_settings(file, {"HEARTHLINE_ENGINE__MEMRY": "4GB"})
    assert str(file) not in str(caught.value)


def test_the_first_named_model_leads_where_no_default_is_set(tmp_path: Path) -> None:
    file, models = tmp_path / "none", "HEARTHLINE_ATTRIBUTION__MODELS"
    found = {n: (v, o) for n, v, o in origins(file, {models: '["linear", "last_touch"]'})}
    assert found["attribution.default"] == ("linear", "the first of attribution.models")
    kept = load_settings(file, {models: '["linear", "additive_hazard"]'})
    assert kept.attribution.default == "additive_hazard"
    said = load_settings(file, {models: '["linear"]', "HEARTHLINE_ATTRIBUTION__DEFAULT": "markov"})
    assert said.attribution.default == "markov"
