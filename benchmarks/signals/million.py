"""How long forecasts for a million devices take, beside sorting the same readings; devices in parts."""

import sys
import time

import numpy as np
import pyarrow as pa
from run_outs import MONDAY, supplies_at

from published import markdown

__all__ = ["told"]

DAYS, PART = 60, 50_000
_WHEN = pa.timestamp("us", tz="UTC")


def _part(rng: np.random.Generator, first: int, devices: int) -> pa.Table:
    """Return the readings of some devices: a level a day in steps of 5 %, one day in five silent."""
    rate = np.exp(rng.normal(np.log(1 / 30), 0.4, devices))
    used = rng.gamma(2.0, 0.5, (DAYS, devices)) * rate
    level = 1 - (np.cumsum(used, axis=0) + rng.random(devices)) % 1.0
    day, home = np.nonzero(rng.random((DAYS, devices)) >= 0.2)
    us = int(MONDAY.timestamp() * 1e6) + (day + 1) * 86_400_000_000 - 1_800_000_000
    n = len(home)
    unit = home + first
    return pa.table(
        {
            "unit": unit,
            "device": pa.array(unit).cast(pa.string()),
            "supply": pa.repeat("pods", n),
            "kind": pa.repeat("appliance", n),
            "measure": pa.repeat("percent", n),
            "time": pa.array(us).cast(_WHEN),
            "level": np.round(level[day, home] * 20) * 5.0,
        }
    )


def told(seeds: tuple[int, ...], *, small: bool) -> str:
    """Return the table; the seconds themselves go to standard error, for they are a machine's."""
    devices, rng = (20_000 if small else 1_000_000), np.random.default_rng(seeds[0])
    spent, sorting, readings = 0.0, 0.0, 0
    for first in range(0, devices, PART):
        seen = _part(rng, first, min(PART, devices - first))
        began = time.process_time()
        seen.sort_by([("unit", "ascending"), ("time", "ascending")])
        sorting += time.process_time() - began
        began = time.process_time()
        out = supplies_at(seen, DAYS)["run_outs"]
        spent += time.process_time() - began
        readings += seen.num_rows
        assert out.num_rows == min(PART, devices - first)
    print(f"million: {spent:.0f} s of one core for {devices:,} devices", file=sys.stderr)
    row = [f"{devices:,}", f"{readings:,}", f"{spent / sorting:.1f}"]
    return markdown(["devices", "readings", "times sorting them by home and time"], [row])
