"""Keys that stay over runs and increments, and a log of what merged, split or moved."""

import pyarrow as pa

from hearthline.identity import BEFORE, CHANGES, Resolution, steady
from tests.identity.conftest import ids, resolved, unit

A, B = ids("customer:a", "alexa.user:a"), ids("customer:b", "alexa.user:b")
ROWS = [(A, 0, 9, 9), (B, 0, 9, 9), (ids("customer:b", "email_hmac:b"), 0, 9, 9)]
JOINED = {"left": "customer:a", "right": "customer:b"}


def after(resolution: Resolution) -> pa.Table:
    return resolution.identifiers.select(BEFORE.names).cast(BEFORE)


def test_a_first_run_has_keys_of_its_content_and_no_changes():
    found = resolved(ROWS)
    first, changes = steady(found, None)
    assert first.members == found.members
    assert changes == CHANGES.empty_table()


def test_a_household_keeps_its_key_when_an_identifier_joins_that_would_name_it_anew():
    first, _ = steady(resolved(ROWS), None)
    later = [*ROWS, (ids("aaa.account:7", "customer:b"), 3, 3, 1)]
    assert unit(resolved(later), B) != unit(first, B)
    second, changes = steady(resolved(later), after(first))
    assert unit(second, B) == unit(first, B)
    assert changes.num_rows == 0


def test_the_larger_part_keeps_the_key_and_a_merge_is_written_down():
    first, _ = steady(resolved(ROWS), None)
    second, changes = steady(resolved(ROWS, statements=[JOINED]), after(first))
    assert unit(second, A) == unit(second, B) == unit(first, B)
    (row,) = changes.to_pylist()
    assert (row["level"], row["kind"], row["identifiers"]) == ("household", "merged", 2)
    assert (row["key"], row["other"]) == (unit(first, B), unit(first, A))


def test_after_an_unmerge_everything_is_as_it_was_keys_included():
    first, _ = steady(resolved(ROWS), None)
    second, _ = steady(resolved(ROWS, statements=[JOINED]), after(first))
    third, changes = steady(
        resolved(ROWS, statements=[JOINED, {**JOINED, "kind": "take_back"}]), after(second)
    )
    assert third.members.drop_columns("part") == first.members.drop_columns("part")
    assert third.homes.drop_columns("part") == first.homes.drop_columns("part")
    (row,) = changes.to_pylist()
    assert (row["kind"], row["key"], row["other"]) == ("split", unit(first, A), unit(first, B))


def test_a_run_over_the_same_changes_nothing():
    first, _ = steady(resolved(ROWS, statements=[JOINED]), None)
    second, changes = steady(resolved(ROWS, statements=[JOINED]), after(first))
    assert second.members == first.members
    assert changes.num_rows == 0


def test_no_two_households_ever_have_one_key():
    rows = [(ids(f"customer:c{i}", f"alexa.user:u{i}"), 0, 9, 9) for i in range(12)]
    known = None
    for day in range(8):
        joined = [
            {"left": f"customer:c{i}", "right": f"customer:c{(i + 1 + day) % 12}"}
            for i in range(0, 12, 1 + day % 3)
        ]
        found = resolved(rows, statements=joined)
        steadied, _ = steady(found, known)
        content = {
            (a["unit"], b["unit"])
            for a, b in zip(found.identifiers.to_pylist(), steadied.identifiers.to_pylist(), strict=True)
        }
        assert len({a for a, _ in content}) == len(content) == len({b for _, b in content})
        known = after(steadied)
