"""`hearthline compact`."""

import hearthline as hl
from hearthline.cli._options import DEFAULT_HOME, HomeOption, JsonOption
from hearthline.cli._screen import print_json, show
from hearthline.schema import text

__all__ = ["compact"]


def compact(*, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Merge the lake's small files, and remove what nobody reads any more; a server may be running."""
    kept = hl.open_home(home).compact()
    if as_json:
        merged = {"merges": kept.merged.merges, "batches": kept.merged.batches, "files": kept.merged.files}
        print_json({**merged, "removed": kept.removed, "retired": kept.retired})
        return
    show(
        f"{text.plural(kept.merged.batches, 'batch', 'batches')} became {text.count(kept.merged.merges)}; "
        f"{text.plural(kept.removed, 'file')} and {text.plural(kept.retired, 'log segment')} removed"
    )
