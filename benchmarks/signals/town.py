"""What signals say of simulated towns, against what is true there: one run, asked before the town's end."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np

from published import markdown

__all__ = ["told"]

UPTO, DAYS = 120, 180
_SETTINGS = '[attribution]\nmodels = ["last_touch"]\nreplicates = 0\n'


def _answer(seed: int, homes: int, folder: Path) -> Any:
    """Return the answer of a home that knows a town's first days only."""
    import hearthline as hl
    from hearthline import sim
    from hearthline.store.answer import PublishedAnswer
    from hearthline.store.home import HomeFolder
    from hearthline.store.lake import Lake

    sim.write_lake("additive", homes, DAYS, seed, folder / "raw", telemetry=2.0)
    (folder / "cut").mkdir()
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        for file in sorted((folder / "raw").glob("events-*.parquet")):
            cut = (
                f"SELECT * FROM '{file}' WHERE time < TIMESTAMPTZ '2026-01-05 00:00+00' + INTERVAL {UPTO} DAY"
            )
            con.execute(f"COPY ({cut}) TO '{folder / 'cut' / file.name}'")
    home = hl.init(folder / "home")
    (home.path / "hearthline.toml").write_text(_SETTINGS)
    with Lake(home.path / "lake").batch(datetime(2026, 9, 1, tzinfo=UTC)) as batch:
        batch.adopt(folder / "cut/events-*.parquet", folder / "raw/identities-*.parquet")
    home.run()
    return PublishedAnswer(HomeFolder(home.path))


def _truth(seed: int, homes: int) -> dict[str, np.ndarray]:
    """Return of each home its stock, pace and the days until its stock is used up, as of the cut."""
    from hearthline.sim import load
    from hearthline.sim.happenings import happenings

    block, _, stock = happenings(load("additive"), seed, 0, homes, DAYS)
    use = block.use * block.calendar.season[:, None]
    left = stock[UPTO - 1]
    ahead = np.cumsum(use[UPTO:], axis=0)
    at = np.argmax(ahead >= left, axis=0)
    home = np.arange(homes)
    before = np.where(at > 0, ahead[np.maximum(at - 1, 0), home], 0)
    part = (left - before) / np.maximum(use[UPTO + at, home], 1e-9)
    days = np.where(ahead[-1] < left, np.nan, at + np.clip(part, 0, 1))
    season = float(block.calendar.season[UPTO - 14 : UPTO].mean())
    return {
        "stock": left,
        "pace": block.homes.packs_a_day * season,
        "days": days,
        "evening": block.homes.evening,
    }


def _numbers(device: list[str]) -> np.ndarray:
    return np.array([int(name.split("-")[1]) for name in device])


def _measured(seed: int, homes: int) -> dict[str, float]:
    with TemporaryDirectory(prefix="hearthline-signals-") as folder:
        answer, true = _answer(seed, homes, Path(folder)), _truth(seed, homes)
        try:
            return _compared(answer, true)
        finally:
            answer.close()


def _compared(answer: Any, true: dict[str, np.ndarray]) -> dict[str, float]:
    joined = "FROM supplies s JOIN run_outs r USING (unit, device, supply) WHERE s.basis = 'sensor'"
    rows = answer.table(
        f"SELECT s.device, s.packs, s.rate, r.days, r.low80, r.high80, r.low, r.high {joined}"
    )
    home = _numbers(rows["device"].to_pylist())
    get = {n: rows[n].to_numpy() for n in rows.column_names if n != "device"}
    seen = true["stock"][home] < 0.97  # a sensor says no more than full
    off = np.abs(np.nan_to_num(get["days"], nan=366) - true["days"][home])
    known = seen & ~np.isnan(true["days"][home])
    inside = {
        n: (get[f"low{n}"] <= true["days"][home])
        & (true["days"][home] <= np.nan_to_num(get[f"high{n}"], nan=np.inf))
        for n in ("80", "")
    }
    known &= true["stock"][home] > 0.02
    out = {
        "level off, parts of a pack": float(np.abs(get["packs"] - true["stock"][home])[seen].mean()),
        "rate off, parts of it": float(np.abs(get["rate"] / true["pace"][home] - 1).mean()),
        "run-out off, days": float(off[known].mean()),
        "80 % interval holds": float(inside["80"][known].mean()),
        "90 % interval holds": float(inside[""][known].mean()),
    }
    expected, came = answer.table(f"SELECT sum(week) AS n {joined}")["n"][0].as_py(), true["days"][home] < 7
    out["said to run out in 7 days / true"] = expected / came.sum()
    (moved,) = answer.table(
        "SELECT sum(expected - after) / sum(expected) AS part FROM cannibalisation"
    ).to_pylist()
    out["orders by hand displaced (true: .80)"] = moved["part"]
    for row in answer.table("SELECT * FROM conditions WHERE product = 'any product'").to_pylist():
        if row["condition"] in ("temperature", "weekend"):
            out[f"{row['condition']}: orders above / below"] = row["ratio"]
    hours = answer.table(
        "SELECT d.device, m.hour FROM moments m JOIN devices d USING (unit) WHERE d.kind = 'phone' "
        "AND NOT m.weekend AND m.acts >= 10"
    )
    number = _numbers(hours["device"].to_pylist())
    late = true["evening"][number]
    out["best hour and how late the home lives: correlation"] = float(
        np.corrcoef(late, hours["hour"].to_numpy())[0, 1]
    )
    return out


def told(seeds: tuple[int, ...], *, small: bool) -> str:
    """Return the table: the middle of the towns, with the least and the largest."""
    found = [_measured(seed, 300 if small else 1500) for seed in seeds]
    rows = []
    for name in found[0]:
        values = [f[name] for f in found if name in f]
        spread = "" if len(values) < 2 else f"{min(values):.2f} to {max(values):.2f}"
        rows.append([name, f"{np.median(values):.2f}", spread])
    return markdown(["simulated towns", "median", "towns"], rows)
