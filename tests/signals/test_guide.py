"""The signal of CONTRIBUTING.md works as written."""

import re
from datetime import UTC, datetime
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import duckdb

from hearthline.signals import Asked

GUIDE = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text()


def test_the_guides_signal_counts_evenings_in_local_time(tmp_path):
    (text,) = [
        b for b in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL) if "homed_events GROUP BY" in b
    ]
    (tmp_path / "evenings.py").write_text(text)
    spec = spec_from_file_location("evenings", tmp_path / "evenings.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    con = duckdb.connect()
    con.execute(
        "SET TimeZone = 'UTC'; CREATE TABLE homed_events (unit BIGINT, time TIMESTAMPTZ, tz_offset_min BIGINT)"
    )
    con.execute(
        "INSERT INTO homed_events VALUES (1, '2026-03-01 17:30+00', 60), (1, '2026-03-01 08:00+00', NULL)"
    )
    seen = {name: con.sql(sql).to_arrow_table() for name, sql in module.READS.items()}
    made = module.derive(seen, Asked(datetime(2026, 3, 2, tzinfo=UTC)))
    assert made["evenings"].to_pylist() == [{"unit": 1, "share": 0.5}]
    assert made["evenings"].schema.equals(module.TABLES["evenings"])
