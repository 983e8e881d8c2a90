"""The model that answers lead with is one that runs; no sum of money comes from one that did not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Called = Callable[..., Any]

EVENTS = """ts,event,household,channel
2026-03-01T09:00:00Z,ad_view,h1,tv
2026-03-02T09:00:00Z,visit,h1,search
2026-03-02T09:30:00Z,visit,h2,search
"""
ORDERS = """order_id,ts,net,currency,household
1,2026-03-03T10:00:00Z,12.00,EUR,h1
2,2026-03-03T11:00:00Z,8.00,EUR,h2
"""


@pytest.fixture(scope="module")
def home(called: Called, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home with two orders, worth 20 EUR."""
    folder = tmp_path_factory.mktemp("default")
    (folder / "events.csv").write_text(EVENTS)
    (folder / "orders.csv").write_text(ORDERS)
    said = called("add", folder / "events.csv", folder / "orders.csv", "--home", folder / "home")
    assert said.code == 0, said.err
    return folder / "home"


def set_to(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"HEARTHLINE_ATTRIBUTION__{name.upper()}", value)


def test_without_a_default_the_first_named_model_leads(
    called: Called, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_to(monkeypatch, models='["linear", "last_touch"]')
    said = called("run", "--home", home)
    assert said.code == 0, said.err
    assert "net revenue €20.00" in " ".join(said.out.split())
    told = json.loads(called("report", "overview", "--home", home, "--json").out)
    assert told["rows"]
    about = json.loads(called("sql", "SELECT default_model FROM run", "--home", home, "--json").out)
    assert about == [{"default_model": "linear"}]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"default": "markow"}, ("there is no model 'markow'", "did you mean `markov`?")),
        (
            {"default": "markov", "models": '["linear"]'},
            ("markov is not among the models that run", "add it to [attribution] models"),
        ),
        ({"models": '["liner"]'}, ("no model named 'liner'", "did you mean `linear`?")),
    ],
)
def test_a_default_that_does_not_run_is_wrong_use(
    called: Called, home: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], words: tuple[str]
) -> None:
    set_to(monkeypatch, **settings)
    said = called("run", "--home", home)
    assert said.code == 2
    assert said.out == ""
    for word in words:
        assert word in said.err
    assert called("doctor", "--home", home).code == 1


def test_orders_and_their_sum_are_there_without_a_model(
    called: Called, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hearthline.attribution import load
    from hearthline.schema.errors import NothingToAnswer

    def never(*_: Any) -> None:
        raise NothingToAnswer("cannot be fitted; too few orders; wait")

    set_to(monkeypatch, models='["additive_hazard"]')
    monkeypatch.setattr(type(load("additive_hazard")), "solve", never)
    said = called("run", "--home", home)
    assert said.code == 0, said.err
    assert "2: 2 by a person" in said.out
    assert "net revenue €20.00" in " ".join(said.out.split())
