"""How good the signals are, on worlds that share nothing with them, beside the rules that people use.

    python benchmarks/signals [--only run_outs] [--small] [--write docs/signals.md]

Every module here with a function `told(seeds, small)` prints its Markdown and fills its own block of the
page, `<!-- begin: make bench-signals, NAME -->`. Seeds 1 to 9 are for tuning and refused.
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from published import write_block  # noqa: E402

TUNING_SEEDS = range(1, 10)


def parts() -> dict[str, object]:
    """Return the benchmarks, by name."""
    modules = {f.stem: import_module(f.stem) for f in sorted(HERE.glob("*.py")) if f.stem != "__main__"}
    return {name: module for name, module in modules.items() if hasattr(module, "told")}


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--only", action="append", help="one benchmark; may be repeated")
    flags.add_argument("--small", action="store_true", help="few homes, one seed")
    flags.add_argument("--seeds", default="101,102,103", help="never those used in tuning")
    flags.add_argument("--write", type=Path, help="a page whose blocks are replaced")
    given = flags.parse_args()
    seeds = tuple(int(s) for s in given.seeds.split(","))
    if set(seeds) & set(TUNING_SEEDS):
        sys.exit(f"--seeds: {given.seeds} has seeds used in tuning (1 to 9); choose others, such as 101")
    for name, module in parts().items():
        if given.only and name not in given.only:
            continue
        text = module.told(seeds[:1] if given.small else seeds, small=given.small)  # type: ignore[attr-defined]
        print(f"{name}\n\n{text}\n")
        if given.write:
            write_block(given.write, f"make bench-signals, {name}", text)


if __name__ == "__main__":
    main()
