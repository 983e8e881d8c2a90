"""Who was it, who is one person, who lives together: measured where the truth is known.

    python benchmarks/identity.py [--small] [--only PART,PART] [--write docs/identity.md]

Records compared (FEBRL 3 and 4), connected components of ten million links beside scipy alone, what the
guards are worth on polluted identifiers, and who used the shared device, beside naive rules and the ceiling
of one who knows all. Seeds that are printed are not those on which anything was chosen.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import graphs
import polluted
import records_matched
import shared_devices
from published import write_block

PARTS: dict[str, Callable[..., str]] = {
    "records": records_matched.report,
    "components": graphs.report,
    "polluted": polluted.report,
    "actors": shared_devices.report,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="a run of seconds")
    parser.add_argument("--only", default=",".join(PARTS), help="which parts, with commas between")
    parser.add_argument("--write", type=Path, help="a page to write the tables to")
    asked = parser.parse_args()
    for name in asked.only.split(","):
        told = PARTS[name](small=asked.small)
        print(told, flush=True)
        print()
        if asked.write:
            write_block(asked.write, f"make bench-identity {name}", told)


if __name__ == "__main__":
    main()
