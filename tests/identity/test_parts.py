"""A day on top of ninety: only what it touches is looked at again, and all is as after a full run."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from hearthline.identity import Observed, Policies, Resolution, resolve
from hearthline.identity.parts import Known, news, seen_now, together_again
from tests.identity.conftest import Row, ids, observed, unit

Told = list[dict[str, Any]]


def town(seed: int, homes: int = 60) -> list[Row]:
    """Homes with logins, browsers, speakers and networks; things move, are shared and are blocked."""
    draw, rows = np.random.default_rng(seed), []
    for h in range(homes):
        for p in range(draw.integers(1, 4)):
            who, start = f"customer:{h}-{p}", float(draw.integers(0, 80))
            rows.append((ids(who, f"email_hmac:{draw.integers(homes * 2)}"), start, start + 4, 3))
            rows.append(
                (ids(who, f"anonymous:{draw.integers(homes * 3)}", "hint.ip_hmac:cafe"), start, start + 9, 5)
            )
            rows.append((ids(who, f"device:{draw.integers(homes)}"), start, min(start + 40, 90), 20))
            rows.append(
                (ids(who, f"hint.home:{h if draw.random() < 0.9 else draw.integers(homes)}"), start, 90, 9)
            )
        rows.append((ids(f"device:{h}", f"hint.ip_hmac:n{h}"), 0, 90, 50))
        rows.append((ids("hint.ip_hmac:cafe"), 0, 50, 4))
    kept = {repr(r[0]): r for r in rows}
    return list(kept.values())


def nights(rows: list[Row]) -> dict[int, int]:
    named = ["ip_hmac" in repr(r[0]) for r in rows]
    return {i: 1 + len(repr(rows[i][0])) % 9 for i, named_one in enumerate(named) if named_one}


def day_later(rows: list[Row], seed: int) -> list[Row]:
    """Some are seen again, a few are new: a move, a new login, a new browser of an old one."""
    draw = np.random.default_rng(seed)
    again = [(r[0], r[1], 91.0, r[3] + 2) if draw.random() < 0.03 else r for r in rows]
    new = [
        (ids("customer:new", "device:3"), 90, 91, 3),
        (ids("customer:5-0", "hint.home:41"), 90, 91, 8),
        (ids("customer:late", "hint.ip_hmac:n7"), 85, 91, 6),
        (ids("customer:7-0", "anonymous:fresh"), 91, 91, 1),
    ]
    return again + [(names, float(a), float(b), n) for names, a, b, n in new]


def alike(one: Resolution, other: Resolution) -> None:
    for name in ("members", "links", "homes", "devices", "identifiers", "parts"):
        here, there = getattr(one, name), getattr(other, name)
        order = [(c, "ascending") for c in here.column_names]
        assert (
            here.sort_by(order).combine_chunks()
            == there.select(here.column_names).sort_by(order).combine_chunks()
        ), name


def known(was: Observed, policies: Policies) -> Known:
    said = was.statements["id"].combine_chunks() if was.statements is not None else pa.array([], pa.string())
    return Known(resolve(was, policies), seen_now(was), said)


def again(before: Known, now: Observed, policies: Policies) -> tuple[Resolution, int]:
    touched = news(before, seen_now(now), now)
    assert touched is not None
    mine = pa.array(touched.identities)
    part = replace(
        now,
        observations=now.observations.filter(pc.is_in(now.observations["identity"], value_set=mine)),
        identities=now.identities.filter(pc.is_in(now.identities["identity"], value_set=mine)),
        crowded=before.found.crowded,
    )
    return together_again(before, touched, resolve(part, policies)), len(touched.identities)


@pytest.mark.parametrize("seed", range(12))
def test_a_day_on_top_of_ninety_is_as_a_full_run_and_looks_at_little(seed: int) -> None:
    rows, policies = town(seed), Policies({})
    later = day_later(rows, seed)
    said: Told = [{"left": "customer:2-0", "right": "customer:9-0", "id": "s-old"}]
    fresh: Told = [
        *said,
        {"left": "customer:20-0", "right": "customer:31-0", "id": "s-new"},
    ]
    before = known(observed(rows, nights=nights(rows), statements=said), policies)
    now = observed(later, nights=nights(later), statements=fresh)
    found, looked_at = again(before, now, policies)
    alike(found, resolve(now, policies))
    assert looked_at < now.observations.num_rows


def test_a_day_without_news_looks_at_nothing() -> None:
    rows, policies = town(1), Policies({})
    was = observed(rows, nights=nights(rows))
    found, looked_at = again(known(was, policies), was, policies)
    assert looked_at == 0
    alike(found, resolve(was, policies))


def test_only_the_touched_part_is_looked_at() -> None:
    rows: list[Row] = [(ids(f"customer:{i}", f"device:{i}"), 0, 9, 3) for i in range(500)]
    policies = Policies({})
    now = observed([*rows, (ids("customer:7", "anonymous:b"), 10, 10, 1)])
    found, looked_at = again(known(observed(rows), policies), now, policies)
    assert looked_at == 2
    assert unit(found, ids("customer:7", "anonymous:b"), 10) == unit(found, ids("customer:7", "device:7"))


def test_a_cafe_in_which_too_many_sleep_joins_no_parts() -> None:
    rows: list[Row] = [(ids(f"customer:c{i}", "hint.ip_hmac:cafe"), 0, 60, 30) for i in range(40)]
    policies = Policies({})
    slept = dict.fromkeys(range(40), 20)
    before = known(observed(rows, nights=slept), policies)
    assert before.found.crowded.to_pylist() == ["hint.ip_hmac:cafe"]
    later = [*rows, (ids("customer:c3", "hint.ip_hmac:cafe", "device:d"), 61.0, 62.0, 4)]
    now = observed(later, nights=slept | {40: 5})
    found, looked_at = again(before, now, policies)
    assert looked_at == 2
    alike(found, resolve(now, policies))


def test_a_statement_counts_from_the_day_on_which_its_identifiers_are_there() -> None:
    rows: list[Row] = [(ids(f"customer:{i}", f"device:{i}"), 0, 9, 3) for i in range(20)]
    policies, said = Policies({}), [{"left": "customer:3", "right": "customer:late"}]
    before = known(observed(rows, statements=said), policies)
    now = observed([*rows, (ids("customer:late"), 10, 10, 1)], statements=said)
    found, _ = again(before, now, policies)
    alike(found, resolve(now, policies))
    assert unit(found, ids("customer:late")) == unit(found, rows[3][0])


def test_a_new_statement_touches_the_two_that_it_is_about_and_nobody_else() -> None:
    rows: list[Row] = [(ids(f"customer:c{i}", f"device:d{i}"), 0, 9, 3) for i in range(50)]
    policies = Policies({})
    now = observed(rows, statements=[{"left": "customer:c4", "right": "customer:c9"}])
    found, looked_at = again(known(observed(rows), policies), now, policies)
    assert looked_at == 2
    alike(found, resolve(now, policies))
    assert unit(found, rows[4][0]) == unit(found, rows[9][0])


def test_where_somebody_is_gone_everything_is_looked_at_again() -> None:
    rows = town(2)
    before = known(observed(rows), Policies({}))
    now = observed(rows[:-3])
    assert news(before, seen_now(now), now) is None
