"""Every benchmark runs small, prints its table, and fills its block of a page."""

import json
import re
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from hearthline import sim

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that loads a script as a module."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))

    def load(name: str) -> Any:
        spec = spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        monkeypatch.setitem(sys.modules, f"benchmark_{name}", module)
        spec.loader.exec_module(module)
        return module

    return load


def run(name: str, *arguments: str) -> str:
    command = [sys.executable, str(BENCHMARKS / f"{name}.py"), "--small", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(table: str) -> dict[str, list[str]]:
    """Return the cells of every row of the Markdown tables, by their first cell."""
    lines = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("|")]
    return {cells[0].strip(): [c.strip() for c in cells[1:]] for cells in lines}


def page_with(tmp_path: Path, mark: str) -> Path:
    page = tmp_path / "page.md"
    page.write_text(f"before\n<!-- begin: {mark} -->\nfigures of last year\n<!-- end -->\nafter\n")
    return page


def test_the_pipeline_is_timed_stage_by_stage_beside_a_scan(tmp_path: Path) -> None:
    page = page_with(tmp_path, "make bench-pipeline")
    told = run("pipeline", "--data", str(tmp_path / "data"), "--tight", "--write", str(page))
    found = rows(told)
    assert float(found["the whole answer"][0].split()[0]) > 0.0
    assert 8_000 < int(found["raw events"][0].replace(",", "")) < 12_000
    for ratio in ("... over the bare scan", "... with finding households"):  # how large they are is no test's
        assert float(found[ratio][0]) > 0.0
    assert "With 1 GB for the engine" in told
    assert told.strip() in page.read_text()
    assert "figures of last year" not in page.read_text()
    assert page.read_text().startswith("before")
    assert page.read_text().endswith("after\n")


def test_no_stage_of_the_pipeline_is_left_out_of_the_table(loaded: Any) -> None:
    pipeline = loaded("pipeline")
    from hearthline import journeys

    shown = {*pipeline.WORK, pipeline.IDENTITY, pipeline.MAP}
    said = [f"making {s.table.replace('_', ' ')}" for s in journeys.AFTER_IDENTITY]
    assert {pipeline.stage_of(s) for s in said} <= shown
    assert pipeline.stage_of("making orders") == pipeline.ORDERS
    assert pipeline.stage_of("drawing intervals") == "intervals"
    assert set(pipeline._MADE) <= {s.table.replace("_", " ") for s in journeys.AFTER_IDENTITY}


def test_every_model_is_graded_in_each_world(tmp_path: Path) -> None:
    page = page_with(tmp_path, "make truth")
    cache = tmp_path / "truths"
    worlds = ("--world", "additive", "--world", "multiplicative")
    arguments = ("--homes", "120", "--days", "40", "--cache", str(cache))
    told = run("truth", *arguments, *worlds, "--write", str(page))
    titles = re.findall(r"^### (\w+) world: (.*)$", told, re.MULTILINE)
    assert {world for world, _ in titles} == {"Additive", "Multiplicative"}
    assert len(titles) == 6
    assert {"Last touch before each order", "Neural hazard"} <= set(rows(told))
    assert told.strip() in page.read_text()
    assert len(list(cache.iterdir())) == 2
    again = run("truth", *arguments, *worlds[:2], "--models", "last_touch,linear")
    parts = [text.partition("### Additive world: all orders")[2] for text in (told, again)]
    for title in ("Last touch", "Linear"):  # the truth from the cache is the same
        assert rows(parts[1])[title] == rows(parts[0].partition("### Mult")[0])[title]


def test_asking_homes_gives_the_fit_to_all_journeys(tmp_path: Path) -> None:
    page = page_with(tmp_path, "make federated")
    found = rows(run("federated", "--homes", "80", "--asked", "8", "--write", str(page)))
    assert float(found["largest relative difference of a rate"][0]) < 1e-6
    assert float(found["largest difference of a touch's share"][0]) < 1e-6
    assert 0.0 <= float(found["clipped, no noise"][0]) <= 1.0
    assert "figures of last year" not in page.read_text()


def test_what_changed_costs_few_blocks_and_leaves_no_trace(tmp_path: Path) -> None:
    page = page_with(tmp_path, "make incremental")
    found = rows(run("incremental", "--write", str(page)))
    assert {cells[3] for change, cells in found.items() if change.startswith("a")} == {"yes"}
    assert found["a late event"][0].startswith("1 of")
    assert "figures of last year" not in page.read_text()


def test_every_source_is_timed_beside_decoding(tmp_path: Path) -> None:
    page = page_with(tmp_path, "make bench-sources")
    found = rows(run("sources", "--write", str(page)))
    assert len(found) >= 38
    assert float(found["`segment`"][1]) > 1
    assert "events/s/core |\n" not in page.read_text()


def test_a_simulated_quantum_computer_finds_what_is_exact(loaded: Any) -> None:
    script = loaded("quantum")
    game = script.Game(np.random.default_rng(1).random(32))
    for player, value in enumerate(script.shapley_values(game.worth)):
        made = script.prepared(game, player)
        assert np.sum(made.state**2) == pytest.approx(1.0)
        assert made.low + made.wide * script.chances(made, [0])[0] == pytest.approx(value, abs=1e-12)
        angle = np.arcsin(np.sqrt(script.chances(made, [0])[0]))  # a round turns the state by twice its angle
        assert script.chances(made, [0, 1, 4])[1:] == pytest.approx(np.sin(np.array([3, 9]) * angle) ** 2)
    _, few = script.errors(game, 16, 2, 20)
    _, many = script.errors(game, 64, 5, 20)
    assert many[0] < few[0] / 4
    choice = script.choice_of(script.reached_by(8, 200, 1), 3)
    best, looked = script.exactly(choice)
    assert looked == 56
    for found in (script.greedily(choice)[0], script.by_annealing(choice, 100, 1)[0]):
        assert choice.worth(found) <= choice.worth(best) + 1e-9


def test_seeds_of_tuning_are_refused() -> None:
    command = [sys.executable, str(BENCHMARKS / "truth.py"), "--seeds", "101,7"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "101,7 has seeds used in tuning" in done.stderr


def test_coverage_is_told_for_every_model(tmp_path: Path) -> None:
    kept = tmp_path / "coverage.json"
    told = run("coverage_of_intervals", "--models", "linear,markov", "--keep", str(kept))
    assert {"linear", "markov"} <= set(rows(told))
    for channel in json.loads(kept.read_text())["markov"].values():
        assert 0.0 <= channel["cover"] <= 1.0
        assert channel["samples"] == 6


def test_coverage_of_what_is_said_where_it_is_known_who_is_who(loaded: Any) -> None:
    script = loaded("coverage_of_intervals")
    torn, known = (
        [[("linear", "tv", 0.3, 0.25, 0.4)]] * 2,
        [[("linear", "tv", p, 0.0, 1.0)] for p in (0.2, 0.4)],
    )
    assert script.coverage_of(torn, known)["linear"]["tv"]["cover"] == 1.0
    assert script.coverage_of(torn, [[("linear", "tv", 0.2, 0.0, 1.0)]])["linear"]["tv"]["too_high"] == 1.0


def test_strangers_are_seen_only_by_their_devices(loaded: Any, tmp_path: Path) -> None:
    from hearthline import sim

    script = loaded("strangers")

    def told(name: str, **how: Any) -> list[tuple[str, dict[str, int]]]:
        """Return the type of every event, and of which home each thing that it names is."""
        sim.write_lake("additive", 60, 20, 5, tmp_path / name, telemetry=0.0)
        if how:
            script.with_strangers(tmp_path / name, 40, 5, **how)
        events = pq.read_table(tmp_path / name / "events-00000.parquet")
        identities = pq.read_table(tmp_path / name / "identities-00000.parquet").to_pylist()
        named = {
            row["identity"]: {i["namespace"]: script._home({"identifiers": [i]}) for i in row["identifiers"]}
            for row in identities
        }
        keys = events["identity"].to_pylist()
        return [(kind, named[key]) for kind, key in zip(events["type"].to_pylist(), keys, strict=True)]

    whole, alone, torn = told("whole"), told("alone", seen=False), told("torn", seen=True)
    assert alone == [event for event in whole if max(event[1].values()) < 40]
    assert [event for event in torn if max(event[1].values()) < 40] == alone
    strange = [event for event in torn if max(event[1].values()) >= 40]
    assert {frozenset(named) for _, named in strange} == {
        frozenset({"device"}),
        frozenset({"device", "customer"}),
    }
    signed = [(kind, named["customer"]) for kind, named in strange if "customer" in named]
    assert {kind for kind, _ in signed} == {"platform.account.linked"}
    assert max(home for _, home in signed) < 40
    assert len({home for _, home in signed}) > 10


def test_coverage_counts_each_side_of_a_miss(loaded: Any) -> None:
    script = loaded("coverage_of_intervals")
    points = [(0.1, 0.0, 0.15), (0.3, 0.25, 0.4), (0.2, 0.1, 0.3), (0.2, 0.15, 0.25)]  # the mean is 0.2
    found = script.coverage_of([[("linear", "tv", *p)] for p in points])["linear"]["tv"]
    assert (found["mean"], found["cover"]) == (pytest.approx(0.2), 0.5)
    assert (found["too_low"], found["too_high"]) == (0.25, 0.25)


def test_a_page_without_the_block_is_refused(loaded: Any, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing here\n")
    with pytest.raises(SystemExit, match="no block to write to"):
        loaded("published").write_block(page, "make truth", "text")
    assert page.read_text() == "nothing here\n"


@pytest.mark.parametrize(
    ("script", "page"),
    [
        ("pipeline", "benchmarks"),
        ("sources", "benchmarks"),
        ("coverage_of_intervals", "benchmarks"),
        ("truth", "how-true"),
        ("experiments", "experiments"),
        ("federated", "federated"),
    ],
)
def test_every_page_has_the_block_of_its_command(script: str, page: str, loaded: Any) -> None:
    text = (DOCS / f"{page}.md").read_text()
    assert f"<!-- begin: {loaded(script).MARK} -->" in text


def test_a_block_can_be_written_again_and_again(loaded: Any, tmp_path: Path) -> None:
    page = page_with(tmp_path, "make truth")
    for text in ("first", "second"):
        loaded("published").write_block(page, "make truth", text)
    assert page.read_text() == "before\n<!-- begin: make truth -->\nsecond\n<!-- end -->\nafter\n"


def test_mqtt_is_timed_beside_mosquitto_with_the_cpu_of_a_message(tmp_path: Path) -> None:
    page = page_with(tmp_path, "make bench-mqtt")
    told = run("mqtt", "--write", str(page))
    found = rows(told)
    assert int(found["whole door"][0].replace(",", "")) > 0
    assert float(found["whole door"][2]) > float(found["listener alone"][2])
    assert told.count("| listener alone") == page.read_text().count("| listener alone") == 2


def test_a_servers_life_is_told_with_what_grew_and_what_is_behind(tmp_path: Path) -> None:
    pytest.importorskip("granian")
    page = page_with(tmp_path, "make soak")
    found = rows(run("soak", "--write", str(page)))
    assert sum("grew, the home not, by" in name for name in found) == 3
    assert sum("while the home grew by" in name for name in found) == 3
    assert float(found["from sending an order to its screen, s, median and 95th"][1].split(";")[0]) < 5
    assert float(found["the lake is behind the log at the end, s"][1]) < 10
    assert found["pages read, and those that failed"][1].endswith("; 0")
    assert "figures of last year" not in page.read_text()


def test_hostile_bodies_are_counted_and_a_difference_is_called_one(tmp_path: Path, loaded: Any) -> None:
    page = page_with(tmp_path, "make fuzz")
    found = rows(run("fuzz", "--cache", str(tmp_path), "--write", str(page)))
    assert found["verdict"] == ["nothing broke"]
    assert int(found["rows of events read"][0].replace(",", "")) > 500
    fuzz = loaded("fuzz")
    (kept,) = tmp_path.glob("fuzz-*.json")
    counts = fuzz.Counter(json.loads(kept.read_text()))
    assert fuzz.broken(counts) == []
    counts["events stored"] -= 1
    assert len(fuzz.broken(counts)) == 2


def test_experiments_are_graded_before_and_after(tmp_path: Path) -> None:
    page = page_with(tmp_path, "make bench-experiments")
    told = run("experiments", "--homes", "120", "--lots", "2", "--world", "additive", "--write", str(page))
    found = rows(told)
    assert "additive" in found
    assert "Additive hazard" in found
    assert "Last touch" in found
    assert told.strip() in page.read_text()


def test_seeds_of_tuning_are_refused_for_experiments() -> None:
    command = [sys.executable, str(BENCHMARKS / "experiments.py"), "--seeds", "301,7"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "301,7 has seeds used in tuning" in done.stderr


def test_how_far_models_are_wrong_is_told_on_tuning_seeds_alone() -> None:
    told = run("experiments", "--prior", "--seeds", "1", "--homes", "120", "--world", "additive")
    found = rows(told)
    assert all(float(cell) > 0.0 for cell in found["models beside it"])
    assert found["in use"][0] == "0.20"
    command = [sys.executable, str(BENCHMARKS / "experiments.py"), "--prior", "--seeds", "301"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "--prior is for seeds used in tuning" in done.stderr


def test_lifts_without_noise_are_what_the_channel_caused_where_it_was_on(loaded: Any) -> None:
    bench = loaded("experiments")
    town = bench.Town("additive", 300, 50, 1, 0, 0)
    whole = sim.Trial(bench.TESTED, 0, 1, off=0.0)
    true = bench.true_lifts(town, whole, since=0)
    known = sim.truth("additive", 300, 50, 1, shapley=False, trial=whole)
    for effect in known.effects:
        if effect.channel in bench.TESTED and effect.kind != "all":
            assert true[effect.channel, effect.kind] == pytest.approx(float(effect.off_revenue))


def test_the_likeliest_sizes_are_those_that_were_drawn(loaded: Any) -> None:
    prior = loaded("prior")
    rng = np.random.default_rng(1)
    cases = []
    for _ in range(30):
        credit = rng.gamma(2.0, 50.0, (2, 6))
        true = credit * (1.0 + 0.5 * rng.normal()) + 5.0 * rng.normal(size=(2, 6))
        stage = np.arange(6, dtype=np.int64) // 3
        cases.append(prior.Wrong(credit, np.zeros((2, 6)), stage, credit, true))
    together, stage, _, own, _ = prior.likeliest(cases, beside=False)
    assert 0.35 < together < 0.7
    assert stage < 0.1
    assert own < 0.1


def test_decoders_of_strangers_bytes_are_tried_beside_one_that_raises(tmp_path: Path) -> None:
    pytest.importorskip("atheris")
    page = page_with(tmp_path, "make fuzz-decoders")
    found = rows(run("fuzz_decoders", "--write", str(page)))
    assert found["control: a reader that raises"][2] == "caught"
    assert [cells[2] for cells in found.values()].count("nothing else") == 6
    assert int(found["a body through the door into columns"][0]) >= 300


def test_a_screen_is_weighed_and_timed(tmp_path: Path) -> None:
    page = page_with(tmp_path, "make bench-web")
    told = run("web", "--data", str(tmp_path / "data"), "--write", str(page))
    found = rows(told)
    assert {"Overview", "Household", "Trust", "the slowest, or heaviest"} <= set(found)
    assert all(float(cells[0]) > 0 for name, cells in found.items() if name != "screen" and name[:1] != ":")
    assert "differ by at least" in told
    assert told.strip() in page.read_text()


def test_guards_are_measured_on_polluted_identifiers(tmp_path: Path) -> None:
    page = page_with(tmp_path, "make bench-identity polluted")
    told = run("identity", "--only", "polluted", "--write", str(page))
    found = rows(told)
    every_id, ours, goal = found["people in one person with somebody else"]
    assert ours == goal == "0.00%"
    assert float(every_id.rstrip("%")) > 50
    assert float(found["links demoted"][1].rstrip("%")) <= 1.5
    assert "figures of last year" not in page.read_text()


def test_components_are_the_same_by_every_way(loaded: Any, tmp_path: Path) -> None:
    graphs = loaded("graphs")
    file = tmp_path / "links.parquet"
    graphs.write_links(file, 3_000)
    import duckdb

    with duckdb.connect() as con:
        graphs._coded(con, str(file))
        count = con.execute("SELECT count(*) FROM nodes").fetchall()[0][0]
        labels = {way: graphs._label(con, count, way, str(tmp_path)) for way in ("scipy", "ours", "low")}
    assert len({len(set(label.tolist())) for label in labels.values()}) == 1
    assert labels["ours"].tolist() == labels["low"].tolist()


def test_what_a_dash_order_costs_does_not_grow_with_the_days(tmp_path: Path) -> None:
    page = page_with(tmp_path, "python benchmarks/told_twice.py")
    found = rows(run("told_twice", "--orders", "20000", "--write", str(page)))
    assert int(found["20,000"][0].replace(",", "")) > 8_000
    assert "seconds" not in page.read_text()


def test_a_fit_that_knows_all_but_the_lifts_is_near_and_nearer_with_more_homes(
    loaded: Any, tmp_path: Path
) -> None:
    page = page_with(tmp_path, "make knowable")
    found = rows(run("knowable", "--write", str(page)))
    assert found["confounded"][1] != "0"
    assert found["additive"][0] == "1,000"
    assert "figures of last year" not in page.read_text()
    few, many = (loaded("knowable").grade("additive", homes, 120, 111) for homes in (500, 4000))
    assert few.enrolments < many.enrolments
    assert many.error < few.error
    assert many.credited == pytest.approx(1.0, abs=0.2)


def test_what_is_knowable_is_not_told_of_worlds_whose_rates_do_not_add_up(loaded: Any) -> None:
    with pytest.raises(TypeError, match="choose one of additive, confounded"):
        loaded("knowable").grade("mediated", 100, 30, 111)
