"""What a screen costs to whoever looks: first paint, weight, server time, and colours that stay apart.

    python benchmarks/web.py [--sizes 1,10] [--rounds 5] [--small] [--lighthouse] [--write docs/dashboard.md]

Sizes are millions of raw events of a simulated town over 90 days, kept in ./bench-data as
`make bench-pipeline` leaves them; the answer is made where there is none. Chromium opens each screen with
an empty cache over loopback, as fast as it can and with its CPU slowed four times. Server time is what the
process takes to answer, from the first byte asked to the last one got, the median of the rounds; a start is
told apart, because figures are made ahead and not by the first reader. With `--lighthouse`, and Node.js on
the machine, Lighthouse is fetched and asked instead, of the first size.
"""

import argparse
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from colours import least_contrast, least_difference
from cost import in_own_process
from hearthline.render.palette import DARK, DARK_GROUND, LIGHT, LIGHT_GROUND
from hearthline.server.dashboard.screens import SCREENS
from lighthouse import scores, table
from published import markdown, write_block

MARK, MARK_LIGHTHOUSE = "make bench-web", 'make bench-web ARGS="--lighthouse"'
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PIPELINE = Path(__file__).parent / "pipeline.py"
EVENTS_A_HOME, SLOW = 161, 4
NOTHING = "beside it: /health, which says ok"


# --- a home of the wanted size, and its dashboard -------------------------------------------------


def home_of(folder: Path, size: float) -> Path:
    """Return a home with the answer about a town of so many million events, made where it is not there."""
    homes = max(round(size * 1e6 / EVENTS_A_HOME), 50)
    here = folder / f"{size:g}m"
    here.mkdir(parents=True, exist_ok=True)
    steps = {"simulate": here / "raw" / "done", "append": here / "home" / "lake" / "manifest.json",
             "answer": here / "home" / "answers" / "current.json"}  # fmt: skip
    for step, kept in steps.items():
        if not kept.exists():
            print(f"{size:g} million events: {step}", file=sys.stderr)
            in_own_process(PIPELINE, ["--one", step, str(here), str(homes), "2GB"])
    return here / "home"


@contextmanager
def shown(home: Path) -> Iterator[str]:
    """Give the address of a dashboard of the home, in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "hearthline", "dashboard", "--home", str(home), "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            for _ in range(600):
                try:
                    urlopen(url + "/health", timeout=60).close()
                    break
                except URLError:
                    time.sleep(0.1)
            yield url
        finally:
            process.terminate()


def asked(url: str) -> tuple[float, int]:
    """Return how many milliseconds a page takes, and how many bytes it is when packed."""
    begun = time.perf_counter()
    with urlopen(
        Request(url, headers={"accept": "text/html", "accept-encoding": "gzip"}), timeout=120
    ) as answer:
        body = answer.read()
    return (time.perf_counter() - begun) * 1000, len(body)


# --- what is measured -----------------------------------------------------------------------------


def paths_of(url: str) -> dict[str, str]:
    """Return the nine screens, a home for Household, and what an order and a number open."""
    with urlopen(Request(url + "/household", headers={"accept": "text/html"}), timeout=120) as answer:
        page = answer.read().decode()
    homes = [part.partition('"')[0] for part in page.split('href="')[1:] if part.startswith("/household/")]
    orders = [part.partition('"')[0] for part in page.split('href="')[1:] if part.startswith("/orders/")]
    found = {s.name: s.path for s in SCREENS}
    found |= {"Household": homes[-1]} | ({"An order": orders[0]} if orders else {})
    return found | {NOTHING: "/health"}


def server_times(url: str, paths: dict[str, str], rounds: int) -> dict[str, float]:
    """Return the median time of each page in milliseconds."""
    return {n: median(asked(url + p)[0] for _ in range(rounds)) for n, p in paths.items()}


def first_paint(page: Any) -> float | None:
    """Return when something was first to be seen, in milliseconds; None where nothing is in 5 s."""
    script = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
    for _ in range(100):
        found: float | None = page.evaluate(script)
        if found is not None:
            return found
        page.wait_for_timeout(50)
    return None


def painted(
    url: str, paths: dict[str, str], rounds: int, slow: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Return milliseconds to the first contentful paint with an empty cache, and kilobytes that came."""
    from playwright.sync_api import sync_playwright

    paints: dict[str, list[float]] = {n: [] for n in paths}
    weights: dict[str, float] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for _ in range(rounds):
            for name, path in paths.items():
                page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
                tools = page.context.new_cdp_session(page)
                tools.send("Network.enable")
                came = [0.0]
                tools.on(
                    "Network.loadingFinished", lambda told, came=came: came.append(told["encodedDataLength"])
                )
                tools.send("Emulation.setCPUThrottlingRate", {"rate": slow})
                page.goto(url + path, wait_until="load")
                paint = first_paint(page)
                weights[name] = sum(came) / 1000
                if paint is not None:
                    paints[name].append(paint)
                page.context.close()
        browser.close()
    return {n: median(v) for n, v in paints.items() if v}, weights


# --- the table ------------------------------------------------------------------------------------


def one(home: Path, rounds: int) -> dict[str, Any]:
    """Return everything measured at one home."""
    with shown(home) as url:
        begun = time.perf_counter()
        first = asked(url + "/trust")[0]
        paths = paths_of(url)
        for path in paths.values():
            asked(url + path)
        ready = time.perf_counter() - begun
        found: dict[str, Any] = {"first": first, "ready": ready, "server": server_times(url, paths, rounds)}
        if CHROMIUM is not None:
            found["fast"], found["weight"] = painted(url, paths, rounds, 1)
            found["slow"], _ = painted(url, paths, max(1, rounds // 2), SLOW)
    return found


def own(values: dict[str, float]) -> list[float]:
    """Return the values of the screens, without what stands beside them."""
    return [v for name, v in values.items() if name != NOTHING]


def page_of(found: dict[str, dict[str, Any]]) -> str:
    """Return the tables as Markdown."""
    last = list(found.values())[-1]
    heads = ["screen", *(f"server ms, {name} events" for name in found)]
    heads += ["kB, all of it", "first paint ms, cold", f"CPU {SLOW} x slower"] if "fast" in last else []
    rows = []
    for name in last["server"]:
        row = [name, *(f"{f['server'].get(name, float('nan')):.0f}" for f in found.values())]
        if "fast" in last:
            row += [f"{last['weight'][name]:.0f}", f"{last['fast'][name]:.0f}", f"{last['slow'][name]:.0f}"]
        rows.append(row)
    worst = ["the slowest, or heaviest", *(f"{max(own(f['server'])):.0f}" for f in found.values())]
    if "fast" in last:
        worst += [f"{max(own(last[k])):.0f}" for k in ("weight", "fast", "slow")]
        rows.append(["median", *(f"{median(own(f['server'])):.0f}" for f in found.values()),
                     *(f"{median(own(last[k])):.0f}" for k in ("weight", "fast", "slow"))])  # fmt: skip
    rows.append(worst)
    ready = "; ".join(f"{n} events: {f['ready']:.1f} s" for n, f in found.items())
    colours = (
        f"Series colours differ by at least {least_difference(LIGHT):.1f} in light and "
        f"{least_difference(DARK):.1f} in dark (CIE76, the least of normal sight and three full "
        f"deficiencies; 15 wanted), and stand at {least_contrast(LIGHT, LIGHT_GROUND):.1f}:1 and "
        f"{least_contrast(DARK, DARK_GROUND):.1f}:1 or more on their ground (3:1 wanted)."
    )
    if CHROMIUM is None:
        colours = f"No Chromium on this machine, so no paint is measured. {colours}"
    told = f"From a cold start until every figure is made ahead: {ready}."
    return "\n\n".join([markdown(heads, rows), told, colours])


def lighthouse_of(home: Path, rounds: int) -> str:
    """Return what Lighthouse says of the screens of a home, as Markdown."""
    if CHROMIUM is None:
        raise SystemExit("lighthouse: no Chromium on this machine; install one, or leave --lighthouse out")
    with shown(home) as url:
        paths = {name: path for name, path in paths_of(url).items() if name != NOTHING}
        for path in paths.values():
            asked(url + path)
        return table(scores(url, paths, CHROMIUM, min(rounds, 3)))


def publish(page: str, mark: str, where: Path | None) -> None:
    """Print, and write where it is asked for."""
    print(page)
    if where is not None:
        write_block(where, mark, page)


def main() -> None:
    """Measure, print, and write where it is asked for."""
    wanted = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    wanted.add_argument("--sizes", default="1", help="millions of raw events, such as 1,10")
    wanted.add_argument("--data", type=Path, default=Path("bench-data"), help="where towns are kept")
    wanted.add_argument("--rounds", type=int, default=5)
    wanted.add_argument("--small", action="store_true", help="a town of 8,000 events, one round")
    wanted.add_argument("--lighthouse", action="store_true", help="ask Lighthouse instead (fetched by npx)")
    wanted.add_argument("--write", type=Path, help="the page whose block is replaced")
    asked_for = wanted.parse_args()
    sizes = [0.008] if asked_for.small else [float(s) for s in asked_for.sizes.split(",")]
    rounds = 1 if asked_for.small else asked_for.rounds
    if asked_for.lighthouse:
        publish(lighthouse_of(home_of(asked_for.data, sizes[0]), rounds), MARK_LIGHTHOUSE, asked_for.write)
        return
    found = {}
    for size in sizes:
        name = f"{size:g} million" if size >= 1 else f"{size * 1e6:,.0f}"
        found[name] = one(home_of(asked_for.data, size), rounds)
    publish(page_of(found), MARK, asked_for.write)


if __name__ == "__main__":
    main()
