"""Connected components of ten million links, beside scipy alone on the coded graph."""

import json
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cost import Clock, in_own_process
from hearthline.identity.merging import components
from published import markdown

__all__ = ["report"]

Ints = NDArray[np.int64]
_PIECE = 1_000_000


def write_links(file: Path, links: int, seed: int = 11) -> None:
    """Write links between text ids: stars of a person's devices, one in a thousand chained to the next."""
    draw = np.random.default_rng(seed)
    many = np.minimum(1 + draw.geometric(0.25, links // 3), 40)
    many = many[: int(np.searchsorted(np.cumsum(many), links))]
    person = np.repeat(np.arange(len(many)), many)
    leaf = np.arange(len(person)) + len(many)
    chained = np.flatnonzero(draw.random(len(many) - 1) < 0.001)
    left, right = np.append(person, chained), np.append(leaf, chained + 1)
    order = draw.permutation(len(left))
    with duckdb.connect() as con:
        con.register("coded", pa.table({"l": left[order], "r": right[order]}))
        text = "'id-' || lpad(CAST({} AS VARCHAR), 12, '0') AS {}"
        told = f"SELECT {text.format('l', 'a')}, {text.format('r', 'b')} FROM coded"
        con.execute(f"COPY ({told}) TO '{file}' (FORMAT parquet)")


def _coded(con: duckdb.DuckDBPyConnection, file: str) -> None:
    """Make `nodes` and `links`: the texts numbered in their order, on disk where memory is short."""
    con.execute(f"""CREATE TABLE nodes AS SELECT row_number() OVER (ORDER BY id) - 1 AS code, id FROM
        (SELECT a AS id FROM '{file}' UNION SELECT b FROM '{file}')""")
    con.execute(f"""CREATE TABLE links AS SELECT CAST(x.code AS INTEGER) AS l, CAST(y.code AS INTEGER) AS r
        FROM '{file}' e JOIN nodes x ON e.a = x.id JOIN nodes y ON e.b = y.id""")


def run(file: str, way: str, folder: str) -> None:
    """Find the components in this process; print what it cost. `way` is scipy, ours or low."""
    with duckdb.connect(str(Path(folder) / f"{way}.duckdb")) as con:
        con.execute("SET threads = 2")
        con.execute("SET preserve_insertion_order = false")
        if way == "low":
            con.execute("SET memory_limit = '600MB'")
        clock = Clock()
        with clock.during("coding"):
            _coded(con, file)
        count = int(con.execute("SELECT count(*) FROM nodes").fetchall()[0][0])
        with clock.during("components"):
            label = _label(con, count, way, folder)
        with clock.during("back"):
            con.register("labels", pa.table({"code": np.arange(count), "label": label}))
            con.execute("CREATE TABLE found AS SELECT n.id, l.label FROM nodes n JOIN labels l USING (code)")
        print(json.dumps(clock.told() | {"components": len(np.unique(label)), "nodes": count}))


def _label(con: duckdb.DuckDBPyConnection, count: int, way: str, folder: str) -> Ints:
    if way == "low":
        return _spilled(con, count, folder)
    columns = con.execute("SELECT l, r FROM links").fetchnumpy()
    left, right = np.asarray(columns["l"]), np.asarray(columns["r"])
    if way == "ours":
        return components(count, left, right)
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    graph = sparse.coo_array((np.ones(len(left), np.int8), (left, right)), shape=(count, count))
    found: Any = connected_components(graph, directed=False)[1]
    return np.asarray(found, np.int64)


def _spilled(con: duckdb.DuckDBPyConnection, count: int, folder: str) -> Ints:
    """Return the components with the links in files that are mapped into memory, a piece at a time."""
    many = int(con.execute("SELECT count(*) FROM links").fetchall()[0][0])
    ends: list[Any] = [
        np.memmap(Path(folder) / f"{name}.bin", np.int32, "w+", shape=(many,)) for name in "lr"
    ]
    reader: Any = con.sql("SELECT l, r FROM links").to_arrow_reader(_PIECE)
    begin = 0
    for batch in reader:
        for end, column in zip(ends, batch.columns, strict=True):
            end[begin : begin + batch.num_rows] = column.to_numpy()
        begin += batch.num_rows
    return components(count, ends[0], ends[1], piece=_PIECE)


def report(*, small: bool) -> str:
    """Return time and memory of ours and the low-memory way as ratios to scipy alone on the coded graph."""
    links, rounds = (200_000, 1) if small else (10_000_000, 3)
    told: dict[str, list[dict[str, Any]]] = {"scipy": [], "ours": [], "low": []}
    with TemporaryDirectory(prefix="hearthline-") as kept:
        file = Path(kept) / "links.parquet"
        write_links(file, links)
        for _ in range(rounds):
            for way, runs in told.items():
                with TemporaryDirectory(dir=kept) as folder:
                    runs.append(in_own_process(Path(__file__), [str(file), way, folder]))
    if len({run["components"] for runs in told.values() for run in runs}) != 1:
        raise SystemExit("graphs: the ways disagree on the number of components")
    base = median(run["wall_s"] for run in told["scipy"])
    names = {"scipy": "scipy alone", "ours": "Hearthline", "low": "Hearthline, spilling (DuckDB at 600 MB)"}
    rows = [
        [
            names[way],
            f"{median(run['wall_s'] for run in runs) / base:.2f}",
            f"{median(run['cpu_s'] for run in runs):.1f}",
            f"{median(run['peak_mb'] for run in runs) / 1024:.2f}",
        ]
        for way, runs in told.items()
    ]
    rows.append(["goal", "1.20", "", "2.40"])
    first = told["ours"][0]
    said = (
        f"{links:,} links between {first['nodes']:,} text ids, {first['components']:,} components, two "
        f"threads; coding the texts and mapping back included; median of {rounds}."
    )
    return said + "\n\n" + markdown(["connected components", "time / scipy", "CPU s", "peak GB"], rows)


if __name__ == "__main__":
    run(*sys.argv[1:4])
