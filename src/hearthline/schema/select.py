"""A table and the SELECT that makes it: how the relational core is written, once for every engine."""

from dataclasses import dataclass
from importlib.resources import files

__all__ = ["Select", "selects"]


@dataclass(frozen=True, slots=True)
class Select:
    """A table's name and the text that makes it; `view` when it is better run again than kept."""

    table: str
    sql: str
    view: bool = False


def selects(package: str, *names: str) -> tuple[Select, ...]:
    """Return the SELECTs in a package's `.sql` files, in the order given.

    A file `touches.sql` makes the table `touches`; a name with `?` at its end is a view.
    """
    folder = files(package)
    return tuple(
        Select(name.rstrip("?"), (folder / f"{name.rstrip('?')}.sql").read_text("utf-8"), name.endswith("?"))
        for name in names
    )
