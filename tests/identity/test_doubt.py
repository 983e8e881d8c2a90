"""How sure links are, and what is left of households when some do not hold."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from hearthline.identity import Doubt, Policies, Resolution, doubt_in, resolve
from tests.identity.conftest import Row, ids, observed, unit


def found(rows: list[Row], **more: Any) -> Resolution:
    return resolve(observed(rows, **more), Policies({}))


def doubt(rows: list[Row], **more: Any) -> Doubt:
    whole = found(rows, **more)
    return doubt_in(whole.links, whole.identifiers)


def sure(rows: list[Row], one: str, other: str, **more: Any) -> float:
    """Return how sure it is that two belong together; 1 where nobody doubts it."""
    of = doubt(rows, **more)
    ends = zip(of.left.to_pylist(), of.right.to_pylist(), of.sure.tolist(), strict=True)
    return {frozenset(pair): chance for *pair, chance in ends}.get(frozenset((one, other)), 1.0)


def devices(homes: int, seen: int) -> list[Row]:
    return [(ids(f"customer:h{h}", f"device:d{h}"), 0, 9, seen) for h in range(homes)]


def test_where_nothing_was_seen_twice_a_weight_is_taken_at_its_word() -> None:
    for count in (1, 30):
        rows = devices(count, seen=1)
        (weight,) = {r["weight"] for r in found(rows).links.to_pylist()}
        assert sure(rows, "customer:h0", "device:d0") == pytest.approx(1 / (1 + np.exp(-weight)), abs=1e-6)
    assert sure(devices(1, seen=1), "customer:h0", "device:d0") == pytest.approx(2 / 3, abs=1e-3)
    assert sure(devices(1, seen=9), "customer:h0", "device:d0") > 10 / 11


def test_links_are_as_sure_as_things_seen_twice_are_of_one_household() -> None:
    once = [(ids("customer:ann", "device:own"), 0.0, 9.0, 1)]
    agreed = sure(once + devices(40, seen=2), "customer:ann", "device:own")
    torn = [
        (ids(f"customer:t{h}-{i}", f"device:t{h}"), 3.0 * i, 3.0 * i + 1, 1)
        for h in range(20)
        for i in (0, 1)
    ]
    doubted = sure(once + devices(20, seen=2) + torn, "customer:ann", "device:own")
    assert agreed == pytest.approx(1 - 1 / 43, abs=1e-3)
    assert doubted == pytest.approx(1 - 11 / 43, abs=1e-3)
    assert sure(once + devices(400, seen=2), "customer:ann", "device:own") == 1.0


def test_what_people_said_is_not_drawn_and_what_a_model_says_counts_beside_what_was_seen() -> None:
    rows: list[Row] = [(ids("customer:a", "email_hmac:a"), 0, 9, 1)]
    told = {"left": "customer:a", "right": "email_hmac:a", "level": "person"}
    alone = sure(rows, "customer:a", "email_hmac:a")
    by_hand = [{**told, "weight": 9.21, "rule": "by hand"}]
    model = [{**told, "weight": 1.0, "rule": "splink"}]
    assert sure(rows, "customer:a", "email_hmac:a", statements=by_hand) == 1.0
    # seen in one event as persons and as household: the same evidence once, and the model's beside it
    assert alone == pytest.approx(2 / 3, abs=1e-3)
    both = sure(rows, "customer:a", "email_hmac:a", statements=model)
    assert both == pytest.approx(1 - (1 - alone) * (1 - 1 / (1 + np.exp(-1.0))), abs=1e-3)


def test_a_pair_holds_in_as_many_draws_as_it_is_sure_and_pairs_do_not_follow_each_other() -> None:
    none, many = pa.array([], pa.string()), 4_000
    chance = np.tile([0.5, 0.8], many // 2)
    flags, zeros = np.zeros(many, bool), np.zeros(many, np.int64)
    held = Doubt(none, none, chance, zeros, flags, none, zeros).held(8, seed=3)
    assert np.abs(held.sum(axis=1) - 8 * chance).max() < 1.0
    assert held.mean(axis=0) == pytest.approx(0.65, abs=0.02)
    assert abs(np.corrcoef(held[0:many:2, 0], held[1:many:2, 0])[0, 1]) < 0.05


def test_a_device_that_does_not_hold_is_apart_whichever_identifier_names_the_household() -> None:
    rows: list[Row] = [
        (ids("hint.home:h", "customer:a"), 0, 90, 1),
        (ids("hint.home:h", "customer:b"), 0, 90, 400),
        (ids("customer:b", "device:tv"), 3, 3, 1),
        (ids("device:tv"), 0, 90, 50),
        *devices(40, seen=1),
    ]
    of = doubt(rows)
    doubted = set(zip(of.left.to_pylist(), of.right.to_pylist(), strict=True))
    assert {("device:tv", "customer:a"), ("customer:a", "hint.home:h")} <= doubted
    assert unit(found(rows), rows[3][0]) == unit(found(rows), rows[0][0])
    # customer:a, by whom the household goes, leaves it as well
    back = of.taken_back(np.zeros(len(of.sure), bool))
    told = ["left", "right", "kind", "level", "weight", "rule"]
    apart = found(rows, statements=back.select(told).to_pylist())
    assert unit(apart, rows[3][0]) != unit(apart, rows[1][0])
    assert unit(apart, rows[2][0]) == unit(apart, rows[1][0])
    assert of.taken_back(np.ones(len(of.sure), bool)).num_rows == 0


def test_a_link_by_nights_is_taken_back_like_any_other() -> None:
    rows: list[Row] = [
        (ids("customer:a", "hint.ip_hmac:n"), 0, 40, 60),
        (ids("customer:b", "hint.ip_hmac:n"), 0, 40, 60),
    ]
    slept = {0: 9, 1: 9}
    joined = found(rows, nights=slept)
    assert unit(joined, rows[0][0]) == unit(joined, rows[1][0])
    of = doubt(rows, nights=slept)
    assert 0.5 < of.sure.item() < 0.95
    said = [{"left": "customer:a", "right": "customer:b", "kind": "take_back", "level": "household"}]
    apart = found(rows, nights=slept, statements=said)
    assert unit(apart, rows[0][0]) != unit(apart, rows[1][0])
    (link,) = [r for r in apart.links.to_pylist() if r["kind"] == "night_network"]
    assert link["state"] == "taken back"
