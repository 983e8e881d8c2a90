"""A log of advertisements that ran (ACR, smart TVs) is a table of impressions; a report of their cost is none."""

import pytest

from hearthline import files
from hearthline.schema.errors import BadFile

LOG = (
    "tv_id,ip,ad_id,start,seconds_viewed,campaign\n"
    "TV-1,203.0.113.7,ad-9,2026-03-01T19:00:00Z,30,spring\n"
    "TV-2,203.0.113.8,ad-9,2026-03-01T19:05:00Z,12.5,spring\n"
)


def rows(tmp_path, text, **mapping):
    path = tmp_path / "acr.csv"
    path.write_text(text)
    (part,) = files.read(path, mapping)
    return part.events.to_pylist()


def test_every_row_is_an_impression_on_its_device(tmp_path):
    first, second = rows(tmp_path, LOG, channel="smart-tv")
    assert (first["type"], first["layer"], first["stage"]) == ("media.ad.impression", "media", "awareness")
    assert (first["device_id"], first["exposure_ad"], first["touch_campaign"]) == ("TV-1", "ad-9", "spring")
    assert (first["exposure_seconds"], second["exposure_seconds"]) == (30.0, 12.5)
    assert {first["touch_channel"], second["touch_channel"]} == {"smart-tv"}


def test_without_a_channel_it_is_told_and_no_touch(tmp_path):
    assert {row["touch_channel"] for row in rows(tmp_path, LOG)} == {None}


def test_a_column_of_channels_goes_before_the_constant(tmp_path):
    own = "device_id,ad_id,ts,channel\nTV-1,ad-9,2026-03-01T19:00:00Z,ctv\n"
    assert [row["touch_channel"] for row in rows(tmp_path, own, channel="smart-tv")] == ["ctv"]


def test_the_constant_is_for_no_other_table(tmp_path):
    visits = "device_id,ts,event\nD-1,2026-03-01T19:00:00Z,search\n"
    assert [row["touch_channel"] for row in rows(tmp_path, visits, channel="smart-tv")] == [None]


@pytest.mark.parametrize("figure", ["impressions", "clicks", "spend"])
def test_a_report_of_advertisements_is_no_log_of_them(tmp_path, figure):
    with pytest.raises(BadFile, match="no column for"):
        rows(tmp_path, f"ad_id,date,device_id,{figure}\nad-9,2026-03-01,all,7\n")
