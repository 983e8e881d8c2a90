"""What signals said of a home is a condition of its journeys where the settings choose it."""

import numpy as np
import pytest

import hearthline as hl
from hearthline import sim
from hearthline.pipeline.conditioning import keep_conditions
from hearthline.pipeline.core import build_core
from hearthline.schema.settings import JourneySettings, Settings
from hearthline.store.duckdb import DuckEngine
from hearthline.store.home import HomeFolder
from hearthline.store.lake import Lake


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> hl.Home:
    folder = tmp_path_factory.mktemp("conditions")
    sim.write_payloads("additive", 120, 70, 5, folder / "inbox")
    made = hl.init(folder / "home")
    made.add(folder / "inbox")
    return made


def core(home: hl.Home, **journeys: object):
    engine = DuckEngine("2GB", 1)
    settings = Settings(journeys=JourneySettings(**journeys))
    return build_core(engine, Lake(HomeFolder(home.path).lake), settings)


def test_without_a_condition_nothing_is_marked(home: hl.Home) -> None:
    built = core(home)
    assert built.engine.table("SELECT * FROM condition_changes").num_rows == 0
    assert built.layout.conditions == 0


def test_a_chosen_condition_splits_the_time_that_homes_spend(home: hl.Home) -> None:
    from hearthline.journeys import ORDER, split

    plain, more = core(home), core(home, conditions=("running_out",), known="happened")
    hours = []
    for built in (plain, more):
        rows = built.engine.table("SELECT unit, marks FROM timelines ORDER BY unit")
        marks = rows["marks"].combine_chunks()
        journeys = split(rows["unit"].to_numpy(), marks, ORDER, built.layout).journeys
        hours.append(np.asarray(journeys.strata_h.sum(axis=0)).ravel())
    assert np.allclose(hours[1].reshape(-1, 2).sum(axis=1), hours[0])
    share = hours[1].reshape(-1, 2)[:, 1].sum() / hours[0].sum()
    assert 0.02 < share < 0.3


def test_a_reading_that_came_late_counts_from_when_it_came_and_loaded_history_from_when_it_was(
    home: hl.Home,
) -> None:
    engine = core(home).engine
    chosen = JourneySettings(conditions=("running_out",))

    def turns(received: str) -> list[int]:
        engine.view("raw_events", f"SELECT * REPLACE ({received} AS time_received) FROM told")
        keep_conditions(engine, chosen)
        found = engine.table("SELECT time_us FROM condition_changes ORDER BY time_us")
        return found["time_us"].to_pylist()

    engine.create("told", "SELECT * FROM raw_events")
    loaded, live = turns("time + INTERVAL 900 DAY"), turns("time")
    late = turns("time + INTERVAL 6 HOUR")
    assert len(live) > 20
    assert loaded == live
    assert late == [t + 6 * 3_600_000_000 for t in live]
