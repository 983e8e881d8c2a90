"""The command `compare`."""

import json
import sys


def test_models_are_compared_with_evidence_and_journeys(called, town):
    said = called("compare", "--home", town[0])
    assert said.code == 0, said.err
    assert "Which model should be believed" in said.out
    assert "Where do models disagree" in said.out
    choice, where = json.loads(called("compare", "--home", town[0], "--json").out)
    assert choice["name"] == "compare"
    assert choice["rows"][0]["score"] <= choice["rows"][-1]["score"]
    assert where["rows"]


def test_simulated_truth_is_measured_once_and_kept(called, town, monkeypatch):
    asked = []

    def one(home, world, homes, days, seed):
        asked.append((world, homes, days))
        models = [m["model"] for m in home.sql("SELECT model FROM models").to_pylist()]
        return [(model, "person", 0.1 + 0.01 * i) for i, model in enumerate(models)]

    monkeypatch.setattr(sys.modules["hearthline.cli.compare"], "_one", one)
    said = called("compare", "--simulate", "--home", town[0], "--json")
    assert said.code == 0, said.err
    assert {homes for _, homes, _ in asked} == {300}
    kept = json.loads((town[0] / "towns.json").read_text())
    assert all("person" in kinds for kinds in kept.values())
    rows = json.loads(called("compare", "--home", town[0], "--json").out)[0]["rows"]
    assert all(row["truth"] is not None for row in rows)
    (town[0] / "towns.json").unlink()
