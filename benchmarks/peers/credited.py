"""What scripts that credit by another package share: tables in, money by channel out, as JSON beside each."""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Money = dict[str, float]


def credited(credit: Callable[[Path], dict[str, Any]]) -> None:
    """Credit every table of paths that the command line names.

    Args:
        credit: takes a table (`path,conversions,value,null,hours`); returns what `attempted` does, with the
            `effects` of removing each channel where the package says them.
    """
    for name in sys.argv[1:]:
        Path(name).with_suffix(".json").write_text(json.dumps(credit(Path(name))))


def attempted(models: Mapping[str, Callable[[], Money]]) -> dict[str, Any]:
    """Return the `credit` of every model that finishes, and why others did not (`left_out`)."""
    credit: dict[str, Money] = {}
    left_out: dict[str, str] = {}
    for title, model in models.items():
        try:
            credit[title] = {str(name): float(money) for name, money in model().items()}
        except Exception as error:  # noqa: BLE001 # whatever another package raises is told, not judged
            left_out[title] = f"{type(error).__name__}: {str(error)[:200]}"
    return {"credit": credit, "left_out": left_out}
