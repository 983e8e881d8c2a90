"""Layers of life are told beside a town that stays as it is: its draws, touches, orders and truth."""

import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from hearthline.sim import Layers, departures_of, load, simulate, truth, write_payloads
from hearthline.sim.asking import BRANDS, QUESTIONS
from hearthline.sim.beside import beside, ended, seen, sick_days, word_of
from hearthline.sim.happenings import Log, What, happenings
from hearthline.sim.labels import home_id
from hearthline.sim.layers import NEVER, departures

HOMES, DAYS, SEED = 300, 90, 3
LIVELY = Layers.lively()


def sha(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]


def test_the_town_is_as_it_was_before_there_were_layers() -> None:
    # recorded before the layers were written; they may change only with a stream of the town itself
    story = simulate("additive", 400, 90, 3)
    tables = {
        name: sha(str(getattr(story, name).to_pydict())) for name in ("touches", "orders", "enrolments")
    }
    assert tables == {
        "touches": "b00aef5113972d15",
        "orders": "7bb9c67108541ac3",
        "enrolments": "c8e79cc121f3c8d7",
    }
    assert sha(str(truth("additive", 400, 90, 3, shapley=False))) == "6c87a54e229e59f7"


@pytest.fixture(scope="module")
def town() -> tuple[Log, Log, np.ndarray]:
    """The town's own log, what is seen of it with layers, and the day on which each home leaves."""
    block, log, _ = happenings(load("additive"), SEED, 0, HOMES, DAYS)
    gone = departures(SEED, block.homes, LIVELY)
    return log, seen(log, gone, 0), gone.day


def rows(log: Log, *what: What) -> set[tuple[int, ...]]:
    chosen = log.of(*what)
    return set(zip(chosen.id.tolist(), chosen.home.tolist(), chosen.time.tolist(), strict=True))


def test_touches_and_orders_of_homes_that_stay_are_the_same_one_by_one(town: tuple) -> None:
    log, left, day = town
    stays = day >= DAYS
    kinds = (What.TOUCH, What.ORDER, What.MACHINE, What.ENROL, What.END, What.REFUND)
    assert 20 < (~stays).sum() < 60
    before, after = (one.take(stays[one.home]) for one in (log, left))
    assert rows(before, *kinds) == rows(after, *kinds)


def test_a_home_that_leaves_lives_as_it_would_have_until_its_day_and_then_not_at_all(town: tuple) -> None:
    log, left, day = town
    at = log.take((log.what == What.TOUCH) & (day[log.home] < DAYS))
    lived = (at.time // 1_000_000 - 1_767_571_200) // 86_400
    assert rows(left.take(day[left.home] < DAYS), What.TOUCH) == rows(
        at.take(lived < day[at.home]), What.TOUCH
    )
    assert (lived >= day[at.home]).any()


def test_where_nobody_leaves_everything_is_seen() -> None:
    block, log, _ = happenings(load("additive"), SEED, 0, 60, 40)
    some = Layers(use=0.5, faults=0.01, mishearing=0.1, vain=0.1)
    assert len(seen(log, departures(SEED, block.homes, some), 0)) == len(log)


def test_what_runs_in_a_home_that_leaves_is_ended(town: tuple) -> None:
    _, left, day = town
    ends = ended(
        left, departures(SEED, happenings(load("additive"), SEED, 0, HOMES, 2)[0].homes, LIVELY), 0, DAYS
    )
    both = left.of(What.END)
    over = {*zip(both.home, both.since, strict=True), *zip(ends.home, ends.since, strict=True)}
    began = left.of(What.ENROL)
    leaving = [(h, s) for h, s in zip(began.home, began.since, strict=True) if day[h] < DAYS]
    assert leaving
    assert set(leaving) <= over


def test_truth_with_layers_is_the_life_up_to_leaving() -> None:
    none = truth("additive", HOMES, DAYS, SEED, shapley=False)
    assert truth("additive", HOMES, DAYS, SEED, shapley=False, layers=Layers(use=1, vain=1)) == none
    some = truth("additive", HOMES, DAYS, SEED, shapley=False, layers=LIVELY)
    story, gone = simulate("additive", HOMES, DAYS, SEED), dict.fromkeys(range(HOMES), NEVER)
    gone |= {
        r["home"]: r["day"].toordinal() - 739_621
        for r in departures_of(HOMES, DAYS, SEED, LIVELY).to_pylist()
    }
    kept = [
        o["net"]
        for o in story.orders.to_pylist()
        if (o["time"] // 1_000_000 + 3600 - 1_767_571_200) // 86_400 < gone[o["home"]]
    ]
    whole = next(t for t in some.totals if t.kind == "all")
    assert whole.orders == len(kept)
    assert int(whole.revenue * 100) == sum(kept)


def test_signs_come_before_homes_leave() -> None:
    block, log, _ = happenings(load("additive"), SEED, 0, 1500, DAYS)
    gone = departures(SEED, block.homes, LIVELY)
    told = beside(SEED, block, seen(log, gone, 0), LIVELY)
    day = (told.time // 1_000_000 - 1_767_571_200) // 86_400
    assert (day < gone.day[told.home]).all()
    fading = (gone.sign == 0) & (gone.day < DAYS) & (gone.day > 60)
    used = np.isin(told.what, (What.OPENED, What.CYCLE)) & fading[told.home]
    before = gone.day[told.home] - day
    late, early = ((used & (before <= 14)).sum() / 14, (used & (before > 46)).sum() / 40)
    assert late < 0.5 * early
    ill, faults = sick_days(SEED, block, LIVELY), told.of(What.FAULT)
    at = (faults.time // 1_000_000 - 1_767_571_200) // 86_400
    assert ill[at, faults.home].mean() > 0.6
    assert len(told.of(What.TICKET)) > 5


def test_questions_in_vain_are_told_as_the_platform_would(tmp_path: Path) -> None:
    write_payloads("additive", HOMES, 30, SEED, tmp_path / "plain")
    write_payloads("additive", HOMES, 30, SEED, tmp_path / "lively", layers=LIVELY)
    lines = {}
    for name in ("plain", "lively"):
        text = (tmp_path / name / "alexa_skill.ndjson").read_bytes().decode("utf-8", "replace")
        whole = [
            json.loads(line)
            for line in text.splitlines()
            if line.startswith('{"version"') and line[-1] == "}"
        ]
        lines[name] = [
            w["request"] for w in whole if isinstance(w.get("request"), dict) and "intent" in w["request"]
        ]
    intents = {r["intent"]["name"] for r in lines["lively"]} - {r["intent"]["name"] for r in lines["plain"]}
    assert intents == {"AMAZON.FallbackIntent", "ProductSupportIntent"}
    asked = {
        r["intent"]["slots"]["query"]["value"]
        for r in lines["lively"]
        if "query" in r["intent"].get("slots", {})
    }
    known = {word_of(code)[2] for code in range(len(QUESTIONS) * len(BRANDS) * 4)}
    assert asked
    assert asked <= known


def test_departures_name_the_homes_that_leave() -> None:
    found = departures_of(HOMES, DAYS, SEED, LIVELY).to_pylist()
    assert all(row["name"] == home_id(row["home"]) for row in found)
    assert {row["sign"] for row in found} <= {"uses less", "faults", "nothing"}
