"""How long `hearthline serve` takes from the command to the first answer, and an order to an answer with it.

    python benchmarks/starting.py [--starts 9] [--small] [--write docs/write-door-figures.md]

The same home is served again and again; the first start, which fills the kernel's caches, does not count. The
machine may be busy, so the CPU seconds of the door's own process are shown beside the time: on a free core it
is ready after so many. Then, on a fresh home, orders are sent one by one, each when the one before is on the
screen.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from ingest import cpu_s
from published import markdown, write_block
from soak import Life, Server, asked, wait_for

MARK = "make bench-start"


def started(folder: Path) -> tuple[float, float]:
    """Return seconds until the door answers, and the CPU seconds of its process by then."""
    began = time.perf_counter()
    server = Server(folder)
    while asked(server.port, "/healthz")[0] != 200:
        if server.process.poll() is not None:
            raise SystemExit(f"the server did not start; see {folder}/server.log")
        time.sleep(0.005)
    found = time.perf_counter() - began, cpu_s(server.process.pid)
    server.end()
    return found


def seen(folder: Path, orders: int) -> list[float]:
    """Return the seconds from sending an order to its page, order by order, on a small home."""
    server = Server(folder)
    wait_for(lambda: asked(server.port, "/readyz")[0] == 200, 60)
    life = Life(server, 0.0)
    life.post(200)
    wait_for(lambda: asked(server.screens, "/api/explain/o0")[0] == 200, 120)
    while len(life.seen_s) < orders:
        life.watch(len(life.seen_s))
    server.end()
    return life.seen_s


def imported() -> float:
    """Return the seconds that Python takes to start and to import what the log and the lake need."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import duckdb, pyarrow.parquet"], check=True)
    return time.perf_counter() - began


def main() -> None:
    """Start, tell."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--starts", type=int, default=9)
    flags.add_argument("--small", action="store_true", help="two starts")
    flags.add_argument("--write", type=Path, help="the page whose block to write")
    given = flags.parse_args()
    number = 2 if given.small else given.starts
    with TemporaryDirectory(prefix="hearthline-start-") as name:
        (Path(name) / "small").mkdir()
        started(Path(name))
        found, beside = [], []
        for _ in range(number):
            found.append(started(Path(name)))
            beside.append(imported())
        waits = seen(Path(name) / "small", max(2, number))
    walls, cpus = [wall for wall, _ in found], [cpu for _, cpu in found]
    rows = [
        ("CPU s of the door's process until it answers", "1", f"{median(cpus):.2f}"),
        ("s until it answers, the quickest of them", "1", f"{min(walls):.2f}"),
        ("... the median", "", f"{median(walls):.2f}"),
        (
            "... the median / that of Python importing DuckDB and Arrow alone",
            "",
            f"{median(walls) / median(beside):.1f}",
        ),
    ]
    rows.append(("from sending an order to an answer on its screen, s, quickest", "5", f"{min(waits):.1f}"))
    rows.append(("... the median", "", f"{median(waits):.1f}"))
    text = f"{number} starts.\n\n" + markdown(("", "under", "found"), rows)
    print(text)
    if given.write:
        write_block(given.write, MARK, text)


if __name__ == "__main__":
    main()
