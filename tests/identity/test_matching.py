"""Records of people compared: inside the constraints, as sure as asked, alike on both engines."""

import numpy as np
import pyarrow as pa
import pytest

from hearthline.identity import Policies
from hearthline.identity.matching import matched
from hearthline.schema.errors import BadFile
from hearthline.schema.settings import NamespacePolicy
from tests.identity.conftest import ids, notes, person, resolved, unit

FIRST = ("ann", "bob", "carla", "dieter", "ewa", "farid", "greta", "hugo", "ines", "jonas", "katrin", "leo")
LAST = ("moreau", "schmidt", "okafor", "lindqvist", "tanaka", "rossi", "novak", "haddad", "berg", "silva")


def people(count: int, seed: int = 4) -> list[dict[str, str]]:
    draw = np.random.default_rng(seed)
    born = draw.integers(0, 18_000, count)
    return [
        {
            "given_name": FIRST[draw.integers(len(FIRST))],
            "surname": LAST[draw.integers(len(LAST))],
            "date_of_birth": f"{np.datetime64('1950-01-01') + born[i]}",
            "postcode": f"{10_000 + draw.integers(900)}",
        }
        for i in range(count)
    ]


def two_systems(count: int = 90) -> pa.Table:
    """The shop's customers, and the same people as the service desk wrote them down, every third with a slip."""
    rows = []
    for i, one in enumerate(people(count)):
        rows.append({"id": f"customer:{i}", **one})
        slip = {"surname": one["surname"][:-1] + "x"} if i % 3 == 0 else {}
        rows.append({"id": f"desk:{i}", **one, **slip})
    return pa.Table.from_pylist(rows)


DESK = Policies({"desk": NamespacePolicy(names="person", limit=1)})


@pytest.fixture(scope="module")
def found():
    return matched(two_systems(), DESK)


def test_the_same_people_are_found_although_their_names_are_misspelt(found):
    pairs = {(p["left"], p["right"]) for p in found.pairs.select(["left", "right"]).to_pylist()}
    right = {(f"customer:{i}", f"desk:{i}") for i in range(90)}
    assert len(pairs & right) >= 88
    assert len(pairs - right) <= 1


def test_the_threshold_follows_from_the_precision_that_is_asked_for(found):
    assert found.precision >= 0.995
    assert found.pairs["probability"].to_numpy().min() >= found.threshold >= 0.5


def test_every_pair_says_what_its_weight_is_made_of(found):
    for pair in found.pairs.to_pylist():
        parts = dict(pair["evidence"])
        assert {"prior", "given_name", "surname", "date_of_birth", "postcode"} == set(parts)
        assert sum(parts.values()) == pytest.approx(pair["weight"], abs=0.01)
        assert pair["probability"] == pytest.approx(1 / (1 + np.exp(-pair["weight"])), abs=1e-3)


def test_two_logins_are_never_compared_and_what_was_said_is_heeded():
    twice = two_systems().to_pylist()
    twice += [{**row, "id": f"customer:again-{i}"} for i, row in enumerate(twice[:40:2])]
    told = matched(pa.Table.from_pylist(twice), DESK, apart=[("customer:3", "desk:3")])
    pairs = [(p["left"], p["right"]) for p in told.pairs.select(["left", "right"]).to_pylist()]
    assert all({a.split(":")[0], b.split(":")[0]} == {"customer", "desk"} for a, b in pairs)
    assert ("customer:3", "desk:3") not in pairs
    ends = [end for pair in pairs for end in pair]
    assert len(ends) == len(set(ends)), "one login of each system in one person"
    assert told.held_back > 0


def test_the_order_of_records_means_nothing(found):
    rows = two_systems()
    assert matched(rows.take(pa.array(range(rows.num_rows - 1, -1, -1))), DESK).pairs == found.pairs


@pytest.mark.parametrize(
    "records",
    [
        pa.table({"id": ["a:1"], "surname": ["x"], "city": ["y"]}),
        pa.table({"id": [f"a:{i}" for i in range(40)], "colour": ["red"] * 40}),
        pa.table(
            {"id": [f"a:{i}" for i in range(40)], "surname": pa.nulls(40, pa.string()), "city": ["z"] * 40}
        ),
    ],
)
def test_too_little_to_compare_is_an_error_with_a_cure(records):
    with pytest.raises(BadFile, match="give at least 20 records and two of"):
        matched(records, Policies({}))


def test_what_a_model_says_never_makes_one_person_of_two_logins_nor_one_home_of_two():
    a, b = ids("customer:ann"), ids("customer:bea")
    model = {"left": "customer:ann", "right": "customer:bea", "level": "person", "rule": "splink 5.0.0"}
    r = resolved([(a, 0, 9, 9), (b, 0, 9, 9)], statements=[model])
    assert person(r, a) != person(r, b)
    assert unit(r, a) != unit(r, b)
    assert notes(r) == ["overruled by a stronger or newer link"]


def test_what_was_seen_goes_before_what_a_model_says():
    seen = ids("customer:ann", "email_hmac:e1")
    rows = [(seen, 0, 9, 1), (ids("customer:bea"), 0, 9, 1)]
    model = {"left": "customer:bea", "right": "email_hmac:e1", "level": "person", "rule": "splink 5.0.0"}
    r = resolved(rows, statements=[model | {"weight": 30.0}])
    assert person(r, seen) != person(r, ids("customer:bea"))
    (used,) = [k for k in r.links.to_pylist() if k["kind"] == "same_person"]
    assert used["state"] == "used"


@pytest.mark.spark
def test_spark_finds_the_pairs_that_duckdb_finds(found):
    pytest.importorskip("pyspark")
    from hearthline.store.spark import SparkEngine

    engine = SparkEngine(2)
    try:
        there = matched(two_systems(), DESK, spark=engine.session)
    finally:
        engine.close()
    assert there.pairs.select(["left", "right"]) == found.pairs.select(["left", "right"])
    assert np.allclose(there.pairs["weight"], found.pairs["weight"], atol=2e-3)
