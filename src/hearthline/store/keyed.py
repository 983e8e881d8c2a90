"""The two keys that each event of the lake carries beside its own columns, and the table of contexts.

`key` is of source and id: duplicates share it. `context` is of the columns that say what kind of event it
is. Both are 63 bits of an MD5, and the same whether they are made here, a column at a time, or in SQL.
"""

from collections.abc import Iterable
from hashlib import md5

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["CONTEXT", "CONTEXTS", "KEYED_SQL", "KINDS_SQL", "keyed"]

CONTEXT = (
    "source",
    "type",
    "layer",
    "stage",
    "modality",
    "initiator_kind",
    "automation_kind",
    "automation_role",
    "device_kind",
    "signal_capability",
    "signal_attribute",
    "intent_name",
    "exposure_event",
    "touch_channel",
    "touch_campaign",
    "commerce_action",
    "consent_measurement",
    "time_quality",
)
"""The columns of an event that say what kind of event it is."""
CONTEXTS = pa.schema([("context", pa.int64()), *((c, pa.string()) for c in CONTEXT)])
_SEPARATOR = "\x1f"
_ESCAPE = "\x1e"
_SAFE = ((_ESCAPE, f"{_ESCAPE}0"), (_SEPARATOR, f"{_ESCAPE}1"))
"""What stands for the separator inside a text, so that no two lists of texts are joined to the same one."""


def _safe_sql(column: str) -> str:
    text = f"coalesce({column}, '')"
    for old, new in _SAFE:
        text = f"replace({text}, '{old}', '{new}')"
    return text


KINDS_SQL = f"""
    SELECT *, {_safe_sql("source")} AS keyed_source, CAST(md5_number_lower(concat_ws('{_SEPARATOR}', {
    ", ".join(_safe_sql(c) for c in CONTEXT)
})) >> 1 AS BIGINT) AS context
    FROM (SELECT DISTINCT {", ".join(CONTEXT)} FROM batch)
"""
"""The distinct contexts are few: each is hashed once, and every event looks its own up."""
KEYED_SQL = f"""
    SELECT e.*,
        CAST(md5_number_lower(k.keyed_source || '{_SEPARATOR}' || e.id) >> 1 AS BIGINT) AS key,
        k.context
    FROM batch e JOIN kinds k ON {" AND ".join(f"e.{c} IS NOT DISTINCT FROM k.{c}" for c in CONTEXT)}
"""


def keyed(events: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Return events with `key` and `context` as their last columns, and their distinct contexts.

    >>> from hearthline.schema.arrow import EVENTS
    >>> empty, contexts = keyed(EVENTS.empty_table())
    >>> empty.column_names[-2:], contexts.num_rows
    (['key', 'context'], 0)
    """
    kinds, at = _kinds(events)
    columns = [_safe(kinds[c].to_pylist()) for c in CONTEXT]
    contexts = _hashed(map(_SEPARATOR.join, zip(*columns, strict=True)))
    sources = pa.array(columns[CONTEXT.index("source")], type=pa.string()).take(pa.array(at))
    keys = _hashed(pc.binary_join_element_wise(sources, events["id"], _SEPARATOR).to_pylist())
    told = events.append_column("key", pa.array(keys)).append_column("context", pa.array(contexts[at]))
    return told, _once(pa.table([pa.array(contexts), *(kinds[c] for c in CONTEXT)], schema=CONTEXTS))


def _safe(texts: list[str | None]) -> list[str]:
    found = [text or "" for text in texts]
    for old, new in _SAFE:
        found = [text.replace(old, new) for text in found]
    return found


def _hashed(texts: Iterable[str]) -> np.ndarray:
    """Return 63 bits of the MD5 of each text: the lower half of the number, without its last bit."""
    digests = b"".join([md5(text.encode(), usedforsecurity=False).digest() for text in texts])
    return (np.frombuffer(digests, dtype=_HALF)[1::2] >> np.uint64(1)).astype(np.int64)


_HALF = np.dtype("<u8")


def _kinds(events: pa.Table) -> tuple[pa.Table, np.ndarray]:
    """Return the distinct values of the columns of `CONTEXT`, and where among them each event's are."""
    at = np.zeros(events.num_rows, dtype=np.int64)
    for name in CONTEXT:
        column = events[name]
        if column.null_count == len(column):
            continue
        coded = pc.dictionary_encode(column, null_encoding="encode").combine_chunks()
        if len(coded.dictionary) > 1:
            both = at * len(coded.dictionary) + coded.indices.to_numpy()
            at = pc.dictionary_encode(pa.array(both)).indices.to_numpy().astype(np.int64)
    _, first = np.unique(at, return_index=True)
    return events.select(CONTEXT).take(first), at


def _once(contexts: pa.Table) -> pa.Table:
    """Return each context once: an empty text and an absent one are the same one."""
    _, first = np.unique(contexts["context"].to_numpy(), return_index=True)
    return contexts.take(np.sort(first))
