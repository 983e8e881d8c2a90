"""Lifts and arms that come as CSV, and how large an experiment must be."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from hearthline.experiments import detectable, difference, needed, off_by_lot, power_of, read_arms, read_lifts
from hearthline.schema.errors import BadFile

HEAD = "channel,start,end,lift,low,high\n"
ROW = "tv,2026-03-01,2026-03-28,1200,200,2200\n"


def written(folder: Path, text: str) -> Path:
    file = folder / "lifts.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_lift_is_read_with_its_doubt(tmp_path):
    (lift,) = read_lifts(written(tmp_path, HEAD + ROW))
    assert (lift.channel, lift.kind, lift.start, lift.amount) == ("tv", "all", date(2026, 3, 1), 1200.0)
    assert lift.error == pytest.approx(1000 / 1.6449, rel=1e-4)
    assert lift.name == "tv from 2026-03-01"


def test_an_interval_of_another_level_is_another_doubt(tmp_path):
    wide = written(
        tmp_path, "channel,start,end,lift,low,high,level\ntv,2026-03-01,2026-03-28,0,-196,196,0.95\n"
    )
    assert read_lifts(wide)[0].error == pytest.approx(100.0, rel=1e-3)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("channel,start,lift\n", "no column end"),
        (HEAD + "tv,2026-03-01,2026-02-01,1,0,2\n", r":2: the end lies before the start"),
        (HEAD + "tv,1.3.2026,2026-03-28,1,0,2\n", r":2: start is no day; got '1.3.2026'"),
        (HEAD + "tv,2026-03-01,2026-03-28,much,0,2\n", r":2: lift is no number; got 'much'"),
        (HEAD + "tv,2026-03-01,2026-03-28,1,,\n", "nothing says how sure the lift is"),
        (HEAD + "tv,2026-03-01,2026-03-28,1,1,1\n", "a lift without doubt"),
        (HEAD + "tv,2026-03-01,2026-03-28,100,200,300\n", "outside its interval; got 100, from 200 to 300"),
        (HEAD + "tv,2026-03-01,2026-03-28,250,300,200\n", "give low below the lift"),
        (HEAD + ",2026-03-01,2026-03-28,1,0,2\n", r":2: no channel"),
        (HEAD + ROW + "\n" + ROW, r":4: this lift is in the file already; got another one named 'tv from"),
        (HEAD + "tv,2026-03-01,2026-03-28,1,200,0,2\n", r":2: more cells than columns; got 7 for 6"),
        ("channel,start,Lift,end,lift,error\n", "column lift is there twice"),
        ("channel,start,end,lift,error,kind\ntv,2026-03-01,2026-03-28,1,1,web\n", "unknown kind 'web'"),
        ("channel,start,end,lift,error,share\ntv,2026-03-01,2026-03-28,1,1,40\n", "share 40 is no part of 1"),
    ],
)
def test_a_bad_line_is_refused_with_its_place(tmp_path, text, told):
    with pytest.raises(BadFile, match=told):
        read_lifts(written(tmp_path, text))


def test_lifts_of_two_kinds_of_orders_have_one_name(tmp_path):
    text = "name,channel,start,end,lift,error,kind\n" + "".join(
        f"spring,tv,2026-03-01,2026-03-28,1,1,{kind}\n" for kind in ("person", "automated")
    )
    assert [x.kind for x in read_lifts(written(tmp_path, text))] == ["person", "automated"]


def test_unnamed_columns_and_empty_lines_are_passed_over(tmp_path):
    text = ",channel,,start,end,lift,error,\n\n#,tv,?,2026-03-01,2026-03-28,1200,5,\n,,,,,,,\n"
    (lift,) = read_lifts(written(tmp_path, text))
    assert (lift.channel, lift.amount, lift.error) == ("tv", 1200.0, 5.0)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("identifier,arm\ncustomer:1,on\n", ("customer:1", "on", None)),
        ("identifier,arm,region\ncustomer:1,on,\n", ("customer:1", "on", None)),
        ("region,identifier\nnorth,customer:1\n", ("customer:1", None, "north")),
        ("identifier,arm,region\ncustomer:1,off,north\n", ("customer:1", "off", "north")),
    ],
)
def test_arms_and_regions_are_read(tmp_path, text, found):
    assert read_arms(written(tmp_path, text)) == [found]


@pytest.mark.parametrize(
    "rows", [("on,", ",north"), (",north", "on,"), ("on,north", "on,"), (",north", "off,north")]
)
def test_a_list_that_says_of_some_what_it_does_not_say_of_others_is_refused(tmp_path, rows):
    text = "identifier,arm,region\n" + "".join(f"customer:9,{row}\n" for row in rows)
    with pytest.raises(
        BadFile, match=r":3: rows of different kinds; got .* write the same in every row"
    ) as no:
        read_arms(written(tmp_path, text))
    assert "customer:9" not in str(no.value)


def test_a_region_in_both_arms_of_a_list_is_refused(tmp_path):
    text = "identifier,arm,region\ncustomer:1,on,north\ncustomer:2,off,south\ncustomer:3,off,north\n"
    with pytest.raises(BadFile, match=r":4: region 'north' is in both arms; got off after on"):
        read_arms(written(tmp_path, text))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("customer:9,maybe", "got arm 'maybe'"),
        ("customer:9,", "no arm and no region"),
        ("17,on", "no namespace"),
    ],
)
def test_an_arm_that_is_none_is_refused_without_the_identifier(tmp_path, row, told):
    with pytest.raises(BadFile, match=told) as refused:
        read_arms(written(tmp_path, f"identifier,arm\n{row}\n"))
    assert "customer:9" not in str(refused.value)


def test_what_is_planned_is_what_comes_out():
    rng = np.random.default_rng(3)
    usual = rng.gamma(2.0, 10.0, 3000)
    first, then, later = (usual + rng.gamma(1.0, 5.0, 3000) for _ in range(3))
    (planned,) = needed(np.stack([then, first], axis=1)[:, :, None], 0.5)
    found = difference(later, off_by_lot(np.arange(3000), "x"), then)
    assert found.error == pytest.approx(planned, rel=0.08)


def test_the_smallest_difference_is_seen_in_four_of_five_cases():
    assert power_of(detectable(2.0), 2.0) == pytest.approx(0.8, abs=0.001)
    assert power_of(0.0, 2.0) == pytest.approx(0.1, abs=0.001)
    assert power_of(5.0, 2.0, always=True) < power_of(5.0, 2.0)
