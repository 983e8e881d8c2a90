"""Reading speed of every source on one core, beside plain JSON decoding of the same bytes.

    python benchmarks/sources.py [--events 20000] [--small] [--write docs/benchmarks.md]

Each source reads its payloads from their bytes (`sources.read_line` where it has that, else decoding and
`sources.taken`), as the intake of files does before anything is stored. Segment's batches and canonical
lines are made here, every call another; the other sources read their test fixtures over and over, so
what they keep of earlier payloads helps them more than it would a stream. Seconds are CPU time of this
process; the best of a few rounds counts. Events a second belong to the machine and are only printed;
the page gets the ratio to decoding, which does not.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from hearthline import sources
from hearthline.sources import canonical
from published import markdown, write_block

MARK = "make bench-sources"
RECEIVED = datetime(2026, 3, 12, 9, tzinfo=UTC)
FIXTURES = Path(__file__).parents[1] / "tests" / "sources" / "fixtures"
GOAL, FLOOR = 150_000, 20_000
NAMED = {"segment": GOAL, "canonical": GOAL}
SHOP = (
    "Product Viewed",
    "Product List Viewed",
    "Product Added",
    "Cart Viewed",
    "Checkout Started",
    "Order Completed",
)


class Speed(NamedTuple):
    """How fast a source reads: events a second, bytes an event, and times the cost of decoding."""

    source: str
    events_s: float
    bytes_an_event: float
    ratio: float


def call(number: int, draw: random.Random) -> dict[str, Any]:
    """Return one call of a shop's site, as an SDK sends it; every call is another."""
    at = (datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=7 * number)).strftime("%Y-%m-%dT%H:%M:%S.123Z")
    kind = draw.choice(("page", "track", "track", "track", "identify", "screen"))
    campaign = f"?utm_source=google&utm_medium=cpc&utm_campaign=c{number % 20}" if number % 4 == 0 else ""
    page = {"url": f"https://shop.example/p/{number}{campaign}", "referrer": "https://www.google.com/"}
    context = {
        "library": {"name": "analytics.js", "version": "2.1"},
        "ip": f"203.0.113.{draw.randrange(250)}",
        "userAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120",
        "locale": "en-US",
        "timezone": "Europe/Berlin",
        "page": page,
    }
    made: dict[str, Any] = {
        "type": kind,
        "messageId": f"m-{number}",
        "anonymousId": f"a-{draw.randrange(5000)}",
    }
    made |= {"timestamp": at, "sentAt": at, "receivedAt": at, "context": context}
    if kind == "identify":
        return made | {"userId": f"u{number}", "traits": {"email": f"x{number}@example.com"}}
    if kind != "track":
        return made | {"name": "Home", "properties": {"title": "Home"}}
    name = draw.choice(SHOP)
    line = {"product_id": f"p{draw.randrange(200)}", "sku": "s", "price": 12.5, "quantity": 1}
    bought = {"order_id": f"o{number}", "total": 27.5, "revenue": 25, "currency": "EUR", "products": [line]}
    return made | {"event": name, "properties": bought if name == "Order Completed" else line}


def lines_of(name: str, events: int) -> list[bytes]:
    """Return payloads of a source as their bytes, about so many events in all."""
    draw = random.Random(7)
    if name in NAMED:
        calls = [call(number, draw) for number in range(events)]
        batches = [{"batch": calls[i : i + 50], "sentAt": calls[i]["sentAt"]} for i in range(0, events, 50)]
        if name == "segment":
            return [msgspec.json.encode(batch) for batch in batches]
        read = (sources.taken("segment", batch, RECEIVED).events for batch in batches)
        return [canonical.line_of(event) for found in read for event in found]
    payloads = json.loads((FIXTURES / f"{name}.json").read_text()).values()
    told = [(msgspec.json.encode(p), _count(name, p)) for p in payloads]
    kept = [(line, n) for line, n in told if n]
    rounds = max(1, events // max(1, sum(n for _, n in kept)))
    return [line for line, _ in kept] * rounds


def _count(name: str, payload: Any) -> int:
    found = sources.taken(name, payload, RECEIVED)
    return len(found.events) + len(found.metrics)


def read_all(name: str, lines: list[bytes]) -> int:
    """Return how many events and metrics the lines gave."""
    found = 0
    for line in lines:
        if sources.read_line(name, line, RECEIVED) is not None:
            found += 1
            continue
        taken = sources.taken(name, msgspec.json.decode(line), RECEIVED)
        found += len(taken.events) + len(taken.metrics)
    return found


def decode_all(lines: list[bytes]) -> int:
    """Decode the lines and keep nothing."""
    for line in lines:
        msgspec.json.decode(line)
    return len(lines)


def best(work: Callable[[], int], rounds: int) -> tuple[float, int]:
    """Return the least CPU seconds of a few rounds, and what the work returned."""
    spent, result = float("inf"), 0
    for _ in range(rounds):
        began = time.process_time()
        result = work()
        spent = min(spent, time.process_time() - began)
    return max(spent, 1e-9), result


def speed(name: str, events: int, rounds: int) -> Speed:
    """Return how fast one source reads."""
    lines = lines_of(name, events)
    plain, _ = best(lambda: decode_all(lines), rounds)
    spent, found = best(lambda: read_all(name, lines), rounds)
    return Speed(name, found / spent, sum(map(len, lines)) / max(1, found), spent / plain)


def table(speeds: list[Speed], *, absolute: bool) -> str:
    """Return the table; without `absolute` only what does not belong to the machine, and the verdict."""
    heads = ["source", "bytes an event", "times decoding"]
    rows = []
    for s in sorted(speeds, key=lambda s: s.ratio):
        goal = NAMED.get(s.source, FLOOR)
        row = [f"`{s.source}`", f"{s.bytes_an_event:,.0f}", f"{s.ratio:.1f}", f"{goal:,}"]
        row.append("met" if s.events_s >= goal else "missed")
        rows.append([*row, f"{s.events_s:,.0f}"] if absolute else row)
    heads += ["goal, events/s/core", "on the machine measured"]
    return markdown([*heads, "events/s/core"] if absolute else heads, rows)


def main() -> None:
    """Print the table, and write it to a page when asked to."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--small", action="store_true", help="a quick look; figures are rough")
    flags.add_argument("--events", type=int, default=20_000, help="about so many of each source, five times")
    flags.add_argument("--write", type=Path, help="a page whose block is replaced by the table")
    given = flags.parse_args()
    events, rounds = (500, 1) if given.small else (given.events, 5)
    speeds = [speed(name, events, rounds) for name in sources.names()]
    sys.stdout.write(table(speeds, absolute=True) + "\n")
    if given.write:
        write_block(given.write, MARK, table(speeds, absolute=False))


if __name__ == "__main__":
    main()
