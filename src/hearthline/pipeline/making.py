"""One table or view of the core, made from its SELECT."""

from hearthline.schema.select import Select
from hearthline.store.engine import Engine

__all__ = ["make"]


def make(engine: Engine, select: Select, parameters: dict[str, str]) -> None:
    """Make one table or view, its `{parameters}` filled in."""
    sql = select.sql
    for name, value in parameters.items():
        sql = sql.replace("{" + name + "}", value.replace("'", "''"))
    if select.view:
        engine.view(select.table, sql)
    else:
        engine.create(select.table, sql)
