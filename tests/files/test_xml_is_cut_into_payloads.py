"""XML of platforms comes as one payload an element, bounded, and nothing in it can grow or be fetched."""

import gzip
import json

import pytest

import hearthline as hl
from hearthline import files
from hearthline.schema.errors import BadFile

EXPORT = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE HealthData [
<!ELEMENT HealthData (ExportDate,Me,Record*)>
<!ATTLIST HealthData locale CDATA #REQUIRED>
]>
<HealthData locale="en_GB">
 <Me HKCharacteristicTypeIdentifierDateOfBirth="1990-01-01"/>
 <Record type="HKQuantityTypeIdentifierStepCount" unit="count" value="87"
   startDate="2026-03-01 10:00:00 +0100" endDate="2026-03-01 10:09:00 +0100">
  <MetadataEntry key="k" value="v"/>
  <MetadataEntry key="l" value="w"/>
 </Record>
</HealthData>
"""


def payloads(path):
    read = files.read(path)
    assert isinstance(read, files.Payloads)
    return [(line, json.loads(raw)) for line, raw in read.lines]


def written(tmp_path, text, name="export.xml"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_each_element_under_the_root_is_a_payload_with_its_line(tmp_path):
    (me_line, _), (line, record) = payloads(written(tmp_path, EXPORT))
    assert (me_line, line) == (7, 8)
    assert record["HealthData"]["Record"]["value"] == "87"
    assert [m["key"] for m in record["HealthData"]["Record"]["MetadataEntry"]] == ["k", "l"]


def test_text_and_children_both_stay(tmp_path):
    ((_, ad),) = payloads(written(tmp_path, '<VAST><Ad id="1"> hi <B>x</B></Ad></VAST>', "ad.xml"))
    assert ad == {"VAST": {"Ad": {"id": "1", "B": "x", "#text": "hi"}}}


def test_a_packed_export_is_read_and_its_person_is_not_kept(tmp_path):
    path = written(tmp_path, gzip.compress(EXPORT.encode()), "export.xml.gz")
    home = hl.init(tmp_path / "home")
    (taken,) = home.add(path)
    assert (taken.source, taken.read, taken.events, taken.reasons) == (
        "apple_health",
        2,
        1,
        {"not-an-event": 1},
    )
    assert "1990" not in repr(home.rejects().to_pylist())


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e "x">]><a><b>&e;</b></a>', "declares an entity"),
        (
            '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a><b>&e;</b></a>',
            "declares an entity",
        ),
        ("<a><b></a>", "no XML"),
        ("<a><b/>", "no XML"),
        (f"<a>{'<b>' * 60}{'</b>' * 60}</a>", "deep"),
        (f"<a><b>{'x' * (5 << 20)}</b></a>", "more than 4 MiB"),
    ],
    ids=["entity", "file", "crossed", "broken off", "deep", "large"],
)
def test_what_could_grow_or_is_broken_is_refused(tmp_path, text, wrong):
    with pytest.raises(BadFile, match=wrong):
        payloads(written(tmp_path, text, "odd.xml"))


def test_a_web_page_is_still_refused_as_one(tmp_path):
    with pytest.raises(BadFile, match="a web page"):
        files.read(written(tmp_path, "<!DOCTYPE html><html></html>", "page.xml"))
