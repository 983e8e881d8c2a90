"""Logins hidden: what other evidence brings home is counted, and what cannot be measured is not."""

import numpy as np
import pyarrow as pa

from hearthline.identity import Policies, found_without_logins, resolve
from hearthline.identity.hiding import FOUND
from tests.identity.conftest import Row, ids, observed


def hidden_in(rows: list[Row], **more: object) -> pa.Table:
    seen, policies = observed(rows, **more), Policies({})
    return found_without_logins(seen, resolve(seen, policies).identifiers, policies)


def total(rows: list[Row], **more: object) -> dict[str, int]:
    found = hidden_in(rows, **more)
    return {name: sum(found[name].to_pylist()) for name in FOUND.names[1:]}


def homes(count: int, with_home: bool) -> list[Row]:
    """Each has a person with a phone that always reports its login, and at times its home; and a laptop."""
    rows: list[Row] = []
    for i in range(1, count + 1):
        rows.append(
            (
                ids(
                    f"customer:c{i}",
                    f"device:phone{i}",
                    *([f"hint.home:h{i}"] if with_home else []),
                ),
                0,
                60,
                30,
            )
        )
        rows.append((ids(f"customer:c{i}", f"hint.home:h{i}"), 0, 60, 30))
    return rows


def test_a_home_brings_its_devices_home_without_a_login() -> None:
    told = total(homes(300, with_home=True))
    assert told["labelled"] == 300
    assert 60 < told["hidden"] < 140
    assert told["joined"] == told["right"] == told["hidden"]


def test_without_other_evidence_nothing_is_found_and_nothing_is_wrong() -> None:
    told = total(homes(300, with_home=False))
    assert told["hidden"] > 60
    assert told["joined"] == told["right"] == 0


def test_a_household_with_a_relative_in_it_is_the_right_one() -> None:
    rows: list[Row] = []
    for i in range(1, 300):
        rows.append((ids(f"customer:c{i}", f"device:tv{i}", f"hint.home:h{i}"), 0, 60, 30))
        rows.append((ids(f"customer:c{i}", f"anonymous:b{i}"), 0, 60, 30))
        rows.append((ids(f"customer:wife{i}", f"hint.home:h{i}"), 0, 60, 30))
    found = hidden_in(rows, kinds={f"tv{i}": "tv" for i in range(1, 300)})
    (tv,) = [r for r in found.to_pylist() if r["kind"] == "tv"]
    assert tv["right"] == tv["joined"] == tv["hidden"] > 60


def test_evidence_that_lies_is_counted_as_wrong() -> None:
    rows = homes(300, with_home=False)
    rows += [(ids(f"device:phone{i}", f"hint.home:h{i % 300 + 1}"), 30, 31, 2) for i in range(1, 301, 2)]
    told = total(rows)
    assert told["right"] == 0, "a visit is all that is left of those phones"
    assert 20 < told["joined"] < told["hidden"]


def test_a_login_that_is_seen_nowhere_else_can_not_be_judged() -> None:
    told = total([(ids(f"customer:c{i}", f"device:d{i}"), 0, 9, 3) for i in range(1, 200)])
    assert (told["labelled"], told["hidden"]) == (199, 0)


def test_where_nobody_signs_in_there_is_no_row() -> None:
    assert total([(ids(f"device:d{i}"), 0, 9, 3) for i in range(1, 50)]) == dict.fromkeys(FOUND.names[1:], 0)


def test_nights_on_a_network_are_evidence_too() -> None:
    rows: list[Row] = []
    for i in range(1, 200):
        rows.append((ids(f"customer:c{i}", f"device:tv{i}", f"hint.ip_hmac:n{i}"), 0, 60, 30))
        rows.append((ids(f"customer:c{i}", f"hint.ip_hmac:n{i}"), 0, 60, 30))
    slept = dict.fromkeys(range(len(rows)), 20)
    told = total(rows, nights=slept)
    assert told["right"] == told["hidden"] > 40


def test_kinds_of_device_are_told_apart() -> None:
    rows = homes(300, with_home=True)
    kinds = {f"phone{i}": "phone" if i % 2 else "tv" for i in range(1, 301)}
    found = hidden_in(rows, kinds=kinds)
    assert sorted(found["kind"].to_pylist()) == ["phone", "tv"]
    assert np.all(found["hidden"].to_numpy() > 20)
